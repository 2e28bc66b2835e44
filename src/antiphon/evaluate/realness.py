"""A critic of one model: how much more a stretch is like music than like that model's takes, as a log-ratio of densities.

A logistic regression on the judge's descriptors, fitted to tell takes from music. Of many takes those are kept that it takes
for music: so the critic of a GAN goes on after training (discriminator rejection sampling, Azadi et al. 2019). A network of
its own would hear more, but a linear one cannot learn takes by heart, and says what it minds.

Legend: N clips, D descriptors, Q reference rows, L lengths.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.clip import Floats, cut_clips, named_roles
from antiphon.evaluate.descriptor import VERSION, Standardiser, describe_all
from antiphon.music.beats import bar_count
from antiphon.music.edit import transpose
from antiphon.music.score import Score
from antiphon.music.tonality import key_in
from antiphon.representations.events import transposition

FILE = "critic.npz"
"""Its name in a snapshot."""
ROWS = 127
"""Reference rows that are kept: quantiles of each descriptor over all takes and music."""
PENALTY = 30.0
"""Ridge penalty of the regression, against classes that weigh a half each."""
MOST_WINDOWS = 64
"""Of a piece."""
LEAST = 20
"""Pieces of each kind below which nothing is fitted."""
PARTS = ("reference", "weights", "centre", "figures")
SILENT = -100.0
"""Stands for the log-ratio of what cannot be heard."""
MINDED = 12
"""At most so many descriptors are named that speak against a piece."""


class Heard(NamedTuple):
    """What the critic thinks of a piece.

    Attributes:
      ratio: natural logarithm of how much likelier it is as music than as a take, the mean over its stretches.
      usual: the same of music that it was not fitted to, in the mean.
      minded: (descriptor, whether there is more of it than in music) of what speaks most against it, the gravest first.
    """

    ratio: float
    usual: float
    minded: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, eq=False)
class Length:
    """The regression for stretches of one length.

    Attributes:
      reference: quantiles of each descriptor [Q, D], by which values become ranks.
      weights: of the standardised descriptors, and a constant [D + 1].
      centre: mean standardised descriptors of music [D].
      usual: mean log-ratio of music that was not fitted to.
      right: how often such music and such takes are told apart.
    """

    reference: Floats
    weights: Floats
    centre: Floats
    usual: float
    right: float

    @cached_property
    def standard(self) -> Standardiser:
        """Descriptors to normal scores."""
        return Standardiser(self.reference)


@dataclass(frozen=True, eq=False)
class Realness:
    """A critic of the takes of one model.

    Attributes:
      roles: names of its tracks.
      names: of the descriptors.
      lengths: by bars of the stretches that are heard.
    """

    roles: tuple[str, ...]
    names: tuple[str, ...]
    lengths: Mapping[int, Length]

    def hear(self, scores: Sequence[Score]) -> list[Heard | None]:
        """What it thinks of pieces, by the longest stretches that each fills; None where one is too short or silent."""
        roles, homes = named_roles(self.roles), [at_home(score) for score in scores]
        out: list[Heard | None] = [None] * len(scores)
        for bars in sorted(self.lengths, reverse=True):
            open_ = [i for i, heard in enumerate(out) if heard is None and bar_count(scores[i]) >= bars]
            clips = [clip for i in open_ for clip in cut_clips(homes[i], bars, roles, str(i), MOST_WINDOWS)]
            if clips:
                vectors = self.lengths[bars].standard(single(describe_all(clips)[0]))
                owners = np.array([int(clip.group) for clip in clips])
                for i in np.unique(owners).tolist():
                    out[i] = self._heard(vectors[owners == i], self.lengths[bars])
        return out

    def ratios(self, scores: Sequence[Score]) -> list[float]:
        """The log-ratio alone; of what cannot be heard, less than any."""
        return [SILENT if found is None else found.ratio for found in self.hear(scores)]

    def _heard(self, vectors: Floats, length: Length) -> Heard:
        ratio = float((vectors @ length.weights[:-1]).mean() + length.weights[-1])
        against = (vectors.mean(0) - length.centre) * length.weights[:-1]
        worst = [int(d) for d in np.argsort(against)[:MINDED] if against[d] < 0]
        return Heard(ratio, length.usual, tuple((self.names[d], bool(length.weights[d] < 0)) for d in worst))

    def save(self, path: Path) -> None:
        """Write it as one file of arrays."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "version": np.array(VERSION), "roles": np.array(self.roles), "names": np.array(self.names),
            "lengths": np.array(list(self.lengths)),
        }  # fmt: skip
        for bars, length in self.lengths.items():
            values = (length.reference, length.weights, length.centre, np.array([length.usual, length.right]))
            arrays |= {f"{bars}/{part}": x.astype(np.float32) for part, x in zip(PARTS, values, strict=True)}
        partial = path.with_name(path.name + ".part")
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Realness:
        """Read what `save` wrote.

        Raises:
          FormatError: the file is damaged, or was fitted on another version of the descriptors.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["version"]) != VERSION:
                    raise FormatError(f"The critic in {path} hears {file['version']}, this version {VERSION}; fit it again.")
                lengths = {}
                for bars in file["lengths"].tolist():
                    parts = [np.asarray(file[f"{bars}/{part}"], np.float64) for part in PARTS]
                    lengths[bars] = Length(parts[0], parts[1], parts[2], *parts[3].tolist())
                return cls(tuple(file["roles"].tolist()), tuple(file["names"].tolist()), lengths)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise FormatError(f"The critic in {path} is damaged ({type(error).__name__}); fit it again.") from error


def at_home(score: Score) -> Score:
    """The piece in C major or A minor: in which key it is says nothing of how real it is."""
    try:
        return transpose(score, transposition(key_in(score)))
    except InputError:  # beyond the lowest or highest note of MIDI
        return score


def single(x: Floats) -> Floats:
    """Numbers as they come back from the file: what is equal to a quantile there must be equal to it here."""
    return x.astype(np.float32).astype(np.float64)


def fitted(made: Floats, real: Floats, made_of: Sequence[int], real_of: Sequence[int]) -> Length:
    """The regression that tells takes from music, by their descriptors [N, D].

    Args:
      made, real: of stretches of one length.
      made_of, real_of: the number of the take or piece that each is from; even ones are tried by what odd ones taught.

    Raises:
      InputError: there are fewer than LEAST takes or pieces.
    """
    rows, sides = (single(made), single(real)), (np.array(made_of), np.array(real_of))
    if min(len(np.unique(side)) for side in sides) < LEAST:
        raise InputError(f"A critic is fitted to at least {LEAST} takes and as many pieces of music; there are fewer.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a descriptor that means nothing in any clip
        reference = np.nanquantile(np.concatenate(rows), np.linspace(0, 1, ROWS), axis=0)
    standard = Standardiser(single(reference))
    takes, music = standard(rows[0]), standard(rows[1])
    right, usual = [], []
    for half in (0, 1):
        weights = logistic(takes[sides[0] % 2 != half], music[sides[1] % 2 != half], PENALTY)
        heard = [x[side % 2 == half] @ weights[:-1] + weights[-1] for x, side in zip((takes, music), sides, strict=True)]
        right.append((float((heard[0] < 0).mean()) + float((heard[1] > 0).mean())) / 2)
        usual.append(float(heard[1].mean()))
    weights = logistic(takes, music, PENALTY)
    return Length(reference, weights, music.mean(0), float(np.mean(usual)), float(np.mean(right)))


def logistic(made: Floats, real: Floats, penalty: float) -> Floats:
    """Weights [D + 1] of a logistic regression of real against made rows, the constant last; Newton's method.

    Both classes weigh the same however many rows they have, so that the outcome is a log-ratio of densities.
    """
    rows = np.concatenate([made, real])
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    label = np.arange(len(rows)) >= len(made)
    mass = np.where(label, 0.5 / label.mean(), 0.5 / (1 - label.mean()))
    ridge = np.full(rows.shape[1], penalty)
    ridge[-1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        sure = 1 / (1 + np.exp(-np.clip(rows @ weights, -50, 50)))
        slope = rows.T @ (mass * (sure - label)) + ridge * weights
        curve = (rows * (mass * sure * (1 - sure))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights
