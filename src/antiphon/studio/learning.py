"""What the learning worker does: a shipped model adapted to the user's own music."""

from __future__ import annotations

from antiphon.studio.worker import Verb

VERBS: dict[str, Verb] = {}
