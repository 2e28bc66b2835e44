// Drawing of rolls on canvases: colours of the theme, sharp pixels, grids and notes.

import { barTicks, beatTicks, pitchRange } from "../music/score.js";

/** @typedef {import("../core/types.js").Score} Score */
/** @typedef {import("../core/types.js").Track} Track */

const NAMES = [
  "ink", "ink-2", "surface", "sunk", "accent", "accent-soft", "select", "roll", "roll-black", "roll-bar", "roll-beat", "line",
  "line-strong", "playhead", "focus", "track-1", "track-2", "track-3", "track-4", "track-5", "track-6", "track-7", "track-8",
];
export const TRACK_COLOURS = 8;

/** @type {Record<string, string> | null} */
let known = null;

/** Colours of the theme in force. @returns {Record<string, string>} */
export function palette() {
  if (!known) {
    const style = getComputedStyle(document.documentElement);
    known = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return known;
}

/** The theme has changed: look the colours up again. */
export function forgetPalette() {
  known = null;
}

/** Colour of a track by its place. @param {number} index */
export function trackColour(index) {
  return palette()[`track-${(index % TRACK_COLOURS) + 1}`];
}

/**
 * Make a canvas as many pixels as it shows, and give its pen in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @returns {CanvasRenderingContext2D}
 */
export function penFor(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const pixels = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== pixels[0]) canvas.width = pixels[0];
  if (canvas.height !== pixels[1]) canvas.height = pixels[1];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/**
 * Bar lines, and beat lines where they do not crowd.
 * @param {CanvasRenderingContext2D} pen
 * @param {Score} score
 * @param {(tick: number) => number} x
 * @param {{from: number, to: number, top: number, bottom: number, beats: boolean}} area ticks and pixels
 */
export function paintGrid(pen, score, x, area) {
  const colours = palette();
  const ticks = barTicks(score);
  for (let bar = 0; bar < ticks.length; bar++) {
    if (ticks[bar] > area.to || (ticks[bar + 1] ?? Infinity) < area.from) continue;
    if (area.beats && bar < ticks.length - 1) {
      const beat = beatTicks(score, ticks[bar]);
      pen.fillStyle = colours["roll-beat"];
      for (let tick = ticks[bar] + beat; tick < ticks[bar + 1] - 1; tick += beat) {
        pen.fillRect(Math.round(x(tick)), area.top, 1, area.bottom - area.top);
      }
    }
    pen.fillStyle = colours["roll-bar"];
    pen.fillRect(Math.round(x(ticks[bar])), area.top, 1, area.bottom - area.top);
  }
}

/**
 * The notes of a track as bars of its colour, soft notes paler.
 * @param {CanvasRenderingContext2D} pen
 * @param {Track} track
 * @param {string} colour
 * @param {(tick: number) => number} x
 * @param {(pitch: number) => number} y top of a pitch's row
 * @param {{from: number, to: number, height: number, alpha?: number}} area
 */
export function paintNotes(pen, track, colour, x, y, area) {
  pen.fillStyle = colour;
  for (const [onset, duration, pitch, velocity] of track.notes) {
    if (onset > area.to) break;
    if (onset + duration < area.from) continue;
    const left = x(onset);
    const width = Math.max(1.5, (track.drums ? Math.min(4, x(onset + duration) - left) : x(onset + duration) - left) - 0.75);
    pen.globalAlpha = (area.alpha ?? 1) * (0.55 + (0.45 * velocity) / 127);
    pen.beginPath();
    pen.roundRect(left, y(pitch), width, Math.max(1.5, area.height), Math.min(2, area.height / 3));
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/**
 * A whole piece in a small picture, all tracks over each other.
 * @param {HTMLCanvasElement} canvas
 * @param {Score} score
 * @param {number} width
 * @param {number} height
 */
export function paintPicture(canvas, score, width, height) {
  const pen = penFor(canvas, width, height);
  const end = Math.max(score.ticks, 1);
  const x = (/** @type {number} */ tick) => (tick / end) * width;
  const pitched = score.tracks.filter((track) => !track.drums);
  const [low, high] = pitchRange(pitched.length ? pitched : score.tracks);
  const drums = score.tracks.some((track) => track.drums && track.notes.length);
  const floor = height - (drums && pitched.length ? 16 : 4);
  const row = (floor - 5) / (high - low + 1);
  paintGrid(pen, score, x, { from: 0, to: end, top: 0, bottom: height, beats: false });
  score.tracks.forEach((track, index) => {
    const y = track.drums && pitched.length
      ? (/** @type {number} */ pitch) => floor + 2 + (pitch % 5) * 2.4
      : (/** @type {number} */ pitch) => 3 + (high - pitch) * row;
    paintNotes(pen, track, trackColour(index), x, y, { from: 0, to: end, height: Math.min(track.drums ? 2 : 6, Math.max(2.6, row)) });
  });
}

/** Slanting lines over what is locked. @param {CanvasRenderingContext2D} pen @param {number} left @param {number} top @param {number} width @param {number} height */
export function paintHatch(pen, left, top, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  pen.strokeStyle = palette()["line-strong"];
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = left - height; at < left + width; at += 8) {
    pen.moveTo(at, top + height);
    pen.lineTo(at + height, top);
  }
  pen.stroke();
  pen.restore();
}
