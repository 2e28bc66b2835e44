"""The door: who may speak to the studio, from which page, and what a browser is told to allow."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.studio.router import error

CSRF_HEADER = "x-antiphon-csrf"
SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "worker-src 'self' blob:; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ASK = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Antiphon</title>"
    "<p>This studio wants its token: open the whole address that the terminal shows, with <code>?token=</code> at its end."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """What must be shown at the door.

    Attributes:
      hosts: names under which the studio may be called, beside loopback; addresses in numbers are let in where `token` is set.
      token: must be shown by cookie or bearer header; None: not asked for.
      csrf: must be in the header of every request that changes something.
    """

    hosts: Sequence[str] = ()
    token: str | None = None
    csrf: str = field(default_factory=lambda: token_urlsafe(24))

    def knows(self, host: str) -> bool:
        """Whether the Host header is one that a person typed, not one that a foreign page pointed at this machine."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", *(h.lower() for h in self.hosts)):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.token is not None

    def refusal(self, request: Request) -> Response | None:
        """Why a request is not let in; None: it is."""
        host = request.headers.get("host", "")
        if not self.knows(host):
            return error(
                403, "origin", f"This studio is not called {host[:100]!r}; open it by the address that the terminal shows."
            )
        api = request.scope["path"].startswith("/api/")
        if self.token is not None and not self._shown(request):
            return (
                error(401, "token", "This studio wants its token: open the whole address that the terminal shows.")
                if api
                else None
            )
        site = request.headers.get("sec-fetch-site", "same-origin")
        if api and site not in ("same-origin", "none"):
            return error(403, "origin", "Another website may not speak to the studio.")
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            return error(403, "origin", "Another website may not speak to the studio.")
        if request.method not in SAFE and not _same(request.headers.get(CSRF_HEADER, ""), self.csrf):
            return error(403, "csrf", "The page is out of date; load it again.")
        return None

    def _shown(self, request: Request) -> bool:
        token = self.token or ""
        header = request.headers.get("authorization", "")
        return _same(request.cookies.get(cookie_name(request), ""), token) or _same(header.removeprefix("Bearer "), token)

    def welcome(self, request: Request) -> Response | None:
        """The answer to a page that shows its token in the address, or that should; None: let it in."""
        if self.token is None or request.scope["path"].startswith("/api/") or self._shown(request):
            return None
        if _same(request.query_params.get("token", ""), self.token):
            response = RedirectResponse("/", 303)
            response.set_cookie(cookie_name(request), self.token, httponly=True, samesite="strict", max_age=30 * 86400)
            return response
        return HTMLResponse(_ASK, 401)


def cookie_name(request: Request) -> str:
    """The cookie's name, of its own for each port: browsers do not tell ports apart."""
    server = request.scope.get("server") or ("", 0)
    return f"antiphon_{server[1]}"


def _same(shown: str, wanted: str) -> bool:
    return hmac.compare_digest(shown.encode(), wanted.encode())


@dataclass(slots=True)
class Door:
    """Puts the guard before an application, and the headers on everything that leaves it."""

    app: ASGIApp
    guard: Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        request = Request(scope)
        answer = self.guard.refusal(request) or self.guard.welcome(request)
        await (answer or self.app)(scope, receive, dressed)
