"""Messages between the server and its workers: a length in four bytes, then JSON; nothing that could run code."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import IO, Any

MAX_MESSAGE = 256 * 2**20
"""Longest message in bytes; more is taken as a worker gone mad."""

_LENGTH = struct.Struct(">I")


class BrokenWireError(Exception):
    """The other side is gone, or talks nonsense."""


def encode(message: dict[str, Any]) -> bytes:
    """A message as it travels."""
    body = json.dumps(message, separators=(",", ":"), default=_plain).encode()
    if len(body) > MAX_MESSAGE:
        raise BrokenWireError(f"a message of {len(body):,} bytes")
    return _LENGTH.pack(len(body)) + body


def _plain(value: object) -> object:
    """Numpy's numbers and whatever else is not JSON by itself, as the nearest plain value."""
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message from a blocking stream; None where the other side has closed it.

    Raises:
      BrokenWireError: it ends within a message, or is no message.
    """
    head = stream.read(_LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise BrokenWireError("half a length")
    return _decode(stream.read(_size(head)), head)


async def areceive(stream: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message from an asynchronous stream; None where the other side has closed it.

    Raises:
      BrokenWireError: it ends within a message, or is no message.
    """
    try:
        head = await stream.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BrokenWireError("half a length") from error
        return None
    try:
        return _decode(await stream.readexactly(_size(head)), head)
    except asyncio.IncompleteReadError as error:
        raise BrokenWireError("half a message") from error


def _size(head: bytes) -> int:
    size: int = _LENGTH.unpack(head)[0]
    if size > MAX_MESSAGE:
        raise BrokenWireError(f"a message of {size:,} bytes")
    return size


def _decode(body: bytes, head: bytes) -> dict[str, Any]:
    if len(body) != _size(head):
        raise BrokenWireError("half a message")
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenWireError("not JSON") from error
    if not isinstance(message, dict):
        raise BrokenWireError("not an object")
    return message
