// Plays one take at a time: notes at once, the server's stems as soon as they are there; loop, mute, solo, volume.

import { secondsAt, tickAt } from "../music/score.js";
import { Band, NoteLayer, StemLayer } from "./layers.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("../core/types.js").Score} Score */
/** @typedef {import("./layers.js").Stems} Stems */
/** @typedef {{volume: number, mute: boolean, solo: boolean}} Channel */

const START = 0.06;
const TAIL = 1.5;
const MOST_STEM_SECONDS = 600;
const KEPT = 3;

/** @typedef {(take: string, signal: AbortSignal) => Promise<import("../core/types.js").Sound>} AskSound */

/** Tells "player" on its bus whenever something but the position changes. */
export class Player {
  /** @param {import("../core/bus.js").Bus} bus @param {AskSound} askSound waits until the server has rendered a take */
  constructor(bus, askSound) {
    this.bus = bus;
    this.askSound = askSound;
    /** @type {AudioContext | null} */
    this.ctx = null;
    /** @type {Score | null} */
    this.score = null;
    /** @type {string | null} the take that sounds; its stems fit only while `pristine` */
    this.take = null;
    this.pristine = true;
    this.playing = false;
    this.rendering = false;
    /** @type {"notes" | "stems"} */
    this.source = "notes";
    this.rest = 0;
    this.volume = 0.85;
    /** @type {[number, number] | null} ticks */
    this.loop = null;
    /** @type {Map<string, Channel>} */
    this.channels = new Map();
    /** @type {Map<string, Promise<Stems>>} */
    this.stems = new Map();
    /** @type {Map<string, Stems>} those of `stems` that have arrived */
    this.ready = new Map();
    /** @type {NoteLayer | StemLayer | null} */
    this.layer = null;
    /** @type {Timeline | null} */
    this.timeline = null;
    this.errand = new AbortController();
    setInterval(() => this.#watch(), 200);
  }

  /** Wake the sound card; must first be called within a click or key press. */
  wake() {
    if (!this.ctx) {
      this.ctx = new AudioContext({ latencyHint: "interactive" });
      this.master = this.ctx.createGain();
      this.master.gain.value = this.volume;
      this.master.connect(this.ctx.destination);
      this.band = new Band(this.ctx, this.master);
    }
    if (this.ctx.state !== "running") this.ctx.resume();
    return this.ctx;
  }

  /**
   * Take another piece, or a changed one, onto the desk; if one sounds, it goes on at the same place of the music.
   * @param {Score} score
   * @param {string} take
   * @param {boolean} [pristine] false while an edit is not yet a take of its own
   */
  load(score, take, pristine = true) {
    if (this.score === score && this.take === take && this.pristine === pristine) return;
    const tick = this.score ? tickAt(this.score, this.position()) : 0;
    const other = this.take !== take;
    this.score = score;
    this.take = take;
    this.pristine = pristine;
    this.rest = Math.min(secondsAt(score, tick), score.seconds);
    if (other) this.#newErrand();
    if (this.playing) this.#begin();
    this.bus.emit("player");
  }

  /** Play from a second of the piece, by default from where it stands. @param {number} [from] */
  play(from) {
    if (!this.score) return;
    this.wake();
    if (from !== undefined) this.rest = from;
    if (this.rest >= this.score.seconds - 0.05) this.rest = this.loopSeconds()?.[0] ?? 0;
    this.playing = true;
    this.#begin();
    this.bus.emit("player");
  }

  stop() {
    this.rest = Math.min(this.position(), this.score?.seconds ?? 0);
    this.playing = false;
    if (this.ctx) this.layer?.leave(this.ctx.currentTime);
    this.layer = null;
    this.bus.emit("player");
  }

  toggle() {
    if (this.playing) this.stop();
    else this.play();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.rest = Math.max(0, Math.min(seconds, this.score?.seconds ?? 0));
    if (this.playing) this.#begin();
    this.bus.emit("player");
  }

  /** Second of the piece that is heard now. */
  position() {
    if (!this.playing || !this.ctx || !this.timeline) return this.rest;
    const heard = this.ctx.currentTime - (this.ctx.outputLatency || this.ctx.baseLatency || 0);
    return Math.max(0, this.timeline.position(heard));
  }

  /** @param {[number, number] | null} ticks */
  setLoop(ticks) {
    const position = this.position();
    this.loop = ticks;
    this.rest = position;
    if (this.playing) this.#begin();
    this.bus.emit("player");
  }

  /** @returns {[number, number] | null} */
  loopSeconds() {
    if (!this.loop || !this.score) return null;
    return [secondsAt(this.score, this.loop[0]), Math.min(secondsAt(this.score, this.loop[1]), this.score.seconds)];
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.volume = volume;
    if (this.ctx && this.master) this.master.gain.setTargetAtTime(volume, this.ctx.currentTime, 0.02);
  }

  /** Settings of a track, by its name, so that they hold for every take. @param {string} name @returns {Channel} */
  channel(name) {
    let channel = this.channels.get(name);
    if (!channel) this.channels.set(name, (channel = { volume: 0.8, mute: false, solo: false }));
    return channel;
  }

  /** @param {string} name @param {Partial<Channel>} change */
  setChannel(name, change) {
    Object.assign(this.channel(name), change);
    const whole = this.layer instanceof StemLayer && this.layer.stems.whole;
    if (whole && this.playing && !this.#flat()) this.#begin();
    else this.layer?.mix(this.gains());
    this.bus.emit("player");
  }

  /** Gain of each track of the piece: silent if muted, or if another one is solo. @returns {number[]} */
  gains() {
    const tracks = this.score?.tracks ?? [];
    const solo = tracks.some((track) => this.channel(track.name).solo);
    return tracks.map((track) => {
      const { volume, mute, solo: alone } = this.channel(track.name);
      return mute || (solo && !alone) ? 0 : (volume / 0.8) ** 2;
    });
  }

  #flat() {
    return this.gains().every((gain) => Math.abs(gain - 1) < 1e-6);
  }

  /** Sound a single note now, as an answer to the pencil. @param {number} track @param {number} pitch @param {number} velocity */
  taste(track, pitch, velocity) {
    if (!this.score || this.playing) return;
    const ctx = this.wake();
    const band = /** @type {Band} */ (this.band);
    band.synth.play(band.input, this.score.tracks[track], pitch, velocity, ctx.currentTime + 0.01, 0.25);
  }

  #begin() {
    const score = /** @type {Score} */ (this.score);
    const ctx = this.wake();
    const when = ctx.currentTime + START;
    this.timeline = new Timeline(when, this.rest, this.loopSeconds());
    const take = /** @type {string} */ (this.take);
    const out = /** @type {GainNode} */ (this.master);
    const stems = this.pristine ? this.ready.get(take) : undefined;
    const usable = stems && (!stems.whole || this.#flat());
    this.#swap(usable ? new StemLayer(ctx, score, out, stems) : new NoteLayer(ctx, score, /** @type {Band} */ (this.band)), when);
    this.source = usable ? "stems" : "notes";
    if (this.pristine && !stems) this.#fetch(take);
  }

  /** @param {NoteLayer | StemLayer} layer @param {number} when */
  #swap(layer, when) {
    this.layer?.leave(when);
    this.layer = layer;
    layer.mixAtOnce(this.gains());
    layer.start(/** @type {Timeline} */ (this.timeline), when, this.score?.seconds ?? 0);
  }

