"""What happens, told to every open page: server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

PING_SECONDS = 15.0
MOST_BEHIND = 2000
"""Events that a page may lag behind before it is cut off, to come back and read the state anew."""


class Hub:
    """Hands events to all listeners."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[bytes | None], str | None] = {}
        self._closed = False

    def tell(self, event: str, data: object, project: str | None = None) -> None:
        """Send an event to everyone, or to those who listen to this project or to all."""
        if not self._listeners:
            return
        message = _message(event, data)
        for queue, wanted in list(self._listeners.items()):
            if project is not None and wanted is not None and wanted != project:
                continue
            if queue.qsize() >= MOST_BEHIND:
                self._listeners.pop(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)

    async def listen(self, project: str | None, hello: dict[str, Any]) -> AsyncIterator[bytes]:
        """The events of a project (None: of all), as they go over the line; begins with `hello`, pings when all is quiet."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listeners[queue] = project
        try:
            yield b"retry: 1000\n" + _message("hello", hello)
            while not self._closed:
                try:
                    message = await asyncio.wait_for(queue.get(), PING_SECONDS)
                except TimeoutError:
                    yield b": ping\n\n"
                    continue
                if message is None:
                    return
                yield message
        finally:
            self._listeners.pop(queue, None)

    def close(self) -> None:
        """Send everyone home."""
        self._closed = True
        for queue in self._listeners:
            queue.put_nowait(None)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)


def _message(event: str, data: object) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
