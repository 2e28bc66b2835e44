// Where on the staff's picture each bar lies: plain arithmetic between bars, ticks and pixels.

import { barOf } from "../music/score.js";

/** Pixels between two lines of a staff, above its top line, and from one row of bars to the next. */
export const GAP = 9;
export const TOP = 72;
export const SYSTEM = 168;
/** Room for the clef. */
const LEFT = 30;
const NARROWEST = 110;
const MOST = 4;

/** Rows of equally wide bars in a picture of a width. */
export class StaffPlaces {
  /** @param {number[]} ticks of each bar line and of the end @param {number} width pixels */
  constructor(ticks, width) {
    this.ticks = ticks;
    this.width = width;
    this.bars = ticks.length - 1;
    this.perRow = Math.max(1, Math.min(MOST, Math.floor((width - LEFT) / NARROWEST)));
    this.rows = Math.ceil(this.bars / this.perRow);
    this.barWidth = (width - LEFT) / this.perRow;
    this.height = this.rows * SYSTEM;
  }

  /** Row of a bar, from 0. @param {number} bar from 1 */
  row(bar) {
    return Math.floor((bar - 1) / this.perRow);
  }

  /** Left edge of a bar. @param {number} bar from 1 */
  left(bar) {
    return LEFT + ((bar - 1) % this.perRow) * this.barWidth;
  }

  /** Pixel, from the left of the picture, at which a tick of a bar is drawn. @param {number} bar from 1 @param {number} tick */
  x(bar, tick) {
    const [start, stop] = [this.ticks[bar - 1], this.ticks[bar]];
    const share = Math.max(0, Math.min(1, (tick - start) / (stop - start)));
    return this.left(bar) + 10 + share * (this.barWidth - 18);
  }

  /** Bar, from 1, that lies under a point of the picture, or next to it. @param {number} x @param {number} y */
  barAt(x, y) {
    const row = Math.max(0, Math.min(this.rows - 1, Math.floor(y / SYSTEM)));
    const at = Math.max(0, Math.min(this.perRow - 1, Math.floor((x - LEFT) / this.barWidth)));
    return Math.min(this.bars, row * this.perRow + at + 1);
  }

  /** Where a key leads from a bar: by bars, by rows, to either end; null for other keys. @param {string} key @param {number} bar */
  step(key, bar) {
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: bar - 1, ArrowRight: bar + 1, ArrowUp: bar - this.perRow, ArrowDown: bar + this.perRow,
      PageUp: bar - 4 * this.perRow, PageDown: bar + 4 * this.perRow, Home: 1, End: this.bars,
    };
    return key in targets ? Math.max(1, Math.min(this.bars, targets[key])) : null;
  }
}

/** Bar, from 1, in which a tick of a piece lies, its end being part of the last one. @param {import("../core/types.js").Score} score @param {number} tick */
export function soundingBar(score, tick) {
  return barOf(score, Math.max(0, Math.min(tick + 1e-6, score.ticks - 1)));
}
