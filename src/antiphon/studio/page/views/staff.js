// A plain staff of the active track, drawn here from the notes: for reading along while it sounds, not for print.

import { barTicks, chordsByBar, tickAt } from "../music/score.js";
import { h, put, refill, s } from "../core/dom.js";
import { GAP, StaffPlaces, SYSTEM, TOP, soundingBar } from "./staffplace.js";

/** @typedef {import("../core/types.js").Score} Score */
/** @typedef {import("../core/studio.js").Studio} Studio */

const STEP_OF = [0, 0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6];
const TREBLE = "M9 38c-5-1-7-6-5-10 2-5 9-8 13-4 4 4 3 12-3 14-6 2-13-2-13-9C1 19 14 12 14 3c0-4-2-7-4-7-3 0-5 5-4 11l6 36c1 5-1 9-5 9-3 0-5-2-4-5";
const BASS = "M3 10c0-6 5-9 9-8 5 1 8 6 6 13-2 8-8 13-15 16M22 5h.5M22 14h.5M3 10a2.4 2.4 0 1 0 4 0";

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function staffView(studio, until) {
  const { say } = studio;
  const about = h("p", { class: "small quiet" });
  const stage = h("div", {
    class: "staff-stage", tabindex: "0", role: "slider", title: say("staff.seek"), "aria-label": say("transport.place"), "aria-valuemin": "1",
    "aria-describedby": "staff-hint",
  });
  const element = h("div", { class: "stack staff", hidden: true }, about, h("p", { id: "staff-hint", class: "unseen" }, say("staff.hint")), stage);
  const holder = h("div", {}, element);
  const mark = new PlayMark(studio, stage);
  let open = false;
  /** @type {unknown[]} what the picture on show was drawn from */
  let drawn = [];
  const refresh = () => {
    const { score } = studio;
    element.hidden = !score?.tracks.length;
    const now = [score, studio.activeTrack, holder.clientWidth];
    if (!open || !score?.tracks.length || now.every((value, i) => value === drawn[i])) return;
    drawn = now;
    refill(about, say("staff.plain", { name: studio.words.name("role", score.tracks[studio.activeTrack]?.name ?? "") }));
    const places = new StaffPlaces(barTicks(score), Math.max(240, holder.clientWidth));
    const picture = staff(studio, score, places);
    refill(stage, picture);
    mark.draw(score, places, picture);
  };
  studio.bus.on("tab", (name) => {
    open = name === "page";
    queueMicrotask(refresh);
  }, until);
  for (const name of ["score", "track"]) studio.bus.on(name, refresh, until);
  const watcher = new ResizeObserver(refresh);
  watcher.observe(holder);
  until.addEventListener("abort", () => watcher.disconnect());
  const frame = () => {
    if (until.aborted) return;
    requestAnimationFrame(frame);
    if (open && stage.clientWidth) mark.follow();
  };
  requestAnimationFrame(frame);
  return holder;
}

/** What shows on the staff where the music stands, moves with it, and is moved by clicks and keys. */
class PlayMark {
  /** @param {Studio} studio @param {HTMLElement} stage */
  constructor(studio, stage) {
    this.studio = studio;
    this.stage = stage;
    /** @type {Score | null} */
    this.score = null;
    /** @type {StaffPlaces | null} */
    this.places = null;
    this.picture = stage;
    this.bar = 0;
    this.row = -1;
    this.here = s("rect", { class: "staff-here", y: 2, height: SYSTEM - 8, rx: 4 });
    this.line = s("path", { class: "staff-head", d: `M0 ${TOP - 26}v${GAP * 4 + 52}` });
    stage.addEventListener("click", (event) => this.#click(event));
    stage.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Take place on a new picture. @param {Score} score @param {StaffPlaces} places @param {any} picture */
  draw(score, places, picture) {
    Object.assign(this, { score, places, picture, bar: 0 });
    picture.prepend(this.here);
    put(picture, this.line);
    this.stage.setAttribute("aria-valuemax", String(places.bars));
    this.follow();
  }

  /** Stand where the music stands; called each frame. */
  follow() {
    const { player } = this.studio;
    const { score, places } = this;
    if (!score || !places) return;
    const mine = player.score !== null && player.take === score.take;
    for (const sign of [this.here, this.line]) sign.classList.toggle("away", !mine);
    if (!mine) return;
    const tick = tickAt(score, player.position());
    const bar = soundingBar(score, tick);
    this.line.setAttribute("transform", `translate(${places.x(bar, tick).toFixed(1)} ${places.row(bar) * SYSTEM})`);
    if (bar === this.bar) return;
    this.bar = bar;
    this.here.setAttribute("transform", `translate(${places.left(bar)} ${places.row(bar) * SYSTEM})`);
    this.here.setAttribute("width", String(places.barWidth - 1));
    this.stage.setAttribute("aria-valuenow", String(bar));
    this.stage.setAttribute("aria-valuetext", this.studio.say("staff.at", { bar, bars: places.bars }));
    if (places.row(bar) !== this.row) this.#show((this.row = places.row(bar)));
  }

  /** Scroll to a row: within the panel, or with the page where the panel is as long as its content and is being looked at. @param {number} row */
  #show(row) {
    const panel = this.stage.closest(".panel");
    const box = this.picture.getBoundingClientRect();
    const height = box.height / (this.places?.rows ?? 1);
    const top = box.top + row * height;
    const below = innerHeight - (document.querySelector(".transport")?.clientHeight ?? 0);
    if (panel && panel.scrollHeight > panel.clientHeight + 1) {
      const view = panel.getBoundingClientRect();
      if (top < view.top || top + height > Math.min(view.bottom, below)) panel.scrollTop += top - view.top - 8;
      return;
    }
    const seen = box.top < below && box.bottom > 0;
    if (seen && (top < 0 || top + height > below)) scrollBy(0, top - 16);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const box = this.picture.getBoundingClientRect();
    const scale = this.places ? this.places.width / Math.max(1, box.width) : 1;
    if (this.places) this.#go(this.places.barAt((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const to = event.ctrlKey || event.metaKey || event.altKey ? null : (this.places?.step(event.key, Math.max(1, this.bar)) ?? null);
    if (to === null) return;
    event.preventDefault();
    this.#go(to);
  }

  /** Let the music go on from the beginning of a bar. @param {number} bar */
  #go(bar) {
    this.studio.bus.emit("seektick", this.places?.ticks[bar - 1] ?? 0);
    this.studio.bus.emit("showbar", bar);
    this.follow();
  }
}

