// The time axis that ruler, lanes and note editor share: zoom, scroll, and ticks to pixels.

import { barTicks } from "../music/score.js";

/** Tells "axis" on the bus whenever what is visible changes. */
export class Axis {
  /** @param {import("../core/bus.js").Bus} bus */
  constructor(bus) {
    this.bus = bus;
    /** @type {import("../core/types.js").Score | null} */
    this.score = null;
    this.scale = 0.05;
    this.left = 0;
    this.width = 600;
  }

  /** Pixel, within the view, of a tick. */
  x = (/** @type {number} */ tick) => tick * this.scale - this.left;

  /** Tick under a pixel of the view. */
  tick = (/** @type {number} */ x) => (x + this.left) / this.scale;

  /** First and last tick in view. */
  get from() {
    return this.left / this.scale;
  }

  get to() {
    return (this.left + this.width) / this.scale;
  }

  /** Whole length in pixels. */
  get length() {
    return this.score ? Math.max(this.score.ticks, 1) * this.scale : 0;
  }

  /** Mean width of a bar in pixels. */
  get barWidth() {
    return this.score ? this.length / Math.max(1, this.score.bars.length) : 0;
  }

  /** Show so many bars in the view. @param {number} bars */
  fit(bars) {
    if (!this.score) return;
    const ticks = Math.max(this.score.ticks, 1) / Math.max(1, this.score.bars.length);
    this.setScale(this.width / (ticks * bars));
  }

  /** @param {number} scale pixels a tick */
  setScale(scale) {
    if (!this.score) return;
    const quarter = this.score.resolution;
    const least = Math.min(10 / quarter, this.width / Math.max(this.score.ticks, 1));
    this.scale = Math.max(least, Math.min(240 / quarter, scale));
    this.bus.emit("axis", "scale");
  }

  /** Bar (from 1) under a pixel of the view, kept inside the piece. @param {number} x */
  bar(x) {
    const tick = this.tick(x);
    const ticks = this.score ? barTicks(this.score) : [0, 1];
    let bar = 1;
    while (bar < ticks.length - 1 && ticks[bar] <= tick) bar++;
    return bar;
  }
}
