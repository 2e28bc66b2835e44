// A plain staff of the active track, drawn here from the notes: for reading along, not for print.

import { barTicks, chordsByBar } from "../music/score.js";
import { h, put, refill, s } from "../core/dom.js";

/** @typedef {import("../core/types.js").Score} Score */

const GAP = 9;
const TOP = 72;
const SYSTEM = 168;
const STEP_OF = [0, 0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6];
const TREBLE = "M9 38c-5-1-7-6-5-10 2-5 9-8 13-4 4 4 3 12-3 14-6 2-13-2-13-9C1 19 14 12 14 3c0-4-2-7-4-7-3 0-5 5-4 11l6 36c1 5-1 9-5 9-3 0-5-2-4-5";
const BASS = "M3 10c0-6 5-9 9-8 5 1 8 6 6 13-2 8-8 13-15 16M22 5h.5M22 14h.5M3 10a2.4 2.4 0 1 0 4 0";

/**
 * @param {import("../core/studio.js").Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function staffView(studio, until) {
  const { say } = studio;
  const element = h("div", { class: "stack staff" });
  let open = false;
  let drawn = "";
  const refresh = () => {
    const { score } = studio;
    const key = `${score?.take} ${studio.activeTrack} ${element.clientWidth} ${studio.unsent.length}`;
    if (!open || !score?.tracks.length || key === drawn) return;
    drawn = key;
    const name = studio.words.name("role", score.tracks[studio.activeTrack]?.name ?? "");
    refill(element, h("p", { class: "small quiet" }, say("staff.plain", { name })), staff(studio, score, Math.max(240, element.clientWidth)));
  };
  studio.bus.on("tab", (name) => {
    open = name === "page";
    queueMicrotask(refresh);
  }, until);
  for (const name of ["score", "track"]) studio.bus.on(name, refresh, until);
  const watcher = new ResizeObserver(refresh);
  watcher.observe(element);
  until.addEventListener("abort", () => watcher.disconnect());
  return element;
}

/** How far a pitch lies above middle C, in steps of the staff, and its accidental. @param {number} pitch @param {boolean} flats @returns {{step: number, sign: string}} */
export function spell(pitch, flats) {
  const tone = pitch % 12;
  const octave = Math.floor(pitch / 12) - 5;
  const black = [1, 3, 6, 8, 10].includes(tone);
  if (!black) return { step: octave * 7 + STEP_OF[tone], sign: "" };
  return flats || tone === 10 ? { step: octave * 7 + STEP_OF[tone + 1], sign: "♭" } : { step: octave * 7 + STEP_OF[tone - 1], sign: "♯" };
}

/** @param {import("../core/studio.js").Studio} studio @param {Score} score @param {number} width */
function staff(studio, score, width) {
  const track = score.tracks[studio.activeTrack];
  const ticks = barTicks(score);
  const perLine = Math.max(1, Math.min(4, Math.floor((width - 30) / 110)));
  const lines = Math.ceil((ticks.length - 1) / perLine);
  const mean = track.notes.reduce((sum, n) => sum + n[2], 0) / Math.max(1, track.notes.length);
  const bass = mean < 57;
  const flats = /[♭b]|^(F|D minor|G minor|C minor|F minor)/.test(score.keys[0]?.[1] ?? "");
  const picture = s("svg", { viewBox: `0 0 ${width} ${lines * SYSTEM}`, class: "staff-picture", role: "img", "aria-label": studio.say("staff.label", { name: track.name, bars: ticks.length - 1 }) });
  const chords = chordsByBar(score);
  for (let line = 0; line < lines; line++) {
    const group = s("g", { transform: `translate(0 ${line * SYSTEM})` });
    for (let i = 0; i < 5; i++) put(group, s("path", { class: "staff-line", d: `M0 ${TOP + i * GAP}H${width}` }));
    put(group, s("path", { class: "staff-clef", d: bass ? BASS : TREBLE, transform: bass ? `translate(2 ${TOP - 4})` : `translate(4 ${TOP + 4}) scale(0.85)` }));
    const barWidth = (width - 30) / perLine;
    for (let at = 0; at < perLine; at++) {
      const bar = line * perLine + at;
      if (bar >= ticks.length - 1) break;
      const left = 30 + at * barWidth;
      put(group, s("path", { class: "staff-line", d: `M${left + barWidth - 1} ${TOP}v${GAP * 4}` }), s("text", { x: left + 2, y: TOP - 58, class: "staff-number" }, String(bar + 1)));
      for (const mark of chords[bar].slice(0, 3)) {
        if (mark.chord) put(group, s("text", { x: left + 4 + ((mark.tick - ticks[bar]) / (ticks[bar + 1] - ticks[bar])) * (barWidth - 14), y: TOP - 44, class: "staff-chord" }, mark.chord));
      }
      const notes = track.notes.filter((n) => n[0] >= ticks[bar] && n[0] < ticks[bar + 1]);
      for (const note of notes) {
        const x = left + 10 + ((note[0] - ticks[bar]) / (ticks[bar + 1] - ticks[bar])) * (barWidth - 18);
        put(group, noteSign(score, note, x, bass, flats));
      }
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
