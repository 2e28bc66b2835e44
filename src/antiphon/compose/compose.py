"""The one sentence: brief, plan, takes, choice, finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from antiphon.compose.brief import Brief
from antiphon.compose.critique import Verdict
from antiphon.compose.critique_rank import rank
from antiphon.compose.drawings import Choosing, drawings_of
from antiphon.compose.finish import finished
from antiphon.compose.plan import Plan, plan, take_seed
from antiphon.compose.styles import usual_style
from antiphon.compose.wishes import Wish, check
from antiphon.errors import BriefError, SnapshotError
from antiphon.evaluate.preference import Preference
from antiphon.generate.request import Description, Generator
from antiphon.music.score import Score

Progress = Callable[[str], None]
"""Told, in a few words, what begins now."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A finished piece and everything about how it came to be.

    Attributes:
      score: the piece.
      brief, plan: what was asked and what was made of it.
      model: what the snapshot says of itself.
      verdicts: the critic on each take, in order; chosen: index of the take that became the score.
      wishes: each wish measured on the score.
      takes: all takes, finished, in order.
      notes: one sentence for every repair of the chosen take, and for what could not be represented.
      originality: what of the score stands in the training pieces, as JSON values.
    """

    score: Score
    brief: Brief
    plan: Plan
    model: Description
    verdicts: tuple[Verdict, ...]
    chosen: int
    wishes: tuple[Wish, ...]
    takes: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    originality: dict[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Names the piece, together with the model and the rest of the brief."""
        return self.brief.seed


def find_generator(brief: Brief) -> Generator:
    """The generator that the brief means: its model, or the shipped snapshot that leads in its style.

    Raises:
      BriefError: there is no such style.
      SnapshotError: the model is missing, damaged or of another version.
    """
    from antiphon.generate import load  # only here: it brings onnxruntime, and a caller with a generator needs none

    if brief.model is not None:
        return load.load(brief.model)
    style = brief.style or usual_style(brief)
    styles = load.available()
    if not styles:
        raise SnapshotError("This installation holds no trained model; name one with --model FOLDER.")
    if style not in styles:
        raise BriefError(f"There is no style {style!r}; available: {', '.join(styles)}.")
    # as with a meter that the leading snapshot lacks, a wish that it cannot obey goes to the style's own sequence model
    narrowed = brief.top_k or brief.repetition_penalty not in (None, 1.0)
    return load.load(style if narrowed else load.leading(style, brief.meter))


def compose(
    brief: Brief,
    generator: Generator | None = None,
    progress: Progress | None = None,
    remarks: tuple[str, ...] = (),
    preference: Preference | None = None,
) -> Composition:
    """A piece that answers the brief: several takes are written, each is finished and judged, the best is kept.

    The same model, brief and seed give the same score, whatever the number of takes does to the choice: take i is the
    same piece however many are written, as long as each is drawn as often (see compose.drawings).

    Args:
      brief: the wishes.
      generator: who writes; None: the one that the brief means.
      progress: told what begins now.
      remarks: sentences to put first among the notes (as words of a sentence that were not understood).
      preference: the listener's taste, which has a say in the choice; None: the plain critic.

    Raises:
      BriefError: the generator cannot do what is asked.
      SnapshotError: the model is missing or damaged.
    """
    tell = progress or (lambda _: None)
    tell("loading the model")
    writer = generator if generator is not None else Choosing(find_generator(brief), drawings_of(brief))
    model = writer.description
    intent = plan(brief, model)
    tell(f"writing {brief.takes} take{'s' * (brief.takes > 1)} of {intent.request.bars} bars")
    takes = writer.write(intent.request, [take_seed(brief.seed, i) for i in range(brief.takes)])
    tell("judging")
    done = [finished(take.score, intent, model) for take in takes]
    scores = [one.score for one in done]
    ranking = rank(takes, scores, writer, intent.request, preference=preference)
    score, notes = scores[ranking.chosen], (*remarks, *ranking.notes, *done[ranking.chosen].notes)
    return Composition(
        score, brief, intent, model, ranking.verdicts, ranking.chosen, tuple(check(brief, intent, score)), tuple(scores),
        notes, ranking.originality,
    )  # fmt: skip
