"""How tracks are called, found by what a user types, and listed in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from antiphon.errors import BriefError
from antiphon.music.instruments import PROGRAMS
from antiphon.music.score import Score


def named_tracks(score: Score, name: str) -> list[int]:
    """Tracks that a user means: by their name, else by a part of it, else by their number ("track 3" or "3")."""
    wanted = name.strip().lower()
    names = [t.name.strip().lower() for t in score.tracks]
    exact = [i for i, n in enumerate(names) if n == wanted]
    if exact or not wanted:
        return exact
    digits = wanted.removeprefix("track").strip()
    if digits.isdigit() and 1 <= int(digits) <= len(names):
        return [int(digits) - 1]
    return [i for i, n in enumerate(names) if wanted in n]


def called(score: Score, i: int) -> str:
    """A track as a person finds it: by its name, else by its number and instrument."""
    track = score.tracks[i]
    if track.name:
        return f"'{track.name}'"
    return f"track {i + 1} ({'drums' if track.is_drum else PROGRAMS[track.program]})"


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words with commas, and how many more there are."""
    shown = list(words[:most])
    return ", ".join(shown) + (f" and {len(words) - most} more" if len(words) > most else "")


def read_bars(text: str) -> tuple[int, int]:
    """Bars typed as "9-12" or "9": the first and the last.

    Raises:
      BriefError: the text names no bars.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*(?:(?:-|\.\.|to|–)\s*(\d{1,6})\s*)?", text)
    if match is None:
        raise BriefError(f"{text!r} names no bars; write for example 9-12 or 9.")
    return int(match[1]), int(match[2] or match[1])
