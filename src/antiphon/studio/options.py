"""What can be asked for in this installation: styles, verbs, limits; found once and kept."""

from __future__ import annotations

from typing import Any

from antiphon.studio.studio import Studio


async def options(studio: Studio) -> dict[str, Any]:
    """The options as the page has them.

    Raises:
      JobFailedError: the worker that knows the models cannot be asked.
    """
    if studio.options is None:
        found = await studio.quick("tools", "options", {"styles": str(studio.home.styles)})
        studio.options = found
    return studio.options


def forget(studio: Studio) -> None:
    """Find the options anew when they are next asked for: a style came or went."""
    studio.options = None
    studio.hub.tell("styles", {})
