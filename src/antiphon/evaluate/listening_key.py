"""The key of a blind listening test: which trial plays which systems, kept apart from the page that listeners see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from antiphon.errors import FormatError

Mode = Literal["preference", "rating"]

KEY_FORMAT = "antiphon-listening-key"
RESULTS_FORMAT = "antiphon-listening-results"
VERSION = 1
ANCHOR = "anchor"
"""Name under which the low-passed anchor appears in the key and in the report."""
MAX_JSON_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip of one trial: its blind id, and what it really is (no system in an attention check)."""

    id: str
    system: str | None
    piece: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One question of the test.

    Attributes:
      id: blind id.
      clips: the clips on offer, in the page's own order; listeners get them shuffled.
      check: None for a real question; in an attention check the id of the clip with the beeps.
    """

    id: str
    clips: tuple[Heard, ...]
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """Everything about a test that its listeners must not know.

    Attributes:
      test: id of the test, which stands in the page and in each listener's answers too.
      mode: "preference" (two clips, choose one) or "rating" (all systems of one item, each 0 to 100).
      systems: names of the systems, the anchor last.
      reference: the system that is known music by people, if one was named.
      seed: the seed that drew it up.
      trials: the questions.
    """

    test: str
    mode: Mode
    systems: tuple[str, ...]
    reference: str | None
    seed: int
    trials: tuple[Trial, ...]

    @property
    def checks(self) -> tuple[Trial, ...]:
        """The attention checks among the trials."""
        return tuple(t for t in self.trials if t.check is not None)

    def dumps(self) -> str:
        """The key as JSON text."""
        trials = [
            {"id": t.id, "check": t.check, "clips": [{"id": c.id, "system": c.system, "piece": c.piece} for c in t.clips]}
            for t in self.trials
        ]
        head = {"format": KEY_FORMAT, "version": VERSION, "test": self.test, "mode": self.mode, "seed": self.seed}
        body = {"systems": list(self.systems), "reference": self.reference, "trials": trials}
        return json.dumps(head | body, indent=1, ensure_ascii=False) + "\n"


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object from a file that anybody may have touched.

    Raises:
      FormatError: the file cannot be read, is too large, or is no JSON object.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JSON_BYTES + 1)
    except (OSError, ValueError) as error:
        raise FormatError(f"The {what} {path} cannot be read; check the path.") from error
    if len(data) > MAX_JSON_BYTES:
        raise FormatError(f"The {what} {path} is larger than {MAX_JSON_BYTES >> 20} MiB, which no listening test writes.")
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"The {what} {path} is not valid JSON; it may be cut off.") from error
    if not isinstance(value, dict):
        raise FormatError(f"The {what} {path} is not a JSON object.")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def load_key(path: Path) -> Key:
    """The key from its file.

    Raises:
      FormatError: the file is no key, or contradicts itself.
    """
    raw = read_json(path, "key")
    if raw.get("format") != KEY_FORMAT or raw.get("version") != VERSION:
        raise FormatError(
            f"{path} is not the key of a listening test (version {VERSION}); give the key.json beside the test's page."
        )
    try:
        trials = tuple(_trial(t) for t in raw["trials"])
        systems, mode, reference = tuple(raw["systems"]), raw["mode"], raw["reference"]
        key = Key(str(raw["test"]), mode, systems, reference, int(raw["seed"]), trials)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"The key {path} lacks a part; draw up the test again with the same seed.") from error
    named = {c.system for t in trials for c in t.clips if c.system is not None}
    sound = (
        mode in ("preference", "rating")
        and all(isinstance(s, str) for s in systems)
        and len(set(systems)) == len(systems) >= 2
        and named <= set(systems)
        and len({t.id for t in trials}) == len(trials) >= 1
        and all(len({c.id for c in t.clips}) == len(t.clips) >= 2 for t in trials)
        and all(t.check is None or t.check in {c.id for c in t.clips} for t in trials)
        and all(t.check is not None or None not in {c.system for c in t.clips} for t in trials)
        and (mode == "rating" or all(len(t.clips) == 2 for t in trials))
        and (reference is None or reference in systems)
    )
    if not sound:
        raise FormatError(f"The key {path} contradicts itself; draw up the test again with the same seed.")
    return key


def _trial(raw: Mapping[str, Any]) -> Trial:
    clips = tuple(Heard(str(c["id"]), None if c["system"] is None else str(c["system"]), str(c["piece"])) for c in raw["clips"])
    return Trial(str(raw["id"]), clips, None if raw["check"] is None else str(raw["check"]))
