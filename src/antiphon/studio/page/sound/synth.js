// A small synthesiser in the browser: every instrument family as a few oscillators, so that a click sounds at once.

/**
 * One family of sounds.
 * @typedef {object} Voice
 * @property {[OscillatorType, number, number][]} parts waveform, ratio to the note's frequency, level
 * @property {number} attack seconds
 * @property {number} decay time constant of the fall towards `sustain`, in seconds
 * @property {number} sustain level kept while the key is down
 * @property {number} release time constant after the key is up, in seconds
 * @property {number} bright cutoff of the low-pass as a multiple of the frequency
 * @property {number} level
 * @property {number} [vibrato] cents
 */

/** @type {Record<string, Voice>} */
const VOICES = {
  piano: { parts: [["triangle", 1, 0.8], ["sine", 2.003, 0.22], ["sine", 3.01, 0.08]], attack: 0.003, decay: 0.75, sustain: 0.05, release: 0.12, bright: 7, level: 0.5 },
  bell: { parts: [["sine", 1, 0.7], ["sine", 3.98, 0.2], ["sine", 6.3, 0.06]], attack: 0.002, decay: 0.6, sustain: 0, release: 0.3, bright: 12, level: 0.45 },
  organ: { parts: [["sine", 1, 0.5], ["sine", 2, 0.3], ["sine", 4, 0.12], ["sine", 0.5, 0.2]], attack: 0.02, decay: 1, sustain: 0.85, release: 0.06, bright: 10, level: 0.34 },
  guitar: { parts: [["sawtooth", 1, 0.45], ["triangle", 1, 0.5]], attack: 0.002, decay: 0.5, sustain: 0.02, release: 0.1, bright: 4.5, level: 0.45 },
  bass: { parts: [["triangle", 1, 0.9], ["sawtooth", 1, 0.16], ["sine", 0.5, 0.15]], attack: 0.006, decay: 0.7, sustain: 0.35, release: 0.08, bright: 4, level: 0.6 },
  strings: { parts: [["sawtooth", 1.003, 0.4], ["sawtooth", 0.997, 0.4]], attack: 0.07, decay: 1, sustain: 0.85, release: 0.16, bright: 3.6, level: 0.3, vibrato: 7 },
  voice: { parts: [["triangle", 1.002, 0.5], ["sawtooth", 0.998, 0.16], ["sine", 1, 0.3]], attack: 0.06, decay: 1, sustain: 0.9, release: 0.14, bright: 3, level: 0.36, vibrato: 9 },
  brass: { parts: [["sawtooth", 1, 0.55], ["square", 1, 0.12]], attack: 0.035, decay: 0.5, sustain: 0.75, release: 0.09, bright: 4.5, level: 0.28 },
  reed: { parts: [["square", 1, 0.3], ["triangle", 1, 0.5]], attack: 0.03, decay: 1, sustain: 0.85, release: 0.08, bright: 5, level: 0.32, vibrato: 6 },
  flute: { parts: [["sine", 1, 0.8], ["triangle", 2, 0.14]], attack: 0.045, decay: 1, sustain: 0.9, release: 0.09, bright: 6, level: 0.42, vibrato: 8 },
  lead: { parts: [["square", 1, 0.24], ["sawtooth", 1.004, 0.24]], attack: 0.01, decay: 0.6, sustain: 0.7, release: 0.1, bright: 5, level: 0.3 },
  pad: { parts: [["sawtooth", 1.004, 0.28], ["triangle", 0.996, 0.5]], attack: 0.18, decay: 1, sustain: 0.9, release: 0.35, bright: 3, level: 0.3 },
};

/** Voice of each General MIDI family of eight programs. */
const FAMILIES = [
  "piano", "bell", "organ", "guitar", "bass", "strings", "strings", "brass",
  "reed", "flute", "lead", "pad", "pad", "guitar", "bell", "pad",
];

/** @param {number} program @returns {string} */
export function voiceName(program) {
  if (program >= 45 && program <= 47) return program === 47 ? "bass" : "guitar"; // pizzicato, harp, timpani
  if (program >= 52 && program <= 54) return "voice";
  return FAMILIES[program >> 3] ?? "piano";
}

/** Two seconds of soft noise that a room answers with. @param {BaseAudioContext} ctx @returns {AudioBuffer} */
export function roomResponse(ctx) {
  const length = Math.floor(ctx.sampleRate * 1.6);
  const buffer = ctx.createBuffer(2, length, ctx.sampleRate);
  let state = 22222;
  for (let channel = 0; channel < 2; channel++) {
    const data = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      data[i] = (state / 0x3fffffff - 1) * Math.exp((-5.2 * i) / length) * (i < 400 ? i / 400 : 1);
    }
  }
  return buffer;
}

/** One second of white noise for drums. @param {BaseAudioContext} ctx */
function noiseBuffer(ctx) {
  const buffer = ctx.createBuffer(1, ctx.sampleRate, ctx.sampleRate);
  const data = buffer.getChannelData(0);
  let state = 4242;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    data[i] = state / 0x3fffffff - 1;
  }
  return buffer;
}

