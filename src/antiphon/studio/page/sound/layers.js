// Two ways to sound a piece on one timeline: notes through the synth, or the server's rendered stems.

import { secondsAt } from "../music/score.js";
import { Synth, roomResponse } from "./synth.js";

/** @typedef {import("../core/types.js").Score} Score */
/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {{when: number, seconds: number, track: number, pitch: number, velocity: number}} Event */

const AHEAD = 0.25;
const AHEAD_HIDDEN = 1.6;
const FADE = 0.03;

/** What both layers share: a gain for each track, and a way out that fades. */
class Layer {
  /** @param {AudioContext} ctx @param {Score} score */
  constructor(ctx, score) {
    this.ctx = ctx;
    this.score = score;
    this.sum = ctx.createGain();
    this.channels = score.tracks.map(() => {
      const gain = ctx.createGain();
      gain.connect(this.sum);
      return gain;
    });
  }

  /** @param {number[]} gains one a track */
  mix(gains) {
    gains.forEach((gain, i) => this.channels[i]?.gain.setTargetAtTime(gain, this.ctx.currentTime, 0.015));
  }

  /** @param {number[]} gains */
  mixAtOnce(gains) {
    gains.forEach((gain, i) => {
      if (this.channels[i]) this.channels[i].gain.value = gain;
    });
  }

  /** @param {number} when */
  fadeIn(when) {
    this.sum.gain.setValueAtTime(0, this.ctx.currentTime);
    this.sum.gain.setValueAtTime(0, when);
    this.sum.gain.linearRampToValueAtTime(1, when + FADE);
  }

  /** Fade to silence and be gone. @param {number} when */
  leave(when) {
    this.sum.gain.setTargetAtTime(0, when, FADE / 3);
    setTimeout(() => this.sum.disconnect(), Math.max(0, when - this.ctx.currentTime) * 1000 + 400);
  }
}

/** The synth and the room it sounds in; made once, for a room takes long to furnish. */
export class Band {
  /** @param {AudioContext} ctx @param {AudioNode} out */
  constructor(ctx, out) {
    this.synth = new Synth(ctx);
    this.input = ctx.createDynamicsCompressor();
    const room = ctx.createConvolver();
    const wet = ctx.createGain();
    this.input.threshold.value = -16;
    this.input.ratio.value = 4;
    room.buffer = roomResponse(ctx);
    wet.gain.value = 0.2;
    this.input.connect(out);
    this.input.connect(room).connect(wet).connect(out);
  }
}

/** The notes themselves, scheduled a little ahead of time. */
export class NoteLayer extends Layer {
  /** @param {AudioContext} ctx @param {Score} score @param {Band} band */
  constructor(ctx, score, band) {
    super(ctx, score);
    this.synth = band.synth;
    this.sum.connect(band.input);
    this.events = eventsOf(score);
    this.round = 0;
    this.index = 0;
    /** @type {ReturnType<typeof setInterval> | null} */
    this.timer = null;
  }

  /** @param {Timeline} timeline @param {number} when @param {number} end second at which the piece ends */
  start(timeline, when, end) {
    this.timeline = timeline;
    this.end = end;
    const position = timeline.position(when);
    this.skipTo(position, when);
    this.fadeIn(when);
    this.timer = setInterval(() => this.schedule(), 40);
    this.schedule();
  }

  /**
   * Begin in the middle: what already sounds is struck for its rest, the first note after is next.
   * @param {number} position
   * @param {number} when
   */
  skipTo(position, when) {
    const gone = when - /** @type {Timeline} */ (this.timeline).startedAt;
    this.round = 0;
    for (let next = 1; ; next++) {
      const round = this.timeline?.round(next, 0);
      if (!round || round.when > (this.timeline?.startedAt ?? 0) + gone + 1e-6) break;
      this.round = next;
    }
    this.index = this.events.findIndex((event) => event.when >= position - 1e-6);
    if (this.index < 0) this.index = this.events.length;
    for (const event of this.events) {
      if (event.when >= position - 1e-6) break;
      const rest = event.when + event.seconds - position;
      if (rest > 0.15) this.#strike(event, when, rest);
    }
  }

  schedule() {
    const horizon = this.ctx.currentTime + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    const timeline = /** @type {Timeline} */ (this.timeline);
    for (;;) {
      const round = timeline.round(this.round, /** @type {number} */ (this.end) + 1);
      if (!round) return;
      const event = this.events[this.index];
      if (!event || event.when >= round.stop) {
        const next = timeline.round(this.round + 1, 0);
        if (!next || next.when > horizon) return;
        this.round += 1;
        this.index = this.events.findIndex((candidate) => candidate.when >= next.first - 1e-6);
        if (this.index < 0) return;
        continue;
      }
      const at = round.when + event.when - round.first;
      if (at > horizon) return;
      if (at > this.ctx.currentTime - 0.05) this.#strike(event, Math.max(at, this.ctx.currentTime), Math.min(event.seconds, round.stop - event.when));
      this.index += 1;
    }
  }

  /** @param {Event} event @param {number} when @param {number} seconds */
  #strike(event, when, seconds) {
    this.synth.play(this.channels[event.track], this.score.tracks[event.track], event.pitch, event.velocity, when, seconds);
  }

  /** @param {number} when */
  leave(when) {
    if (this.timer) clearInterval(this.timer);
    super.leave(when);
  }
}

/** All notes in order of time. @param {Score} score @returns {Event[]} */
export function eventsOf(score) {
  const events = score.tracks.flatMap((track, index) =>
    track.notes.map(([onset, duration, pitch, velocity]) => {
      const when = secondsAt(score, onset);
      return { when, seconds: secondsAt(score, onset + duration) - when, track: index, pitch, velocity };
    }),
  );
  return events.sort((a, b) => a.when - b.when);
}

/** @typedef {{buffers: {track: number, buffer: AudioBuffer}[], whole: boolean}} Stems whole: one buffer with all tracks */

/** The server's sound, one buffer a track. */
export class StemLayer extends Layer {
  /** @param {AudioContext} ctx @param {Score} score @param {AudioNode} out @param {Stems} stems */
  constructor(ctx, score, out, stems) {
    super(ctx, score);
    this.stems = stems;
    this.sum.connect(out);
    /** @type {AudioBufferSourceNode[]} */
    this.sources = [];
  }

  /** @param {Timeline} timeline @param {number} when */
  start(timeline, when) {
    const position = timeline.position(when);
    for (const { track, buffer } of this.stems.buffers) {
      const source = this.ctx.createBufferSource();
      source.buffer = buffer;
      if (timeline.loop) {
        source.loop = true;
        [source.loopStart, source.loopEnd] = timeline.loop;
      }
      source.connect(this.stems.whole ? this.sum : (this.channels[track] ?? this.sum));
      source.start(when, Math.min(position, buffer.duration));
      this.sources.push(source);
    }
    this.fadeIn(when);
  }

  /** @param {number} when */
  leave(when) {
    for (const source of this.sources) source.stop(when + 0.3);
    super.leave(when);
  }
}