  #newErrand() {
    this.errand.abort();
    this.errand = new AbortController();
    this.rendering = false;
  }

  /** Have the take's stems brought, and change over to them if it still sounds. @param {string} take */
  async #fetch(take) {
    const errand = this.errand.signal;
    try {
      this.rendering = !this.stems.has(take);
      const stems = await this.prepare(take, errand);
      if (errand.aborted || this.take !== take || !this.pristine) return;
      this.rendering = false;
      if (this.playing && (!stems.whole || this.#flat()) && this.ctx && this.score) {
        const when = this.ctx.currentTime + START;
        this.#swap(new StemLayer(this.ctx, this.score, /** @type {GainNode} */ (this.master), stems), when);
        this.source = "stems";
      }
    } catch (error) {
      if (errand.aborted) return;
      this.rendering = false;
      this.bus.emit("soundfailed", error);
    }
    this.bus.emit("player");
  }

  /** Stems of a take, decoded; kept for the last few takes. @param {string} take @param {AbortSignal} signal @returns {Promise<Stems>} */
  prepare(take, signal) {
    const known = this.stems.get(take);
    this.stems.delete(take);
    const stems = known ?? this.#bring(take, signal);
    this.stems.set(take, stems);
    stems.then(
      (arrived) => this.stems.has(take) && this.ready.set(take, arrived),
      () => this.stems.delete(take),
    );
    for (const old of [...this.stems.keys()].slice(0, -KEPT)) {
      this.stems.delete(old);
      this.ready.delete(old);
    }
    return stems;
  }

  /** @param {string} take @param {AbortSignal} signal @returns {Promise<Stems>} */
  async #bring(take, signal) {
    const sound = await this.askSound(take, signal);
    const ctx = this.wake();
    const whole = sound.seconds * sound.stems.length > MOST_STEM_SECONDS;
    const wanted = whole ? [{ track: 0, url: sound.mix }] : sound.stems;
    const buffers = await Promise.all(
      wanted.map(async ({ track, url }) => {
        const answer = await fetch(url, { signal });
        if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
        return { track, buffer: await ctx.decodeAudioData(await answer.arrayBuffer()) };
      }),
    );
    return { buffers, whole };
  }

  #watch() {
    if (!this.playing || !this.score) return;
    if (!this.timeline?.loop && this.position() > this.score.seconds + TAIL) {
      this.stop();
      this.rest = 0;
      this.bus.emit("player");
    }
  }
}