/** How far a pitch lies above middle C, in steps of the staff, and its accidental. @param {number} pitch @param {boolean} flats @returns {{step: number, sign: string}} */
export function spell(pitch, flats) {
  const tone = pitch % 12;
  const octave = Math.floor(pitch / 12) - 5;
  const black = [1, 3, 6, 8, 10].includes(tone);
  if (!black) return { step: octave * 7 + STEP_OF[tone], sign: "" };
  return flats || tone === 10 ? { step: octave * 7 + STEP_OF[tone + 1], sign: "♭" } : { step: octave * 7 + STEP_OF[tone - 1], sign: "♯" };
}

/** @param {Studio} studio @param {Score} score @param {StaffPlaces} places */
function staff(studio, score, places) {
  const track = score.tracks[studio.activeTrack];
  const { ticks, width, barWidth } = places;
  const mean = track.notes.reduce((sum, n) => sum + n[2], 0) / Math.max(1, track.notes.length);
  const bass = mean < 57;
  const flats = /[♭b]|^(F|D minor|G minor|C minor|F minor)/.test(score.keys[0]?.[1] ?? "");
  const picture = s("svg", { viewBox: `0 0 ${width} ${places.height}`, class: "staff-picture", role: "img", "aria-label": studio.say("staff.label", { name: track.name, bars: places.bars }) });
  const chords = chordsByBar(score);
  for (let row = 0; row < places.rows; row++) {
    const group = s("g", { transform: `translate(0 ${row * SYSTEM})` });
    for (let i = 0; i < 5; i++) put(group, s("path", { class: "staff-line", d: `M0 ${TOP + i * GAP}H${width}` }));
    put(group, s("path", { class: "staff-clef", d: bass ? BASS : TREBLE, transform: bass ? `translate(2 ${TOP - 4})` : `translate(4 ${TOP + 4}) scale(0.85)` }));
    for (let bar = row * places.perRow + 1; bar <= Math.min(places.bars, (row + 1) * places.perRow); bar++) {
      const left = places.left(bar);
      put(group, s("path", { class: "staff-line", d: `M${left + barWidth - 1} ${TOP}v${GAP * 4}` }), s("text", { x: left + 2, y: TOP - 58, class: "staff-number" }, String(bar)));
      for (const mark of chords[bar - 1].slice(0, 3)) {
        if (mark.chord) put(group, s("text", { x: places.x(bar, mark.tick) - 6, y: TOP - 44, class: "staff-chord" }, mark.chord));
      }
      const notes = track.notes.filter((n) => n[0] >= ticks[bar - 1] && n[0] < ticks[bar]);
      for (const note of notes) put(group, noteSign(score, note, places.x(bar, note[0]), bass, flats));
    }
    put(picture, group);
  }
  return picture;
}

/** Head, stem, flags, ledger lines and accidental of one note. @param {Score} score @param {import("../core/types.js").Note} note @param {number} x @param {boolean} bass @param {boolean} flats */
function noteSign(score, note, x, bass, flats) {
  const { step, sign } = spell(note[2], flats);
  const y = TOP + GAP * 5 - (step + (bass ? 12 : 0)) * (GAP / 2);
  const beats = note[1] / score.resolution;
  const group = s("g", { class: "staff-note" });
  const edge = (/** @type {number} */ at) => put(group, s("path", { class: "staff-line", d: `M${x - 8} ${at}h16` }));
  for (let at = TOP - GAP; at >= y - 1; at -= GAP) edge(at);
  for (let at = TOP + GAP * 5; at <= y + 1; at += GAP) edge(at);
  put(group, s("ellipse", { cx: x, cy: y, rx: 5, ry: 3.7, transform: `rotate(-18 ${x} ${y})`, class: beats >= 1.75 ? "open" : "closed" }));
  if (beats < 3.5) {
    const up = y > TOP + GAP * 2;
    const stem = up ? x + 4.6 : x - 4.6;
    const end = up ? y - 28 : y + 28;
    put(group, s("path", { d: `M${stem} ${y}V${end}` }));
    const flags = beats < 0.3 ? 2 : beats < 0.7 ? 1 : 0;
    for (let i = 0; i < flags; i++) put(group, s("path", { d: `M${stem} ${end + (up ? i * 7 : -i * 7)}q7 ${up ? 6 : -6} 6 ${up ? 13 : -13}` }));
  }
  if ([0.75, 1.5, 3].some((dotted) => Math.abs(beats - dotted) < 0.06 * dotted)) put(group, s("circle", { cx: x + 9, cy: y - 2, r: 1.5, class: "closed" }));
  if (sign) put(group, s("text", { x: x - 14, y: y + 4, class: "staff-sign" }, sign));
  return group;
}
