"""What listeners send back from a listening test: read with suspicion, set aside with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.listening_key import RESULTS_FORMAT, VERSION, Key, Trial, read_json

TIE = "tie"
ZERO_ENOUGH = 5
"""A clip with beeps that was rated up to this has passed its attention check: sliders are hard to put at 0."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One listener's valid answers.

    Attributes:
      source: path of the file.
      session: the listener's anonymous id.
      choices: trial id -> chosen clip id or "tie" (preference test).
      ratings: trial id -> clip id -> 0..100 (rating test).
      first: trial id -> the clip that was shown first.
    """

    source: str
    session: str
    choices: Mapping[str, str]
    ratings: Mapping[str, Mapping[str, float]]
    first: Mapping[str, str]

    def failed_checks(self, key: Key) -> int:
        """Attention checks that this listener got wrong or left out."""
        return sum(not self._passed(t) for t in key.checks)

    def _passed(self, trial: Trial) -> bool:
        if trial.check is None or trial.id in self.choices:
            return self.choices.get(trial.id) == trial.check
        return trial.id in self.ratings and self.ratings[trial.id][trial.check] <= ZERO_ENOUGH


def load_answers(paths: Iterable[Path], key: Key) -> tuple[list[Sheet], dict[str, str]]:
    """All readable answers to the key's test, and for each file set aside the reason why.

    Raises:
      InputError: no file at all was given.
    """
    sheets: list[Sheet] = []
    aside: dict[str, str] = {}
    given = list(paths)
    if not given:
        raise InputError("There are no answers to score; give the JSON files that listeners sent back.")
    for path in given:
        try:
            sheet = read_sheet(path, key)
        except FormatError as error:
            aside[str(path)] = str(error)
            continue
        if any(sheet.session == other.session for other in sheets):
            aside[str(path)] = f"The answers {path} come from a session that was handed in before."
        else:
            sheets.append(sheet)
    return sheets, aside


def read_sheet(path: Path, key: Key) -> Sheet:
    """One listener's answers.

    Raises:
      FormatError: not an answer file, of another test, or with answers that the test did not ask for.
    """
    raw = read_json(path, "answer file")
    if raw.get("format") != RESULTS_FORMAT or raw.get("version") != VERSION:
        raise FormatError(f"{path} is not an answer file of a listening test (version {VERSION}).")
    if raw.get("test") != key.test:
        raise FormatError(f"The answers {path} belong to another test than the key.")
    session, answers = raw.get("session"), raw.get("answers")
    if not isinstance(session, str) or not 1 <= len(session) <= 64 or not session.isalnum():
        raise FormatError(f"The answers {path} name no session.")
    if not isinstance(answers, list):
        raise FormatError(f"The answers {path} hold no list of answers.")
    trials = {t.id: t for t in key.trials}
    choices: dict[str, str] = {}
    ratings: dict[str, dict[str, float]] = {}
    first: dict[str, str] = {}
    for answer in answers:
        name = answer.get("trial") if isinstance(answer, dict) else None
        if not isinstance(name, str) or name not in trials or name in choices or name in ratings:
            raise FormatError(f"The answers {path} hold a trial that the test does not have, or one trial twice.")
        ids = {c.id for c in trials[name].clips}
        if key.mode == "preference":
            choices[name] = _choice(answer.get("choice"), ids, path)
        else:
            ratings[name] = _ratings(answer.get("ratings"), ids, path)
        order = answer.get("order")
        if isinstance(order, list) and order and isinstance(order[0], str) and order[0] in ids:
            first[name] = order[0]
    if not any(t.check is None for n, t in trials.items() if n in choices or n in ratings):
        raise FormatError(f"The answers {path} are empty.")
    return Sheet(str(path), session, choices, ratings, first)


def _choice(value: object, ids: set[str], path: Path) -> str:
    if not isinstance(value, str) or value not in ids | {TIE}:
        raise FormatError(f"The answers {path} choose a clip that was not on offer.")
    return value


def _ratings(value: object, ids: set[str], path: Path) -> dict[str, float]:
    if not isinstance(value, dict) or set(value) != ids:
        raise FormatError(f"The answers {path} do not rate each clip of a trial once.")
    for rating in value.values():
        if isinstance(rating, bool) or not isinstance(rating, int | float) or not 0 <= rating <= 100:
            raise FormatError(f"The answers {path} hold a rating that is not 0 to 100.")
    return {clip: float(rating) for clip, rating in value.items()}
