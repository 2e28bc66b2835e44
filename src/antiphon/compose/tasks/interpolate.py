"""A path from one piece to another: ever more phrases of the second, joints written anew, key and tempo on the way."""

from __future__ import annotations

from dataclasses import replace

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.critique import Verdict
from antiphon.compose.fit import bars_of, tiling
from antiphon.compose.mixing import Mixed, mix, source_of
from antiphon.compose.plan import take_seed
from antiphon.compose.rewrite import Means, Work, rewrite
from antiphon.compose.tasks.asking import means_of, music_of
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator
from antiphon.music.score import Score

MAX_STEPS = 64


def interpolate(
    a: Score,
    b: Score,
    *,
    steps: int,
    style: str | None = None,
    model: str | None = None,
    chords: str | None = None,
    takes: int = 3,
    seed: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Pieces on the way from `a` to `b`: the first is `a` and the last is `b`, note for note.

    A seed orders the phrases of four bars; each step takes more of them from `b`. The length, the tempo (by ratio) and
    the key (by the shortest way of transposition) go along. Where phrases of both pieces meet, the bar before the joint
    is written anew by the model in the parts that both have.

    Args:
      steps: pieces on the path, both ends included: 2 to 64.
      takes: how many joints are written for each step, the best being kept.
      chords: "free" lets the model write the harmony of the joints.
      style, model, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Returns:
      An Answer whose `takes` are the steps; `score` is the middle one, with one verdict a step.

    Raises:
      BriefError: a piece has no note, or the number of steps cannot be.
      SnapshotError: the model is missing or damaged.
    """
    music_of(a)
    music_of(b)
    if not 2 <= steps <= MAX_STEPS:
        raise BriefError(f"A path has 2 to {MAX_STEPS} steps, both pieces included, not {steps}.")
    means, notes = means_of(
        a, style=style, model=model, takes=takes, seed=seed, temperature=temperature,
        top_k=top_k, repetition_penalty=repetition_penalty, generator=generator, progress=progress,
    )  # fmt: skip
    resolution = max(a.resolution, b.resolution)
    roles = means.writer.description.roles
    sources = [source_of(score, resolution, roles) for score in (a, b)]
    notes += [
        f"{name} is heard in {s.key} at {s.qpm:.4g} quarter notes a minute, {len(s.bars)} bars."
        for name, s in zip(("The first piece", "The second"), sources, strict=True)
    ]
    path, verdicts = [a], [_still(0, means.seed)]
    rewritten = 0
    for step in range(1, steps - 1):
        means.tell(f"step {step + 1} of {steps}")
        mixed = mix(sources[0], sources[1], step / (steps - 1), means.seed, step)
        piece, verdict, bars = _with_joints(mixed, means, step, free=chords is not None)
        path.append(piece)
        verdicts.append(verdict)
        rewritten += bars
    path.append(b)
    verdicts.append(_still(steps - 1, means.seed))
    if steps > 2:
        notes.append(f"{rewritten} bars at the joints of {steps - 2} steps were written anew.")
    ends = path[0] == a and path[-1] == b
    wish = Wish("ends", "the path begins and ends with the pieces as they are", ends, ends, "compared note for note")
    asked: dict[str, object] = {"steps": steps, "style": style, "model": model, "chords": chords}
    said = {name: value for name, value in asked.items() if value is not None} | means.told
    middle = steps // 2
    return Answer(
        "interpolate", said, path[middle], tuple(path), tuple(verdicts), middle, (wish,), tuple(notes),
        means.writer.description, means.seed,
    )  # fmt: skip


def _still(step: int, seed: int) -> Verdict:
    return Verdict(step, take_seed(seed, step), float("nan"), 0.0, ())


def _with_joints(mixed: Mixed, means: Means, step: int, *, free: bool) -> tuple[Score, Verdict, int]:
    """The piece with the bar before each joint written anew, where the model knows its meter; how many these are."""
    grid = bars_of(mixed.score)
    able = [n - 1 for n in mixed.joints if grid[n - 1].whole and tiling(grid[n - 1].meter, means.writer.description.meters)]
    roles = frozenset(r for r, p in mixed.parts.items() if any(len(mixed.score.tracks[i]) for i in p.tracks))
    if not able or not roles:
        return mixed.score, _still(step, means.seed), 0
    work = Work(mixed.score, grid, dict.fromkeys(able, roles), mixed.parts, mixed.score.chords, free)
    done = rewrite(work, replace(means, seed=take_seed(means.seed, step)))
    return done.takes[done.chosen], replace(done.verdicts[done.chosen], take=step), len(able)
