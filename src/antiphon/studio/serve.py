"""The studio at an address: a socket, a server, a browser window."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from antiphon.errors import InputError
from antiphon.studio.app import create_app
from antiphon.studio.guard import Guard
from antiphon.studio.home import Home, default_home
from antiphon.studio.studio import Config, Studio

PORT = 8765
"""Where the studio opens, or at one of the next PORTS where this is taken."""
PORTS = 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: `port` 0 takes any free one, None the usual one."""

    host: str = "127.0.0.1"
    port: int | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def bound(address: Address) -> socket.socket:
    """A socket that listens there.

    Raises:
      InputError: the address is taken, or none of this machine's.
    """
    ports = range(PORT, PORT + PORTS) if address.port is None else (address.port,)
    reason = ""
    for port in ports:
        try:
            found = socket.getaddrinfo(address.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            # asyncio switches Nagle's delay off only where the protocol is named: 40 ms an answer otherwise
            sock = socket.socket(found[0], socket.SOCK_STREAM, socket.IPPROTO_TCP)
        except OSError as error:
            raise InputError(f"Cannot listen at {address.host}: {(error.strerror or str(error)).lower()}.") from error
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(found[4])
            sock.listen(128)
        except OSError as error:
            sock.close()
            reason = (error.strerror or str(error)).lower()
            continue
        return sock
    raise InputError(f"Cannot listen at {address.host}, port {ports[0]}: {reason}; give another --port.")


class _Server(uvicorn.Server):
    """A server that sends its listeners home before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, then the server."""
        self._studio.hub.close()
        await super().shutdown(sockets)


def serve(
    address: Address,
    *,
    home: Path | None = None,
    token: str | None = None,
    browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Open the studio and keep it open until it is interrupted.

    Args:
      address: where to listen; anything but loopback needs a token, and gets one where none is given.
      home: where it keeps things; None: this system's usual place.
      token: must be shown by every page; None on loopback: none.
      browser: whether to open a window.
      say: told the address.

    Raises:
      InputError: the address is taken, another studio has the home, or its database is damaged.
      OutputError: the home cannot be made.
    """
    if token is not None and len(token) < 8:
        raise InputError("The token must have at least 8 characters.")
    if token is None and not address.is_loopback:
        token = secrets.token_urlsafe(18)
    sock = bound(address)
    with contextlib.closing(sock):
        port = sock.getsockname()[1]
        shown = address.host if address.host not in ("0.0.0.0", "::") else socket.gethostname()
        where = f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
        if token is not None:
            where += f"?token={token}"
        studio = Studio(Config(Home((home or default_home()).expanduser().resolve()), Guard((shown, address.host), token)))
        config = uvicorn.Config(
            create_app(studio), lifespan="on", log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=2, timeout_keep_alive=30, ws="none",
        )  # fmt: skip
        server = _Server(config, studio)
        say(f"The studio is open at {where}  (Ctrl+C closes it)")
        if not address.is_loopback:
            say("Anyone who has this address can use the studio; it is not encrypted, so open it only in a network you trust.")
        if browser:
            threading.Thread(target=_open_window, args=(server, where), daemon=True).start()
        server.run(sockets=[sock])


def _open_window(server: uvicorn.Server, where: str) -> None:
    while not server.started:
        time.sleep(0.05)
    webbrowser.open(where)
