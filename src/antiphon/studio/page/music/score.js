// Pure functions of a score as the server tells it: time, bars, chords in force, and edits of notes.

/** @typedef {import("../core/types.js").Score} Score */
/** @typedef {import("../core/types.js").Note} Note */
/** @typedef {import("../core/types.js").Operation} Operation */

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** "C4" for 60. @param {number} pitch */
export function pitchName(pitch) {
  return NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
}

/** @param {Score} score @param {number} tick @returns {number} seconds */
export function secondsAt(score, tick) {
  let mark = score.tempos[0];
  for (const tempo of score.tempos) if (tempo[0] <= tick) mark = tempo;
  return mark[2] + ((tick - mark[0]) * 60) / (mark[1] * score.resolution);
}

/** @param {Score} score @param {number} seconds @returns {number} tick (a fraction) */
export function tickAt(score, seconds) {
  let mark = score.tempos[0];
  for (const tempo of score.tempos) if (tempo[2] <= seconds) mark = tempo;
  return mark[0] + ((seconds - mark[2]) * mark[1] * score.resolution) / 60;
}

/** Tick of each bar line and of the end: one more than there are bars. @param {Score} score @returns {number[]} */
export function barTicks(score) {
  const starts = score.bars.map((bar) => bar[0]);
  return [...starts, Math.max(score.ticks, (starts.at(-1) ?? 0) + 1)];
}

/** Bar (from 1) in which a tick lies. @param {Score} score @param {number} tick */
export function barOf(score, tick) {
  let low = 0;
  let high = score.bars.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (score.bars[middle][0] <= tick) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** Meter in force at a tick. @param {Score} score @param {number} tick @returns {[number, number, number]} */
export function meterAt(score, tick) {
  let found = score.meters[0];
  for (const meter of score.meters) if (meter[0] <= tick) found = meter;
  return found;
}

/** Ticks of one beat at a tick. @param {Score} score @param {number} tick */
export function beatTicks(score, tick) {
  return (score.resolution * 4) / meterAt(score, tick)[2];
}

/** Bar and beat, both from 1. @param {Score} score @param {number} tick @returns {{bar: number, beat: number}} */
export function placeOf(score, tick) {
  const bar = barOf(score, tick);
  const start = score.bars[bar - 1]?.[0] ?? 0;
  return { bar, beat: Math.floor((tick - start) / beatTicks(score, tick)) + 1 };
}

/**
 * The chords of each bar as they begin: what stands in the bar, else what still sounds from before.
 * @param {Score} score
 * @returns {{bar: number, beat: number, tick: number, chord: string | null, held: boolean}[][]} one list a bar
 */
export function chordsByBar(score) {
  const ticks = barTicks(score);
  /** @type {string | null | undefined} */
  let sounding;
  return score.bars.map(([start], index) => {
    const inside = score.chords.filter(([tick]) => tick >= start && tick < ticks[index + 1]);
    const out = inside.map(([tick, chord]) => ({ ...placeOf(score, tick), tick, chord, held: false }));
    if (sounding !== undefined && out[0]?.tick !== start) {
      out.unshift({ bar: index + 1, beat: 1, tick: start, chord: sounding, held: true });
    }
    if (inside.length) sounding = /** @type {[number, string | null]} */ (inside.at(-1))[1];
    return out;
  });
}

/** Lowest and highest pitch of some tracks, with room around them. @param {{notes: Note[]}[]} tracks @returns {[number, number]} */
export function pitchRange(tracks) {
  let low = 127;
  let high = 0;
  for (const track of tracks) {
    for (const note of track.notes) {
      if (note[2] < low) low = note[2];
      if (note[2] > high) high = note[2];
    }
  }
  return low > high ? [55, 79] : [low, high];
}

/** @param {Note} a @param {Note} b */
function order(a, b) {
  return a[0] - b[0] || a[2] - b[2] || a[1] - b[1] || a[3] - b[3];
}

/**
 * Index of the note that an operation names, or -1.
 * @param {Note[]} notes
 * @param {Operation} op
 */
function find(notes, op) {
  return notes.findIndex((n) => n[0] === op.onset && n[2] === op.pitch && (op.duration === undefined || n[1] === op.duration));
}

/**
 * The score after operations on single notes (add, remove, change); the others are the server's work.
 * @param {Score} score
 * @param {Operation[]} operations
 * @returns {Score}
 */
export function applyOperations(score, operations) {
  const tracks = score.tracks.slice();
  const touched = new Set();
  /** @param {number} index @returns {Note[]} */
  const open = (index) => {
    if (!touched.has(index)) {
      tracks[index] = { ...tracks[index], notes: tracks[index].notes.slice() };
      touched.add(index);
    }
    return tracks[index].notes;
  };
  for (const op of operations) {
    if (op.op === "add") open(op.track).push([op.onset, op.duration, op.pitch, op.velocity]);
    if (op.op !== "remove" && op.op !== "change") continue;
    const notes = open(op.track);
    const at = find(notes, op);
    if (at < 0) continue;
    const [note] = notes.splice(at, 1);
    if (op.op === "change") {
      const to = op.to;
      const target = open(to.track ?? op.track);
      target.push([to.onset ?? note[0], to.duration ?? note[1], to.pitch ?? note[2], to.velocity ?? note[3]]);
    }
  }
  for (const index of touched) tracks[index].notes.sort(order);
  return { ...score, tracks };
}

/**
 * Operations that put notes where they belong now; all go before any comes, so that none is taken for another.
 * @param {number} track
 * @param {Note[]} before
 * @param {Note[]} after
 * @returns {Operation[]}
 */
export function replaceNotes(track, before, after) {
  return [
    ...before.map(([onset, duration, pitch]) => ({ op: "remove", track, onset, duration, pitch })),
    ...after.map(([onset, duration, pitch, velocity]) => ({ op: "add", track, onset, duration, pitch, velocity })),
  ];
}

/**
 * Is a note, by where it begins, under a lock?
 * @param {Score} score
 * @param {import("../core/types.js").Lock[]} locks
 * @param {string} track
 * @param {number} tick
 */
export function isLocked(score, locks, track, tick) {
  const bar = barOf(score, tick);
  return locks.some((lock) => bar >= lock.first && bar <= lock.last && (lock.tracks === null || lock.tracks.includes(track)));
}

/** Minutes and seconds: "1:05". @param {number} seconds */
export function clockText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
