// Hands on notes: what pointer and keys do in the note editor, shown as a draft until it is done.

import { isLocked, tickAt } from "../music/score.js";
import { palette } from "./paint.js";

/** @typedef {import("../core/types.js").Note} Note */
/** @typedef {import("../core/types.js").Track} Track */
/**
 * A gesture under way.
 * @typedef {object} Gesture
 * @property {"move" | "resize" | "draw" | "box" | "velocity"} kind
 * @property {number} x
 * @property {number} y
 * @property {number} toX
 * @property {number} toY
 * @property {Note[]} notes those it takes hold of
 * @property {boolean} moved
 */

/** Pointer and keyboard of the note editor. */
export class NoteHand {
  /** @param {import("./notes.js").Notes} notes */
  constructor(notes) {
    this.notes = notes;
    /** @type {Gesture | null} */
    this.gesture = null;
    const { canvas, velocity } = notes;
    canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.#down(event));
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    canvas.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.#drop());
    canvas.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => this.#double(event));
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    velocity.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.#velocityDown(event));
    velocity.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    velocity.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => this.#up(event));
    velocity.addEventListener("pointercancel", () => this.#drop());
  }

  /** What the held notes become if the gesture ends here. @returns {Note[]} */
  #result() {
    const g = this.gesture;
    if (!g) return [];
    const { axis, step } = this.notes;
    const ticks = (g.toX - g.x) / axis.scale;
    if (g.kind === "velocity") {
      const velocity = Math.max(1, Math.min(127, Math.round(((54 - g.toY) / 44) * 127)));
      return g.notes.map(([onset, duration, pitch]) => [onset, duration, pitch, velocity]);
    }
    if (g.kind === "draw") {
      const start = g.notes[0];
      const duration = Math.max(step, Math.ceil((axis.tick(g.toX) - start[0]) / step) * step);
      return [[start[0], duration, start[2], start[3]]];
    }
    const shift = Math.round(ticks / step) * step;
    if (g.kind === "resize") return g.notes.map(([o, d, p, v]) => [o, Math.max(Math.min(step, d), d + shift), p, v]);
    if (g.kind !== "move") return [];
    const most = Math.min(...g.notes.map((n) => n[0]));
    const by = Math.max(-most, shift);
    const rows = this.notes.pitch(g.y) - this.notes.pitch(g.toY);
    return g.notes.map(([o, d, p, v]) => [o + by, d, Math.max(0, Math.min(127, p - rows)), v]);
  }

  /** The track as it would be. @param {Track} track @returns {Track} */
  draft(track) {
    const g = this.gesture;
    if (!g || g.kind === "box" || (!g.moved && g.kind !== "draw")) return track;
    const held = new Set(g.notes.map(String));
    const rest = g.kind === "draw" ? track.notes : track.notes.filter((note) => !held.has(String(note)));
    return { ...track, notes: [...rest, ...this.#result()].sort((a, b) => a[0] - b[0]) };
  }

  /** @returns {Note[]} */
  draftChosen() {
    const g = this.gesture;
    if (g && g.kind !== "box" && (g.moved || g.kind === "draw")) return this.#result();
    return this.notes.chosen;
  }

  /** The box that is being drawn around notes. @param {CanvasRenderingContext2D} pen */
  paint(pen) {
    const g = this.gesture;
    if (g?.kind !== "box" || !g.moved) return;
    pen.strokeStyle = palette().select;
    pen.setLineDash([4, 3]);
    pen.strokeRect(Math.min(g.x, g.toX), Math.min(g.y, g.toY), Math.abs(g.toX - g.x), Math.abs(g.toY - g.y));
    pen.setLineDash([]);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !this.notes.track) return;
    const { offsetX: x, offsetY: y } = event;
    const hit = this.notes.at(x, y);
    const base = { x, y, toX: x, toY: y, moved: false };
    const touchScroll = event.pointerType === "touch" && this.notes.tool === "point" && !hit;
    if (!touchScroll) this.notes.canvas.setPointerCapture(event.pointerId);
    if (hit) {
      const inside = this.notes.chosen.some((n) => String(n) === String(hit.note));
      if (event.shiftKey) {
        this.notes.chosen = inside ? this.notes.chosen.filter((n) => String(n) !== String(hit.note)) : [...this.notes.chosen, hit.note];
      } else if (!inside) this.notes.chosen = [hit.note];
      this.gesture = { ...base, kind: hit.end ? "resize" : "move", notes: this.notes.chosen };
      this.notes.studio.player.taste(this.notes.studio.activeTrack, hit.note[2], hit.note[3]);
      this.notes.describe();
    } else if (this.notes.tool === "draw") {
      this.#draw(base);
    } else {
      if (!event.shiftKey) this.notes.chosen = [];
      this.gesture = { ...base, kind: "box", notes: [] };
    }
    this.notes.paint();
  }

  /** @param {{x: number, y: number, toX: number, toY: number, moved: boolean}} base */
  #draw(base) {
    const onset = this.notes.snap(this.notes.axis.tick(base.x));
    const pitch = this.notes.pitch(base.y);
    /** @type {Note} */
    const note = [onset, this.notes.step, pitch, 84];
    if (!this.notes.allowed([note])) return;
    this.gesture = { ...base, kind: "draw", notes: [note] };
    this.notes.studio.player.taste(this.notes.studio.activeTrack, pitch, 84);
  }

