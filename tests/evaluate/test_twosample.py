"""Two-sample tests: folds, calibration on equal sets, power on different ones, gradients of the network."""

from __future__ import annotations

from dataclasses import replace

import mido
import numpy as np
import pretty_midi
import pytest
from invented_songs import clips, songs

from antiphon.evaluate import damage, neural
from antiphon.evaluate import twosample as t
from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.descriptor import describe_all
from antiphon.io import midi
from antiphon.music.score import Score


def test_folds_keep_pieces_whole_and_classes_even() -> None:
    groups = [f"a{i // 3}" for i in range(30)] + [f"b{i // 3}" for i in range(30)]
    label = np.arange(60) < 30
    fold = t.group_folds(groups, label, 5, np.random.default_rng(0))
    assert all(len(set(fold[np.array(groups) == g])) == 1 for g in set(groups))
    assert np.bincount(fold[label]).tolist() == np.bincount(fold[~label]).tolist() == [6] * 5


def test_balance_takes_whole_pieces_first() -> None:
    groups = ["a"] * 2 + ["b", "b", "c", "c", "d", "d"]
    label = np.arange(8) < 2
    rows = t.balance(groups, label, np.random.default_rng(1))
    assert label[rows].sum() == 2 and len({groups[i] for i in rows if not label[i]}) == 1


def test_ridge_weights_against_the_normal_equations() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((40, 6)), rng.standard_normal(40)

    def loo(penalty: float) -> tuple[float, np.ndarray]:
        errors = []
        for i in range(40):
            keep = np.arange(40) != i
            w = np.linalg.solve(x[keep].T @ x[keep] + penalty * np.eye(6), x[keep].T @ y[keep])
            errors.append(float(y[i] - x[i] @ w) ** 2)
        return float(np.mean(errors)), np.linalg.solve(x.T @ x + penalty * np.eye(6), x.T @ y)

    best = min((loo(p) for p in t.RIDGE_GRID), key=lambda item: item[0])[1]
    assert t.ridge_weights(x, y) == pytest.approx(best, abs=1e-9)


