"""The studio as one object: its home, database, workers and jobs, opened and closed together."""

from __future__ import annotations

import base64
import contextlib
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antiphon.studio.database import Database
from antiphon.studio.events import Hub
from antiphon.studio.guard import Guard
from antiphon.studio.home import Home, Occupied
from antiphon.studio.jobs import Jobs
from antiphon.studio.lanes import Lane, LaneKind
from antiphon.studio.library import Library
from antiphon.studio.phrases import find
from antiphon.studio.ratings import Ratings
from antiphon.studio.sounds import Sounds

DOWNLOAD_DAYS = 7
PAGE = Path(__file__).parent / "page"

LANES = (
    LaneKind("compose", "antiphon.studio.composing", megabytes=12288, seconds=900, eager=True, warm="warm"),
    LaneKind("tools", "antiphon.studio.tools", megabytes=8192, seconds=300, eager=True),
    LaneKind("sound", "antiphon.studio.sounding", megabytes=8192, seconds=300, niceness=2, eager=True, warm="warm"),
    LaneKind("reader", "antiphon.studio.reading", megabytes=2048, seconds=60, once=True),
    LaneKind("learn", "antiphon.studio.learning", megabytes=0, seconds=6 * 3600, niceness=15, once=True),
)
"""The studio's workers: who composes, who does quick things, who plays, who reads what was sent, who learns."""


@dataclass(frozen=True, slots=True)
class Config:
    """How a studio is opened.

    Attributes:
      home: where it keeps things.
      guard: who is let in.
      lanes: its workers.
      page: folder of the page's files.
    """

    home: Home
    guard: Guard = field(default_factory=Guard)
    lanes: tuple[LaneKind, ...] = LANES
    page: Path = PAGE


class Studio:
    """Everything that the routes work with."""

    def __init__(self, config: Config) -> None:
        """Open the home; the workers start with `open`.

        Raises:
          InputError: another studio has the home, or its database is damaged.
          OutputError: it cannot be made.
        """
        self.config = config
        self.home = config.home
        self.home.make()
        self._occupied = Occupied(self.home)
        try:
            self.database = Database(self.home.database)
        except BaseException:
            self._occupied.close()
            raise
        self.library = Library(self.database)
        self.ratings = Ratings(self.database)
        self.hub = Hub()
        self.lanes = {kind.name: Lane(kind) for kind in config.lanes}
        self.jobs = Jobs(self.library, self.lanes, self.hub)
        self.sounds = Sounds(self.home.sound, self.lanes["sound"], self.hub)
        self.jobs.on_take = lambda take: self.sounds.prepare(take, self.library)
        self.options: dict[str, Any] | None = None
        self.first_visit = not self.library.projects()

    def open(self) -> None:
        """Mark what an earlier server left unfinished, and start the workers."""
        self.jobs.list.interrupt_all()
        find("")  # so that the first page need not wait for the table of sentences
        tidy(self.home)
        for lane in self.lanes.values():
            lane.open()

    async def close(self) -> None:
        """Stop the workers and write everything down."""
        self.hub.close()
        await self.jobs.close()
        for lane in self.lanes.values():
            await lane.close()
        self.database.close()
        self._occupied.close()

    def music(self, take: str) -> str:
        """The music of a take as it travels to a worker.

        Raises:
          NotFoundError: there is no such take.
        """
        return base64.b64encode(self.library.data_of(take)[1]).decode()

    def state(self, project: str) -> dict[str, Any]:
        """A project with all its takes, as the page has it.

        Raises:
          NotFoundError: there is none.
        """
        return {**self.jobs.summary(project), "takes": self.library.takes(project)}

    async def quick(self, lane: str, verb: str, args: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """What a worker answers to a call that is no job.

        Raises:
          JobFailedError: with the worker's sentence.
        """
        return await self.lanes[lane].submit("", verb, args, seconds=seconds)


def tidy(home: Home) -> None:
    """Take away exports of last week and what a killed worker left half-written."""
    old = time.time() - DOWNLOAD_DAYS * 86400
    for path in home.downloads.iterdir():
        with contextlib.suppress(OSError):
            if path.name.endswith(".part") or path.stat().st_mtime < old:
                path.unlink()
    for path in (*home.sound.glob(".*.part"), *home.styles.glob(".*.part")):
        shutil.rmtree(path, ignore_errors=True)
