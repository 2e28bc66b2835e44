// The arrangement: a ruler of bars and one lane a track, in which bars and tracks are selected by pointer or keys.

import { barTicks, pitchRange } from "../music/score.js";
import { h } from "../core/dom.js";
import { paintGrid, paintHatch, paintNotes, palette, penFor, trackColour } from "./paint.js";

export const RULER = 34;
export const LANE = 56;

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("./axis.js").Axis} Axis */

/** Ruler and lanes of the piece on the desk. */
export class Lanes {
  /** @param {Studio} studio @param {Axis} axis @param {AbortSignal} until */
  constructor(studio, axis, until) {
    this.studio = studio;
    this.axis = axis;
    const { say } = studio;
    this.ruler = h("canvas", { class: "ruler", title: say("roll.rulerHint") });
    this.canvas = h("canvas", {
      class: "lanes", tabindex: "0", role: "application", "aria-label": say("roll.lanes"), "aria-describedby": "lanes-hint",
    });
    this.hint = h("p", { id: "lanes-hint", class: "unseen" }, say("roll.lanesHint"));
    /** @type {{bar: number, track: number}} where the keyboard stands, and where a selection began */
    this.cursor = { bar: 1, track: 0 };
    this.anchor = { bar: 1, track: 0 };
    this.#pointer();
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    studio.bus.on("axis", () => this.paint(), until);
    for (const name of ["score", "selection", "state", "theme", "player"]) studio.bus.on(name, () => this.paint(), until);
  }

  get tracks() {
    return this.studio.score?.tracks ?? [];
  }

  paint() {
    const score = this.studio.score;
    const height = Math.max(1, this.tracks.length) * LANE;
    this.canvas.style.height = `${height}px`;
    if (!score || !this.axis.score) return;
    this.#paintRuler(score);
    const pen = penFor(this.canvas, this.axis.width, height);
    const colours = palette();
    const area = { from: this.axis.from, to: this.axis.to };
    this.tracks.forEach((track, index) => {
      const top = index * LANE;
      pen.fillStyle = index === this.studio.activeTrack ? colours.roll : colours["roll-black"];
      pen.fillRect(0, top, this.axis.width, LANE);
    });
    paintGrid(pen, score, this.axis.x, { ...area, top: 0, bottom: height, beats: this.axis.barWidth > 70 });
    this.tracks.forEach((track, index) => {
      const [low, high] = pitchRange([track]);
      const row = (LANE - 12) / Math.max(12, high - low + 1);
      const y = (/** @type {number} */ pitch) => index * LANE + 6 + (high - pitch) * row + Math.max(0, 12 - (high - low + 1)) * row * 0.5;
      paintNotes(pen, track, trackColour(index), this.axis.x, y, { ...area, height: Math.max(2, Math.min(6, row)) });
      pen.fillStyle = colours.line;
      pen.fillRect(0, (index + 1) * LANE - 1, this.axis.width, 1);
    });
    this.#paintLocks(pen);
    this.#paintSelection(pen);
  }