def test_equal_sets_score_one_half_and_intervals_hold() -> None:
    """Forty draws of one distribution: the mean is one half and about 95% of the intervals hold it."""
    rng = np.random.default_rng(7)
    groups = [f"a{i // 2}" for i in range(80)] + [f"b{i // 2}" for i in range(80)]
    found = []
    for k in range(40):
        centre = np.repeat(rng.standard_normal((80, 12)), 2, axis=0)
        rows = centre + 0.5 * rng.standard_normal((160, 12))
        found.append(t.ridge_test(rows[:80], rows[80:], groups, k))
    assert np.mean([f.accuracy for f in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([f.low <= 0.5 <= f.high for f in found]) >= 0.85


def test_one_piece_a_side_gives_no_accuracy() -> None:
    assert np.isnan(t.ridge_test(np.zeros((3, 2)), np.ones((3, 2)), ["a"] * 3 + ["b"] * 3).accuracy)


def test_gradients_of_the_network_by_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("HIDDEN", 5), ("BAR_HIDDEN", 6), ("LAST", 4)):
        monkeypatch.setattr(neural, name, size)
    rng = np.random.default_rng(0)
    x, target = (rng.random((3, 8, 40)) < 0.2).astype(np.float64), np.array([1.0, 0, 1])
    w = {k: v.astype(np.float64) + 0.1 * rng.standard_normal(v.shape) for k, v in neural._start(40, rng).items()}
    keep = np.ones((3, 12))

    def loss() -> float:
        logit = neural._forward(w, x, keep).logit
        return float(np.mean(np.logaddexp(0, logit) - target * logit))

    gradients = neural._gradients(w, x, neural._forward(w, x, keep), keep, target)
    for name, values in w.items():
        at = tuple(int(rng.integers(0, n)) for n in values.shape)
        values[at] += 1e-5
        up = loss()
        values[at] -= 2e-5
        down = loss()
        values[at] += 1e-5
        assert (up - down) / 2e-5 == pytest.approx(gradients[name][at], abs=1e-6), name


def test_both_judges_know_random_notes_from_music() -> None:
    real, fake = clips(songs(40)), damage.random_notes(clips(songs(40, 100)), np.random.default_rng(0))
    groups = [f"a{i}" for i in range(40)] + [f"b{i}" for i in range(40)]
    ridge = t.ridge_test(describe_all(fake)[0], describe_all(real)[0], groups)
    network = neural.neural_test([*fake, *real], 40, groups)
    assert ridge.accuracy > 0.95 and network.accuracy > 0.9 and ridge.p_value < 1e-6


def through_pretty_midi(score: Score) -> Score:
    """The score as pretty_midi writes it: other resolution, loudness, names, order, programs, tempo, two empty bars before."""
    out = pretty_midi.PrettyMIDI(initial_tempo=90, resolution=220)
    for track in reversed(score.tracks):
        instrument = pretty_midi.Instrument(program=5, name="")
        for note in track:
            begin, end = ((32 + tick) * 60 / 90 / 4 for tick in (note.onset, note.onset + note.duration))
            instrument.notes.append(pretty_midi.Note(101, note.pitch, begin, end))
        out.instruments.append(instrument)
    return as_read(out)


def as_read(written: pretty_midi.PrettyMIDI) -> Score:
    import io

    buffer = io.BytesIO()
    written.write(buffer)
    return midi.loads(buffer.getvalue())


def through_mido(score: Score) -> Score:
    """The score as a hand-written mido file: 96 ticks a quarter note, running on one track a part."""
    import io

    file = mido.MidiFile(ticks_per_beat=96)
    for number, track in enumerate(score.tracks):
        events = sorted(
            [(n.onset * 24, 1, n.pitch) for n in track] + [((n.onset + n.duration) * 24, 0, n.pitch) for n in track]
        )
        out = mido.MidiTrack([mido.MetaMessage("track_name", name=f"T{number}")])
        now = 0
        for tick, on, pitch in events:
            out.append(mido.Message("note_on", note=pitch, velocity=64 * on, channel=number, time=tick - now))
            now = tick
        file.tracks.append(out)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return midi.loads(buffer.getvalue())


@pytest.fixture(scope="module")
def written() -> tuple[list[Clip], list[Clip], list[Clip]]:
    """One corpus: plain, through our own writer or mido, and through pretty_midi."""
    scores = songs(48)
    ours = [midi.loads(midi.dumps(s)) if i % 2 else through_mido(s) for i, s in enumerate(scores)]
    theirs = [through_pretty_midi(s) for s in scores]
    roles = common_roles(ours, theirs)
    assert not roles.by_name
    sets = [[c for i, s in enumerate(of) for c in cut_clips(s, 8, roles, str(i), 1)] for of in (scores, ours, theirs)]
    return sets[0], sets[1], sets[2]


def test_the_writer_of_a_file_leaves_no_trace_in_a_clip(written: tuple[list[Clip], list[Clip], list[Clip]]) -> None:
    for plain, ours, theirs in zip(*written, strict=True):
        for a, b, c in zip(plain.parts, ours.parts, theirs.parts, strict=True):
            for field in ("onset", "duration", "pitch"):
                assert getattr(a, field).tolist() == getattr(b, field).tolist() == getattr(c, field).tolist()


def test_two_writers_of_one_corpus_score_one_half(written: tuple[list[Clip], list[Clip], list[Clip]]) -> None:
    """Halves of one corpus, each by its own writer; averaged over ways to halve it."""
    _, ours, theirs = written
    vectors = [describe_all(of)[0] for of in (ours, theirs)]
    ridge, network = [], []
    for k in range(6):
        order = np.random.default_rng(k).permutation(48)
        a, b = order[:24], order[24:]
        groups = [f"a{i}" for i in a] + [f"b{i}" for i in b]
        ridge.append(t.ridge_test(vectors[0][a], vectors[1][b], groups, k).accuracy)
        if k < 3:
            network.append(neural.neural_test([*(ours[i] for i in a), *(theirs[i] for i in b)], 24, groups, k).accuracy)
    assert np.mean(ridge) == pytest.approx(0.5, abs=0.1) and np.mean(network) == pytest.approx(0.5, abs=0.15)


def test_a_pause_at_the_beginning_is_not_heard() -> None:
    plain = clips(songs(1))[0]
    late = replace(plain, parts=tuple(p._replace(onset=p.onset + 16, exact=p.exact + [4, 0]) for p in plain.parts))
    assert late.led().pitched[0].tolist() == plain.pitched[0].tolist()
