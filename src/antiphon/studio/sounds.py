"""Rendered sound, kept on disk under the hash of what is heard: asked for once, played for ever."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.errors import AntiphonError, InputError
from antiphon.studio.events import Hub
from antiphon.studio.lanes import Lane
from antiphon.studio.library import Library, NotFoundError

FORMAT = 1
MOST_BYTES = 4 * 2**30
"""Sound kept on disk; beyond, what was not heard for longest goes."""
MOST_PREPARED = 6
"""Takes that may wait to be rendered before anybody asked for them."""
FILE = re.compile(r"(mix|\d{1,3})\.wav")
KEY = re.compile(r"[0-9a-f]{32}")


class Sounds:
    """The cache of rendered takes."""

    def __init__(self, folder: Path, lane: Lane, hub: Hub) -> None:
        self.folder = folder
        self.lane = lane
        self.hub = hub
        self._rendering: dict[str, asyncio.Task[dict[str, Any]]] = {}

    @staticmethod
    def key(score_hash: str) -> str:
        """Names the sound of a piece: the same music, version and SoundFont sound the same."""
        heard = f"{score_hash} {FORMAT} {__version__} {os.environ.get('ANTIPHON_SOUNDFONT', '')}"
        return hashlib.sha256(heard.encode()).hexdigest()[:32]

    def prepare(self, take: str, library: Library) -> None:
        """Render a take before anybody asks, unless there is enough to do already."""
        if len(self._rendering) < MOST_PREPARED:
            with contextlib.suppress(NotFoundError):
                self._begin(take, library)

    async def get(self, take: str, library: Library, wait: float) -> dict[str, Any] | None:
        """The sound of a take; None: it is not ready after `wait` seconds.

        Raises:
          NotFoundError: there is no such take.
          JobFailedError: it cannot be rendered; the sentence says why.
        """
        found = self._begin(take, library)
        if isinstance(found, dict):
            return found
        done, _ = await asyncio.wait([found], timeout=wait)
        return {**found.result(), "take": take} if done else None

    def _begin(self, take: str, library: Library) -> dict[str, Any] | asyncio.Task[dict[str, Any]]:
        """The sound where it lies on disk, else the task that makes it."""
        score_hash, data = library.data_of(take)
        key = self.key(score_hash)
        folder = self.folder / key
        if (folder / "sound.json").is_file():
            with contextlib.suppress(OSError):
                os.utime(folder)
            return {**json.loads((folder / "sound.json").read_text()), "take": take}
        if key not in self._rendering:
            task = asyncio.create_task(self._render(key, take, data), name=f"sound {key}")
            self._rendering[key] = task
            task.add_done_callback(lambda t: self._done(key, take, t))
        return self._rendering[key]

    async def _render(self, key: str, take: str, data: bytes) -> dict[str, Any]:
        args = {"score": base64.b64encode(data).decode(), "folder": str(self.folder), "key": key}
        return await self.lane.submit(f"sound {key}", "render", args)

    def _done(self, key: str, take: str, task: asyncio.Task[dict[str, Any]]) -> None:
        self._rendering.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        said = None if error is None else str(error) if isinstance(error, AntiphonError) else "It cannot be rendered."
        self.hub.tell("sound", {"take": take, "state": "ready" if error is None else "failed", "error": said})
        if error is None:
            self._tidy(keep=key)

    def _tidy(self, keep: str) -> None:
        """Take away what was not heard for longest, where there is too much."""
        found = []
        for folder in self.folder.iterdir():
            if KEY.fullmatch(folder.name) and folder.name != keep:
                with contextlib.suppress(OSError):
                    found.append((folder.stat().st_mtime, sum(f.stat().st_size for f in folder.iterdir()), folder))
        total = sum(size for _, size, _ in found)
        for _, size, folder in sorted(found, key=lambda entry: entry[0]):
            if total <= MOST_BYTES:
                return
            shutil.rmtree(folder, ignore_errors=True)
            total -= size

    def file(self, key: str, name: str) -> Path:
        """A file of the cache.

        Raises:
          InputError: this is no name of such a file.
          NotFoundError: it is not there.
        """
        if not KEY.fullmatch(key) or not FILE.fullmatch(name):
            raise InputError("There is no such sound.")
        path = self.folder / key / name
        if not path.is_file():
            raise NotFoundError("This sound is no longer kept; ask for it again.")
        return path