/** Plays single notes into a node, at exact times. */
export class Synth {
  /** @param {BaseAudioContext} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.noise = noiseBuffer(ctx);
  }

  /**
   * @param {AudioNode} into
   * @param {{program: number, drums: boolean}} instrument
   * @param {number} pitch
   * @param {number} velocity 1..127
   * @param {number} when in the context's seconds
   * @param {number} seconds how long the key is down
   */
  play(into, instrument, pitch, velocity, when, seconds) {
    const loud = (velocity / 127) ** 1.5;
    if (instrument.drums) this.#drum(into, pitch, loud, when);
    else this.#tone(into, VOICES[voiceName(instrument.program)], pitch, loud, when, seconds);
  }

  /** @param {AudioNode} into @param {Voice} voice @param {number} pitch @param {number} loud @param {number} when @param {number} seconds */
  #tone(into, voice, pitch, loud, when, seconds) {
    const ctx = this.ctx;
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    const up = when + Math.max(seconds, voice.attack + 0.02);
    const end = up + voice.release * 7;
    const gain = ctx.createGain();
    const filter = ctx.createBiquadFilter();
    filter.type = "lowpass";
    filter.frequency.value = Math.min(ctx.sampleRate * 0.45, frequency * voice.bright * (0.6 + 0.8 * loud) + 250);
    filter.connect(gain).connect(into);
    const peak = voice.level * loud;
    gain.gain.setValueAtTime(0, when);
    gain.gain.linearRampToValueAtTime(peak, when + voice.attack);
    gain.gain.setTargetAtTime(peak * voice.sustain, when + voice.attack, voice.decay * (pitch > 76 ? 0.6 : 1));
    gain.gain.setTargetAtTime(0, up, voice.release);
    const vibrato = voice.vibrato && seconds > 0.35 ? this.#vibrato(voice.vibrato, when, end) : null;
    for (const [type, ratio, level] of voice.parts) {
      const part = ctx.createOscillator();
      const share = ctx.createGain();
      part.type = type;
      part.frequency.value = frequency * ratio;
      share.gain.value = level;
      vibrato?.connect(part.detune);
      part.connect(share).connect(filter);
      part.start(when);
      part.stop(end);
      if (ratio === voice.parts[0][1]) part.onended = () => gain.disconnect();
    }
  }

  /** @param {number} cents @param {number} when @param {number} end */
  #vibrato(cents, when, end) {
    const wave = this.ctx.createOscillator();
    const depth = this.ctx.createGain();
    wave.frequency.value = 5.2;
    depth.gain.setValueAtTime(0, when);
    depth.gain.linearRampToValueAtTime(cents, when + 0.5);
    wave.connect(depth);
    wave.start(when);
    wave.stop(end);
    return depth;
  }

  /** @param {AudioNode} into @param {number} key General MIDI drum key @param {number} loud @param {number} when */
  #drum(into, key, loud, when) {
    if (key === 35 || key === 36) this.#thump(into, 130, 45, 0.28, loud * 0.95, when);
    else if ([41, 43, 45, 47, 48, 50].includes(key)) this.#thump(into, 120 + (key - 41) * 14, 70 + (key - 41) * 10, 0.3, loud * 0.6, when);
    else if (key >= 37 && key <= 40) {
      this.#thump(into, 220, 160, 0.09, loud * 0.35, when);
      this.#hiss(into, "bandpass", key === 37 ? 2600 : 1900, key === 37 ? 0.05 : 0.16, loud * 0.6, when);
    } else if (key === 46) this.#hiss(into, "highpass", 7000, 0.4, loud * 0.3, when);
    else if ([49, 52, 55, 57].includes(key)) this.#hiss(into, "highpass", 4500, 1.1, loud * 0.34, when);
    else if ([51, 53, 59].includes(key)) this.#hiss(into, "bandpass", 6500, 0.45, loud * 0.3, when);
    else this.#hiss(into, "highpass", 8000, 0.06, loud * 0.3, when);
  }

  /** A falling tone. @param {AudioNode} into @param {number} from @param {number} to @param {number} seconds @param {number} level @param {number} when */
  #thump(into, from, to, seconds, level, when) {
    const tone = this.ctx.createOscillator();
    const gain = this.ctx.createGain();
    tone.frequency.setValueAtTime(from, when);
    tone.frequency.exponentialRampToValueAtTime(to, when + seconds * 0.4);
    gain.gain.setValueAtTime(level, when);
    gain.gain.exponentialRampToValueAtTime(0.001, when + seconds);
    tone.connect(gain).connect(into);
    tone.start(when);
    tone.stop(when + seconds);
    tone.onended = () => gain.disconnect();
  }

  /** Filtered noise. @param {AudioNode} into @param {BiquadFilterType} type @param {number} frequency @param {number} seconds @param {number} level @param {number} when */
  #hiss(into, type, frequency, seconds, level, when) {
    const source = this.ctx.createBufferSource();
    const filter = this.ctx.createBiquadFilter();
    const gain = this.ctx.createGain();
    source.buffer = this.noise;
    source.loop = true;
    filter.type = type;
    filter.frequency.value = frequency;
    gain.gain.setValueAtTime(level, when);
    gain.gain.exponentialRampToValueAtTime(0.001, when + seconds);
    source.connect(filter).connect(gain).connect(into);
    source.start(when, (when * 7.3) % 0.9);
    source.stop(when + seconds);
    source.onended = () => gain.disconnect();
  }
}
