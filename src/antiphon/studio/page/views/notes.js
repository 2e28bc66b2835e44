// The note editor: the notes of one track drawn large, to be drawn, moved, resized, made softer or deleted.

import { barOf, barTicks, beatTicks, isLocked, pitchName, pitchRange, placeOf, replaceNotes } from "../music/score.js";
import { h } from "../core/dom.js";
import { paintGrid, paintHatch, paintNotes, palette, penFor, trackColour } from "./paint.js";
import { NoteHand } from "./notehand.js";

export const VELOCITY = 54;
const MARGIN = 3;
const EDGE = 7;

/** @typedef {import("../core/types.js").Note} Note */

/** Piano keys, notes and velocities of the active track. */
export class Notes {
  /** @param {import("../core/studio.js").Studio} studio @param {import("./axis.js").Axis} axis @param {AbortSignal} until */
  constructor(studio, axis, until) {
    this.studio = studio;
    this.axis = axis;
    /** @type {"point" | "draw"} */
    this.tool = "point";
    this.grid = 16;
    /** @type {Note[]} the chosen notes, as they stand in the score */
    this.chosen = [];
    this.keys = h("canvas", { class: "piano", "aria-hidden": "true" });
    this.canvas = h("canvas", {
      class: "notes", tabindex: "0", role: "application", "aria-label": studio.say("notes.label"), "aria-describedby": "notes-hint",
    });
    this.velocity = h("canvas", { class: "velocity", "aria-hidden": "true" });
    this.hint = h("p", { id: "notes-hint", class: "unseen" }, studio.say("notes.hint"));
    this.hand = new NoteHand(this);
    for (const name of ["axis", "selection", "state", "theme"]) studio.bus.on(name, () => this.paint(), until);
    studio.bus.on("score", () => this.#renew(), until);
    studio.bus.on("track", () => this.#renew(), until);
  }

  get track() {
    return this.studio.score?.tracks[this.studio.activeTrack] ?? null;
  }

  /** Grid step in ticks. */
  get step() {
    return this.studio.score ? Math.max(1, Math.round((this.studio.score.resolution * 4) / this.grid)) : 1;
  }

  #renew() {
    const notes = this.track?.notes ?? [];
    this.chosen = this.chosen.filter((c) => notes.some((n) => n.every((value, i) => value === c[i])));
    this.paint();
  }

  measure() {
    const [low, high] = this.track ? pitchRange([this.track]) : [55, 79];
    this.low = Math.max(0, low - MARGIN);
    this.high = Math.min(127, Math.max(high + MARGIN, this.low + 23));
    const rows = this.high - this.low + 1;
    this.row = Math.max(7, Math.min(16, Math.floor(Math.max(240, innerHeight - 540) / rows)));
    this.height = rows * this.row;
  }

  y = (/** @type {number} */ pitch) => ((this.high ?? 0) - pitch) * (this.row ?? 1);

  pitch = (/** @type {number} */ y) => Math.max(0, Math.min(127, (this.high ?? 0) - Math.floor(y / (this.row ?? 1))));

  paint() {
    this.measure();
    const height = /** @type {number} */ (this.height);
    this.canvas.style.height = this.keys.style.height = `${height}px`;
    const { score } = this.studio;
    const track = this.track;
    if (!score || !track) return;
    const pen = penFor(this.canvas, this.axis.width, height);
    this.#paintRows(pen);
    const area = { from: this.axis.from, to: this.axis.to };
    paintGrid(pen, score, this.axis.x, { ...area, top: 0, bottom: height, beats: this.axis.barWidth > 40 });
    this.#paintGhosts(pen, area);
    paintNotes(pen, this.hand.draft(track), trackColour(this.studio.activeTrack), this.axis.x, this.y, { ...area, height: /** @type {number} */ (this.row) - 1 });
    this.#paintChosen(pen);
    this.#paintLocks(pen);
    this.hand.paint(pen);
    this.#paintKeys(height);
    this.#paintVelocity(track);
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintRows(pen) {
    const colours = palette();
    for (let pitch = /** @type {number} */ (this.low); pitch <= /** @type {number} */ (this.high); pitch++) {
      pen.fillStyle = [1, 3, 6, 8, 10].includes(pitch % 12) ? colours["roll-black"] : colours.roll;
      pen.fillRect(0, this.y(pitch), this.axis.width, /** @type {number} */ (this.row));
      if (pitch % 12 === 0) {
        pen.fillStyle = colours.line;
        pen.fillRect(0, this.y(pitch) + /** @type {number} */ (this.row) - 1, this.axis.width, 1);
      }
    }
  }

  /** The other tracks, faintly. @param {CanvasRenderingContext2D} pen @param {{from: number, to: number}} area */
  #paintGhosts(pen, area) {
    const score = /** @type {import("../core/types.js").Score} */ (this.studio.score);
    score.tracks.forEach((track, index) => {
      if (index === this.studio.activeTrack || track.drums || this.track?.drums) return;
      const faint = { ...track, notes: track.notes.filter((n) => n[2] >= /** @type {number} */ (this.low) && n[2] <= /** @type {number} */ (this.high)) };
      paintNotes(pen, faint, trackColour(index), this.axis.x, this.y, { ...area, height: /** @type {number} */ (this.row) - 1, alpha: 0.25 });
    });
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintChosen(pen) {
    pen.strokeStyle = palette().ink;
    pen.lineWidth = 1.6;
    for (const [onset, duration, pitch] of this.hand.draftChosen()) {
      const left = this.axis.x(onset);
      pen.strokeRect(left, this.y(pitch) + 0.5, Math.max(3, this.axis.x(onset + duration) - left - 1), /** @type {number} */ (this.row) - 2);
    }
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintLocks(pen) {
    const { score, locks } = this.studio;
    const ticks = score ? barTicks(score) : [];
    for (const lock of locks) {
      if (lock.tracks && !lock.tracks.includes(this.track?.name ?? "")) continue;
      const left = this.axis.x(ticks[Math.min(ticks.length - 1, lock.first - 1)]);
      const right = this.axis.x(ticks[Math.min(ticks.length - 1, lock.last)]);
      paintHatch(pen, left, 0, right - left, /** @type {number} */ (this.height));
    }
  }

  /** @param {number} height */
  #paintKeys(height) {
    const width = this.keys.clientWidth || 44;
    const pen = penFor(this.keys, width, height);
    const colours = palette();
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    pen.font = `10px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
    for (let pitch = /** @type {number} */ (this.low); pitch <= /** @type {number} */ (this.high); pitch++) {
      const row = /** @type {number} */ (this.row);
      const black = [1, 3, 6, 8, 10].includes(pitch % 12);
      pen.fillStyle = black ? colours["ink-2"] : colours.surface;
      pen.fillRect(width - 40, this.y(pitch), black ? 25 : 40, row - 0.5);
      pen.fillStyle = colours["ink-2"];
      pen.fillRect(width - 40, this.y(pitch) + row - 0.5, black ? 0 : 40, 0.5);
      if (pitch % 12 === 0) pen.fillText(pitchName(pitch), width - 4, this.y(pitch) + row / 2);
    }
  }

  /** @param {import("../core/types.js").Track} track */
  #paintVelocity(track) {
    const pen = penFor(this.velocity, this.axis.width, VELOCITY);
    const colours = palette();
    const strong = new Set(this.hand.draftChosen().map(String));
    for (const note of this.hand.draft(track).notes) {
      const x = this.axis.x(note[0]);
      if (x < -4 || x > this.axis.width) continue;
      const size = (note[3] / 127) * (VELOCITY - 10);
      pen.fillStyle = strong.has(String(note)) ? colours.ink : trackColour(this.studio.activeTrack);
      pen.fillRect(x, VELOCITY - size, 2.5, size);
      pen.beginPath();
      pen.arc(x + 1.2, VELOCITY - size, 3, 0, 7);
      pen.fill();
    }
  }

  /** The note under a point, and whether the point is at its end. @param {number} x @param {number} y @returns {{note: Note, end: boolean} | null} */
  at(x, y) {
    const tick = this.axis.tick(x);
    const pitch = this.pitch(y);
    const slack = 3 / this.axis.scale;
    const found = (this.track?.notes ?? []).filter((n) => n[2] === pitch && n[0] - slack <= tick && n[0] + n[1] + slack >= tick).at(-1);
    if (!found) return null;
    const right = this.axis.x(found[0] + found[1]);
    return { note: found, end: x > right - EDGE && right - this.axis.x(found[0]) > EDGE * 1.6 };
  }

  /** Nearest grid line at or before a tick. @param {number} tick */
  snap(tick) {
    const score = this.studio.score;
    const start = score ? score.bars[barOf(score, tick) - 1][0] : 0;
    return Math.max(0, start + Math.floor((tick - start) / this.step + 1e-6) * this.step);
  }

  /** May these notes of the active track be touched? Says so if not. @param {Note[]} notes */
  allowed(notes) {
    const { score, locks, bus } = this.studio;
    if (!score || !notes.some((note) => isLocked(score, locks, this.track?.name ?? "", note[0]))) return true;
    bus.emit("news", this.studio.say("news.locked"));
    return false;
  }

  /**
   * Put notes in the place of others, as one step.
   * @param {Note[]} before
   * @param {Note[]} after
   * @param {string} label
   */
  replace(before, after, label) {
    if (!this.allowed(before) || !this.allowed(after)) return this.paint();
    this.chosen = after;
    this.studio.edit(replaceNotes(this.studio.activeTrack, before, after), label);
    this.describe();
    return undefined;
  }

  /** Say which note is chosen. */
  describe() {
    const score = this.studio.score;
    const note = this.chosen[0];
    if (!score || !note) return;
    if (this.chosen.length > 1) {
      this.studio.bus.emit("whisper", this.studio.say("notes.many", { n: this.chosen.length }));
      return;
    }
    const place = placeOf(score, note[0]);
    const beats = Math.round((note[1] / beatTicks(score, note[0])) * 100) / 100;
    const values = { pitch: pitchName(note[2]), bar: place.bar, beat: place.beat, length: beats, velocity: note[3] };
    this.studio.bus.emit("whisper", this.studio.say("notes.one", values));
  }
}
