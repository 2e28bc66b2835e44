// Musical time against the sound card's time, with or without a loop; pure arithmetic.

/** Where playing stands: at `startedAt` (context seconds) the piece stood at `from` (its own seconds). */
export class Timeline {
  /**
   * @param {number} startedAt
   * @param {number} from
   * @param {[number, number] | null} loop first and last second of the region played again and again
   */
  constructor(startedAt, from, loop) {
    this.startedAt = startedAt;
    this.loop = loop && loop[1] - loop[0] > 0.05 ? loop : null;
    this.from = this.loop && from >= this.loop[1] ? this.loop[0] : from;
  }

  /** Second of the piece that sounds at a time of the sound card. @param {number} now */
  position(now) {
    const gone = Math.max(0, now - this.startedAt);
    const plain = this.from + gone;
    if (!this.loop || plain < this.loop[1]) return plain;
    const [start, stop] = this.loop;
    return start + ((plain - stop) % (stop - start));
  }

  /**
   * The stretch of the piece that the n-th round plays, and when it begins on the sound card.
   * @param {number} round 0: from the start; 1, 2, ...: the loop again
   * @param {number} end where the piece ends
   * @returns {{first: number, stop: number, when: number} | null}
   */
  round(round, end) {
    if (!this.loop) return round === 0 ? { first: this.from, stop: end, when: this.startedAt } : null;
    const [start, stop] = this.loop;
    if (round === 0) return { first: this.from, stop, when: this.startedAt };
    return { first: start, stop, when: this.startedAt + (stop - this.from) + (round - 1) * (stop - start) };
  }
}
