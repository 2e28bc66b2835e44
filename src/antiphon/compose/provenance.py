"""Where a piece comes from: what of it stands in the pieces that its model learned from, and what the model is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.compose.beside import folder_of, part_of
from antiphon.evaluate.originality import Index
from antiphon.evaluate.originality_report import Originality, Part
from antiphon.generate.request import Description, Generator
from antiphon.music.score import Score, Track, notes_array

FILE = "originality.npz"
LEAST_RUN = 9
"""Shorter runs are found by chance in any large repertoire and are never called a copy."""
LEAST_SHARE = 0.1
"""A smaller share of figures of nine notes is never called a copy: in a short melody it is one figure."""
PLAIN_RUN = 24
"""Where no held-out music was there to compare with, a run of more notes is called a copy."""
FIGURE = 8
"""Steps of the figures whose share is told: nine notes."""


@dataclass(frozen=True, slots=True)
class Copying:
    """What of one piece stands in the training pieces.

    Attributes:
      report: every part that could be compared.
      judged: role -> what is said of it; parts too short to tell are left out.
      excess: the most that a measure of a judged part reaches, the 95th percentile of human pieces being 1.
      copies: whether more is copied than nineteen of twenty human pieces of this length do by chance or custom.
    """

    report: Originality
    judged: Mapping[str, Part]
    excess: float
    copies: bool

    def text(self) -> str:
        """One sentence on the part that is copied most."""
        if not self.judged:
            return "No part of it can be compared with the training pieces."
        role, part = max(self.judged.items(), key=lambda item: item[1].longest)
        if part.longest == 0:
            return f"Not five notes of the {role} in a row stand in a training piece."
        where = f" ({part.nearest[0].song}, from bar {part.nearest[0].bar})" if part.nearest and part.nearest[0].song else ""
        words = f"At most {part.longest} notes in a row of the {role} stand in a training piece{where}"
        if "longest" in part.human:
            middle, high = part.human["longest"]
            words += f"; pieces by people that the model never saw have {middle:g}, nineteen in twenty no more than {high:g}"
        return words + "."

    def to_dict(self) -> dict[str, Any]:
        """JSON values for a manifest."""
        return {
            "copies_more_than_people": self.copies,
            "excess": round(self.excess, 4),
            "said": self.text(),
            "parts": {
                role: {
                    "notes": part.notes,
                    "longest_run": part.longest,
                    "figure_share": round(part.shares[FIGURE], 4),
                    "human": {name: {"median": round(m, 4), "p95": round(h, 4)} for name, (m, h) in _told(part).items()},
                    "percentile": {name: round(part.percentile[name], 1) for name in _told(part)},
                    "longest_runs": [{"notes": p.notes, "bar": p.bar, "piece": p.song} for p in part.nearest],
                    "nearest": None
                    if part.likest is None
                    else {"piece": part.likest[0], "figures_shared": round(part.likest[1], 4)},
                }
                for role, part in self.report.parts.items()
            },
        }


def _told(part: Part) -> dict[str, tuple[float, float]]:
    """The two human yardsticks that count."""
    return {name: part.human[name] for name in ("longest", f"share{FIGURE}") if name in part.human}


def index_of(generator: Generator) -> Index | None:
    """The originality index that ships with the generator's snapshot; None where it has none.

    Raises:
      SnapshotError: the index is damaged or of another version.
    """
    folder = folder_of(generator)
    return None if folder is None else index_in(folder)


def index_in(folder: Path) -> Index | None:
    """The originality index in a snapshot's folder; None where there is none.

    Raises:
      SnapshotError: it is damaged or of another version.
    """
    return part_of(folder, FILE, Index.load, "index")


def copying(score: Score, index: Index, before: Score | None = None) -> Copying:
    """What of a piece stands in the indexed pieces.

    Args:
      score: the piece.
      before: what was given, in the same tracks; only notes that are not in it count, since they are the model's own.
    """
    report = index.report(score if before is None else added(score, before))
    judged = {role: part for role, part in report.parts.items() if part.notes > LEAST_RUN}
    excess = max((_excess(part) for part in judged.values()), default=0.0)
    return Copying(report, judged, excess, any(_copies(part, len(judged)) for part in judged.values()))


def _excess(part: Part) -> float:
    """The most that a measure reaches, 1 being what nineteen of twenty human pieces keep to."""
    high = part.human["longest"][1] if "longest" in part.human else float(PLAIN_RUN)
    run = part.longest / max(high, LEAST_RUN)
    name = f"share{FIGURE}"
    if name not in part.human:
        return run
    return max(run, part.shares[FIGURE] / max(part.human[name][1], LEAST_SHARE))


def _copies(part: Part, judged: int) -> bool:
    """Whether a part goes beyond the yardstick; of several parts each gets its share of the one in twenty."""
    if _excess(part) <= 1:
        return False
    return not part.percentile or max(part.percentile["longest"], part.percentile[f"share{FIGURE}"]) > 100 - 5 / judged


def added(score: Score, before: Score) -> Score:
    """The piece with only those notes that were not there before: track by track, in order; new tracks whole."""
    tracks: list[Track] = []
    for i, track in enumerate(score.tracks):
        if i >= len(before.tracks):
            tracks.append(track)
            continue
        old = {(n.onset, n.pitch) for n in before.tracks[i]}
        fresh = np.array([(n.onset, n.pitch) not in old for n in track], dtype=bool)
        notes = notes_array(track.notes[fresh]) if len(track) else track.notes
        tracks.append(Track(track.name, track.program, track.is_drum, notes, track.pedals))
    return score.with_tracks(tracks)


def model_provenance(model: Description) -> dict[str, Any]:
    """What a model is made of, in its own words: data, licences, training, recipe; what it does not say is None."""
    recipe = model.card.get("recipe")
    return {
        "model": model.name,
        "digest": model.digest,
        "data": model.card.get("data"),
        "licences": model.card.get("licences", model.card.get("licence")),
        "trained": model.card.get("trained"),
        "recipe": recipe.get("name") if isinstance(recipe, dict) else recipe,
        "faults": model.card.get("faults"),
    }
