// Hand-checked facts of the page's pure modules; run by test_page_logic.py where a node is installed.

import assert from "node:assert/strict";

const page = process.argv[2];
const { applyOperations, barOf, barTicks, beatTicks, chordsByBar, clockText, isLocked, pitchName, placeOf, replaceNotes, secondsAt, tickAt } = await import(`${page}/music/score.js`);
const { Timeline } = await import(`${page}/sound/timeline.js`);
const { eventsOf } = await import(`${page}/sound/layers.js`);
const { spell } = await import(`${page}/views/staff.js`);
const { StaffPlaces, soundingBar } = await import(`${page}/views/staffplace.js`);
const { voiceName } = await import(`${page}/sound/synth.js`);
const { fillPath } = await import(`${page}/core/api.js`);

const score = {
  take: "t_1", resolution: 480, ticks: 7680, seconds: 10,
  bars: [[0, 0], [1920, 2], [3840, 4], [5760, 8]],
  tempos: [[0, 120, 0], [3840, 60, 4]], meters: [[0, 4, 4]], keys: [[0, "A minor"]],
  chords: [[0, "Am"], [2880, "F"], [5760, null]], sections: [[0, "A"]],
  tracks: [
    { index: 0, name: "melody", program: 0, instrument: "piano", drums: false, notes: [[0, 480, 60, 80], [480, 480, 62, 80]] },
    { index: 1, name: "bass", program: 33, instrument: "bass", drums: false, notes: [[3840, 960, 40, 90]] },
  ],
};

// Time: two bars at 120, then two at 60.
assert.equal(secondsAt(score, 1920), 2);
assert.equal(secondsAt(score, 4320), 5);
for (const tick of [0, 1, 1919, 3840, 5000, 7680]) assert.ok(Math.abs(tickAt(score, secondsAt(score, tick)) - tick) < 1e-6);
assert.deepEqual(barTicks(score), [0, 1920, 3840, 5760, 7680]);
assert.equal(barOf(score, 0), 1);
assert.equal(barOf(score, 1919), 1);
assert.equal(barOf(score, 1920), 2);
assert.equal(barOf(score, 999999), 4);
assert.deepEqual(placeOf(score, 1920 + 960), { bar: 2, beat: 3 });
assert.equal(beatTicks({ ...score, meters: [[0, 6, 8]] }, 0), 240);
assert.equal(pitchName(60), "C4");
assert.equal(pitchName(21), "A0");
assert.equal(clockText(65.9), "1:05");

// Chords: what begins in the bar, else what still sounds.
const chords = chordsByBar(score);
assert.deepEqual(chords.map((bar) => bar.map((mark) => `${mark.chord}${mark.held ? "~" : ""}`)), [["Am"], ["Am~", "F"], ["F~"], ["null"]]);

// Edits: a new score, the old one untouched; all removed before any comes.
const moved = applyOperations(score, replaceNotes(0, [[0, 480, 60, 80], [480, 480, 62, 80]], [[0, 480, 62, 80], [480, 480, 64, 80]]));
assert.deepEqual(moved.tracks[0].notes, [[0, 480, 62, 80], [480, 480, 64, 80]]);
assert.deepEqual(score.tracks[0].notes[0], [0, 480, 60, 80]);
assert.equal(moved.tracks[1], score.tracks[1]);
const changed = applyOperations(score, [{ op: "change", track: 0, onset: 0, pitch: 60, to: { track: 1, pitch: 41 } }]);
assert.deepEqual(changed.tracks.map((track) => track.notes.length), [1, 2]);
assert.deepEqual(changed.tracks[1].notes[0], [0, 480, 41, 80]);
assert.deepEqual(applyOperations(score, [{ op: "remove", track: 0, onset: 7, pitch: 60 }]).tracks[0].notes.length, 2);

// Locks.
const locks = [{ first: 2, last: 3, tracks: ["bass"] }];
assert.equal(isLocked(score, locks, "bass", 3840), true);
assert.equal(isLocked(score, locks, "melody", 3840), false);
assert.equal(isLocked(score, locks, "bass", 5760), false);

// Playing: events in seconds; a loop goes round exactly.
assert.deepEqual(eventsOf(score).map((event) => [event.when, event.seconds]), [[0, 0.5], [0.5, 0.5], [4, 2]]);
const loop = new Timeline(100, 1, [2, 4]);
assert.equal(loop.position(100), 1);
assert.equal(loop.position(102.5), 3.5);
assert.equal(loop.position(103), 2);
assert.equal(loop.position(106.25), 3.25);
assert.deepEqual(loop.round(0, 10), { first: 1, stop: 4, when: 100 });
assert.deepEqual(loop.round(2, 10), { first: 2, stop: 4, when: 105 });
assert.equal(new Timeline(0, 9, [2, 4]).from, 2);
assert.equal(new Timeline(0, 0, null).round(1, 10), null);

// Spelling on the staff, sounds of instruments, safe paths.
assert.deepEqual(spell(60, false), { step: 0, sign: "" });
assert.deepEqual(spell(61, false), { step: 0, sign: "♯" });
assert.deepEqual(spell(61, true), { step: 1, sign: "♭" });
assert.deepEqual(spell(71, false), { step: 6, sign: "" });

// The staff's rows: 298 pixels hold two bars of 134 beside the clef's 30; keys lead to bars, points to the bar below them.
const places = new StaffPlaces(barTicks(score), 298);
assert.deepEqual([places.perRow, places.rows, places.barWidth, places.height], [2, 2, 134, 336]);
assert.deepEqual([1, 2, 3, 4].map((bar) => [places.row(bar), places.left(bar)]), [[0, 30], [0, 164], [1, 30], [1, 164]]);
assert.deepEqual([places.x(2, 1920), places.x(2, 2880), places.x(2, 3840)], [174, 232, 290]);
assert.deepEqual([[0, 0], [163, 167], [164, 0], [40, 168], [900, 900]].map(([x, y]) => places.barAt(x, y)), [1, 1, 2, 3, 4]);
assert.equal(new StaffPlaces([0, 1, 2, 3], 298).barAt(290, 300), 3);
assert.deepEqual(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageDown", "x"].map((key) => places.step(key, 2)), [1, 3, 1, 4, 1, 4, 4, null]);
assert.deepEqual([-1, 0, 1919, 1920, 7679, 7680, 9999].map((tick) => soundingBar(score, tick)), [1, 1, 1, 2, 4, 4, 4]);
assert.equal(voiceName(0), "piano");
assert.equal(voiceName(40), "strings");
assert.equal(voiceName(52), "voice");
for (let program = 0; program < 128; program++) assert.ok(voiceName(program));
assert.equal(fillPath("/api/takes/{take}/files/{file}", { take: "../a b", file: "x/y" }), "/api/takes/..%2Fa%20b/files/x%2Fy");

console.log("all held");
