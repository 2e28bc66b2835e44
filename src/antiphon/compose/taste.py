"""A listener's taste beside the critic: features of a piece, ratings in a file, a preference learnt from them and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.compose.critique_ear import ANY, departures, ear_for
from antiphon.compose.critique_measures import NAMES, measures
from antiphon.errors import FormatError, InputError
from antiphon.evaluate.preference import Choice, Preference, Rating, Stars, Thumb, fit
from antiphon.music.beats import duration_seconds
from antiphon.music.measure import piece_key
from antiphon.music.score import Score

Floats = npt.NDArray[np.float64]

OWN = ("minor", "mean pitch", "tempo", "loudness", "length", "critic's points")
"""Features beside the critic's measures: mode, register, tempo and length (logarithms), loudness, what the critic thinks."""
FEATURES = (*NAMES, *OWN)


def features(score: Score) -> Floats:
    """What a listener's taste is about, in the order of FEATURES [d]; nan where a feature means nothing in this piece."""
    found = measures(score)
    notes = [t.notes for t in score.tracks if len(t) and not t.is_drum]
    key = piece_key(score)
    seconds = duration_seconds(score)
    own = (
        math.nan if key is None else float(key.minor),
        float(np.concatenate([n["pitch"] for n in notes]).mean()) if notes else math.nan,
        math.log2(score.tempos[0].qpm),
        float(np.concatenate([n["velocity"] for n in notes]).mean()) if notes else math.nan,
        math.log2(seconds) if seconds > 0 else math.nan,
        math.log1p(sum(d.points for d in departures(found, ear_for(ANY)))) if found else math.nan,
    )
    return np.array([*(found.get(name, math.nan) for name in NAMES), *own])


def learn(path: Path, load: Callable[[Path], Score]) -> Preference:
    """The preference that a file of ratings tells.

    The file is JSON: {"ratings": [{"file": "a.mid", "stars": 4}, {"file": "b.mid", "thumb": "up"},
    {"better": "a.mid", "worse": "b.mid"}, ...]}; paths are relative to it. "features" may stand there as well, as
    {"a.mid": [...]}: then these files need not be there.

    Args:
      path: of the file.
      load: reads a piece.

    Raises:
      InputError: the file is missing or not of this form, or a rating is out of its limits.
      AntiphonError: a piece cannot be read.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rows, given = list(data["ratings"]), dict(data.get("features", {}))
    except OSError as error:
        raise InputError(f"The ratings {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f'{path} holds no ratings; write {{"ratings": [{{"file": "a.mid", "stars": 4}}, ...]}}.') from error
    names: list[str] = []
    ratings = [_rating(row, names, path) for row in rows]
    table = [_row(name, given, path, load) for name in names]
    return fit(np.array(table).reshape(len(names), len(FEATURES)), ratings, FEATURES)


def _row(name: str, given: dict[str, Any], path: Path, load: Callable[[Path], Score]) -> Floats:
    if name not in given:
        return features(load(path.parent / name))
    try:
        row = np.array(given[name], dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"The features of {name!r} in {path} are no numbers.") from error
    if row.shape != (len(FEATURES),):
        raise InputError(f"The features of {name!r} in {path} are {row.size}, not {len(FEATURES)}.")
    return row


def _rating(row: object, names: list[str], path: Path) -> Rating:
    """One rating; its pieces join the names."""

    def place(name: object) -> int:
        if not isinstance(name, str) or not name:
            raise InputError(f"A rating in {path} names no file: {row!r}.")
        if name not in names:
            names.append(name)
        return names.index(name)

    if isinstance(row, dict) and {"better", "worse"} <= row.keys():
        return Choice(place(row["better"]), place(row["worse"]))
    if isinstance(row, dict) and row.get("thumb") in ("up", "down"):
        return Thumb(place(row.get("file")), row["thumb"] == "up")
    if isinstance(row, dict) and isinstance(row.get("stars"), int | float) and not isinstance(row["stars"], bool):
        return Stars(place(row.get("file")), float(row["stars"]))
    raise InputError(f"{row!r} in {path} is no rating; give stars (1 to 5), a thumb (up, down), or better and worse.")


def read_preference(path: Path) -> Preference:
    """The preference in a file that `antiphon critic update` wrote.

    Raises:
      InputError: the file is missing.
      FormatError: it holds no preference, or one of other features.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The critic {path} cannot be read ({error}); make one with 'antiphon critic update'.") from error
    found = Preference.from_json(text)
    if found.names != FEATURES:
        raise FormatError(f"The critic {path} was learnt from other features than this version hears; update it again.")
    return found