  /** @param {import("../core/types.js").Score} score */
  #paintRuler(score) {
    const pen = penFor(this.ruler, this.axis.width, RULER);
    const colours = palette();
    const ticks = barTicks(score);
    const every = [1, 2, 4, 8, 16, 32].find((n) => n * this.axis.barWidth > 30) ?? 64;
    const style = getComputedStyle(document.documentElement);
    pen.font = `12px ${style.getPropertyValue("--sans")}`;
    pen.textBaseline = "alphabetic";
    const loop = this.studio.player.loop;
    if (loop) {
      pen.fillStyle = colours["accent-soft"];
      pen.fillRect(this.axis.x(loop[0]), 0, this.axis.x(loop[1]) - this.axis.x(loop[0]), RULER);
    }
    for (let bar = 0; bar < ticks.length - 1; bar++) {
      const x = this.axis.x(ticks[bar]);
      if (x < -60 || x > this.axis.width) continue;
      pen.fillStyle = colours["roll-bar"];
      pen.fillRect(Math.round(x), bar % every ? RULER - 6 : RULER - 14, 1, 14);
      pen.fillStyle = colours["ink-2"];
      if (bar % every === 0) pen.fillText(String(bar + 1), x + 4, RULER - 5);
    }
    pen.font = `600 12px ${style.getPropertyValue("--serif")}`;
    pen.fillStyle = colours.ink;
    let free = -Infinity;
    for (const [tick, label] of score.sections) {
      const x = Math.max(4, this.axis.x(tick) + 4);
      if (this.axis.x(tick) > this.axis.width || x < free) continue;
      pen.fillText(label, x, 13);
      free = x + pen.measureText(label).width + 8;
    }
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintLocks(pen) {
    for (const lock of this.studio.locks) {
      this.tracks.forEach((track, index) => {
        if (lock.tracks && !lock.tracks.includes(track.name)) return;
        const [left, right] = this.edges(lock.first, lock.last);
        paintHatch(pen, left, index * LANE, right - left, LANE - 1);
      });
    }
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintSelection(pen) {
    const selection = this.studio.selection;
    if (!selection) return;
    const colours = palette();
    const [left, right] = this.edges(selection.first, selection.last);
    this.tracks.forEach((track, index) => {
      if (selection.tracks && !selection.tracks.includes(track.name)) return;
      pen.fillStyle = colours.select;
      pen.globalAlpha = 0.16;
      pen.fillRect(left, index * LANE, right - left, LANE - 1);
      pen.globalAlpha = 1;
      pen.strokeStyle = colours.select;
      pen.lineWidth = 2;
      pen.strokeRect(left + 1, index * LANE + 1, right - left - 2, LANE - 3);
    });
  }

  /** Left and right pixel of some bars. @param {number} first @param {number} last @returns {[number, number]} */
  edges(first, last) {
    const ticks = this.studio.score ? barTicks(this.studio.score) : [0, 1];
    const clamp = (/** @type {number} */ at) => Math.max(0, Math.min(ticks.length - 1, at));
    return [this.axis.x(ticks[clamp(first - 1)]), this.axis.x(ticks[clamp(last)])];
  }

  /** Select from one corner to the other. @param {{bar: number, track: number}} a @param {{bar: number, track: number}} b @param {boolean} [allTracks] */
  choose(a, b, allTracks = false) {
    const [top, bottom] = [Math.min(a.track, b.track), Math.max(a.track, b.track)];
    const names = this.tracks.slice(top, bottom + 1).map((track) => track.name);
    const all = allTracks || names.length === this.tracks.length;
    this.studio.select({ first: Math.min(a.bar, b.bar), last: Math.max(a.bar, b.bar), tracks: all ? null : names });
  }

  #pointer() {
    const place = (/** @type {PointerEvent} */ event) => ({
      bar: this.axis.bar(event.offsetX),
      track: Math.max(0, Math.min(this.tracks.length - 1, Math.floor(event.offsetY / LANE))),
    });
    let down = false;
    this.canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      down = true;
      if (event.pointerType !== "touch") this.canvas.setPointerCapture(event.pointerId);
      this.cursor = place(event);
      if (!event.shiftKey) this.anchor = this.cursor;
      this.studio.activeTrack = this.cursor.track;
      this.choose(this.anchor, this.cursor);
      this.studio.bus.emit("track");
    });
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!down) return;
      this.cursor = place(event);
      this.choose(this.anchor, this.cursor);
    });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => (down = false));
    this.#rulerPointer();
  }

  #rulerPointer() {
    /** @type {{x: number, bar: number} | null} */
    let start = null;
    this.ruler.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      start = { x: event.offsetX, bar: this.axis.bar(event.offsetX) };
      this.ruler.setPointerCapture(event.pointerId);
    });
    this.ruler.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!start || Math.abs(event.offsetX - start.x) < 6) return;
      this.choose({ bar: start.bar, track: 0 }, { bar: this.axis.bar(event.offsetX), track: 0 }, true);
    });
    this.ruler.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
      if (start && Math.abs(event.offsetX - start.x) < 6) this.studio.bus.emit("seektick", this.axis.tick(event.offsetX));
      start = null;
    });
    this.ruler.addEventListener("pointercancel", () => (start = null));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const bars = this.studio.score?.bars.length ?? 1;
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-9999, 0], End: [9999, 0], PageUp: [-4, 0], PageDown: [4, 0] };
    const step = steps[event.key];
    if (event.key === "Escape") this.studio.select(null);
    if (event.ctrlKey && event.key === "a") {
      event.preventDefault();
      this.choose({ bar: 1, track: 0 }, { bar: bars, track: 0 }, true);
    }
    if (!step) return;
    event.preventDefault();
    if (this.studio.selection || event.shiftKey) {
      this.cursor = {
        bar: Math.max(1, Math.min(bars, this.cursor.bar + step[0])),
        track: Math.max(0, Math.min(this.tracks.length - 1, this.cursor.track + step[1])),
      };
    }
    if (!event.shiftKey) this.anchor = this.cursor;
    this.studio.activeTrack = this.cursor.track;
    this.choose(this.anchor, this.cursor);
    this.studio.bus.emit("track");
    this.studio.bus.emit("showbar", this.cursor.bar);
  }
}