  /** @param {PointerEvent} event */
  #velocityDown(event) {
    const tick = this.notes.axis.tick(event.offsetX);
    const slack = 5 / this.notes.axis.scale;
    const near = (this.notes.track?.notes ?? []).filter((n) => Math.abs(n[0] - tick) < slack);
    if (!near.length) return;
    const nearest = Math.min(...near.map((n) => Math.abs(n[0] - tick)));
    const hit = near.filter((n) => Math.abs(n[0] - tick) === nearest);
    const inside = this.notes.chosen.some((n) => hit.some((m) => String(m) === String(n)));
    if (!inside) this.notes.chosen = hit;
    this.notes.velocity.setPointerCapture(event.pointerId);
    this.gesture = { kind: "velocity", x: event.offsetX, y: event.offsetY, toX: event.offsetX, toY: event.offsetY, notes: this.notes.chosen, moved: true };
    this.notes.paint();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const g = this.gesture;
    if (!g) {
      if (event.currentTarget !== this.notes.canvas) return;
      const hit = this.notes.at(event.offsetX, event.offsetY);
      const free = this.notes.tool === "draw" ? "crosshair" : "default";
      this.notes.canvas.style.cursor = hit ? (hit.end ? "ew-resize" : "grab") : free;
      return;
    }
    const row = this.notes.pitch(g.toY);
    g.toX = event.offsetX;
    g.toY = event.offsetY;
    if (Math.hypot(g.toX - g.x, g.toY - g.y) > 4) g.moved = true;
    if (g.kind === "move" && g.moved && this.notes.pitch(g.toY) !== row) {
      const first = this.#result()[0];
      this.notes.studio.player.taste(this.notes.studio.activeTrack, first[2], first[3]);
    }
    this.notes.paint();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const g = this.gesture;
    if (!g) return;
    g.toX = event.offsetX;
    g.toY = event.offsetY;
    const after = this.#result();
    this.gesture = null;
    const say = (/** @type {string} */ key) => this.notes.studio.say(key, { n: after.length });
    if (g.kind === "box" && g.moved) this.#box(g, event.shiftKey);
    else if (g.kind === "draw") this.notes.replace([], after, say("edit.draw"));
    else if (g.kind !== "box" && g.moved && String(after) !== String(g.notes)) {
      const key = { move: "edit.move", resize: "edit.resize", velocity: "edit.velocity" }[g.kind];
      this.notes.replace(g.notes, after, say(/** @type {string} */ (key)));
    }
    this.notes.paint();
  }

  #drop() {
    this.gesture = null;
    this.notes.paint();
  }

  /** @param {Gesture} g @param {boolean} more */
  #box(g, more) {
    const { axis } = this.notes;
    const [from, to] = [axis.tick(Math.min(g.x, g.toX)), axis.tick(Math.max(g.x, g.toX))];
    const [low, high] = [this.notes.pitch(Math.max(g.y, g.toY)), this.notes.pitch(Math.min(g.y, g.toY))];
    const inside = (this.notes.track?.notes ?? []).filter((n) => n[0] + n[1] > from && n[0] < to && n[2] >= low && n[2] <= high);
    const before = new Set(this.notes.chosen.map(String));
    this.notes.chosen = more ? [...this.notes.chosen, ...inside.filter((n) => !before.has(String(n)))] : inside;
    this.notes.describe();
  }

  /** @param {MouseEvent} event */
  #double(event) {
    const hit = this.notes.at(event.offsetX, event.offsetY);
    if (hit) this.notes.replace([hit.note], [], this.notes.studio.say("edit.delete", { n: 1 }));
    else if (this.notes.tool === "point") {
      /** @type {Note} */
      const note = [this.notes.snap(this.notes.axis.tick(event.offsetX)), this.notes.step * 2, this.notes.pitch(event.offsetY), 84];
      this.notes.replace([], [note], this.notes.studio.say("edit.draw", { n: 1 }));
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { notes } = this;
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== "a") return;
      event.preventDefault();
      notes.chosen = [...(notes.track?.notes ?? [])];
      notes.describe();
      notes.paint();
      return;
    }
    const deed = event.altKey ? this.#nudge(event) : this.#walk(event);
    if (deed) event.preventDefault();
  }

  /** Alt and arrows move, with shift they resize. @param {KeyboardEvent} event */
  #nudge(event) {
    const { notes } = this;
    const n = notes.chosen.length;
    const say = (/** @type {string} */ key) => notes.studio.say(key, { n });
    const across = { ArrowLeft: -notes.step, ArrowRight: notes.step }[event.key];
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!n || (across === undefined && up === undefined)) return false;
    const before = notes.chosen;
    if (across !== undefined && event.shiftKey) {
      notes.replace(before, before.map(([o, d, p, v]) => [o, Math.max(1, d + across), p, v]), say("edit.resize"));
    } else if (across !== undefined) {
      const by = Math.max(across, -Math.min(...before.map((note) => note[0])));
      notes.replace(before, before.map(([o, d, p, v]) => [o + by, d, p, v]), say("edit.move"));
    } else if (up !== undefined) {
      const by = event.shiftKey ? up * 12 : up;
      if (before.some((note) => note[2] + by < 0 || note[2] + by > 127)) return true;
      notes.replace(before, before.map(([o, d, p, v]) => [o, d, p + by, v]), say("edit.move"));
      notes.studio.player.taste(notes.studio.activeTrack, notes.chosen[0][2], notes.chosen[0][3]);
    }
    return true;
  }

  /** Arrows walk from note to note; Delete, N, + and - change. @param {KeyboardEvent} event */
  #walk(event) {
    const { notes } = this;
    const all = notes.track?.notes ?? [];
    const n = notes.chosen.length;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way !== undefined && all.length) {
      const last = notes.chosen.at(-1);
      const at = last ? all.findIndex((note) => String(note) === String(last)) : way > 0 ? -1 : all.length;
      const next = all[Math.max(0, Math.min(all.length - 1, at + way))];
      notes.chosen = event.shiftKey ? [...notes.chosen, next] : [next];
      notes.studio.bus.emit("showtick", next[0]);
      notes.studio.player.taste(notes.studio.activeTrack, next[2], next[3]);
      notes.describe();
      notes.paint();
    } else if ((event.key === "Delete" || event.key === "Backspace") && n) {
      notes.replace(notes.chosen, [], notes.studio.say("edit.delete", { n }));
    } else if (["+", "=", "-"].includes(event.key) && n) {
      const by = event.key === "-" ? -8 : 8;
      const after = notes.chosen.map(([o, d, p, v]) => /** @type {Note} */ ([o, d, p, Math.max(1, Math.min(127, v + by))]));
      notes.replace(notes.chosen, after, notes.studio.say("edit.velocity", { n }));
    } else if (event.key === "n" || event.key === "N") {
      this.#insert();
    } else if (event.key === "Escape") {
      notes.chosen = [];
      notes.paint();
    } else return false;
    return true;
  }

  /** A new note after the chosen one, or at the play-head. */
  #insert() {
    const { notes } = this;
    const last = notes.chosen.at(-1);
    const score = notes.studio.score;
    if (!score) return;
    const onset = last ? last[0] + last[1] : notes.snap(tickAt(score, notes.studio.player.position()));
    if (onset >= score.ticks || isLocked(score, notes.studio.locks, notes.track?.name ?? "", onset)) return;
    notes.replace([], [[onset, last?.[1] ?? notes.step * 2, last?.[2] ?? 60, last?.[3] ?? 84]], notes.studio.say("edit.draw", { n: 1 }));
  }
}
