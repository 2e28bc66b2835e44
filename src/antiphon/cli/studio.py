"""antiphon studio: a page to compose, hear, change and rate music in."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

PACKAGES = ("starlette", "uvicorn", "pydantic")


def studio(
    port: Annotated[int | None, typer.Option(help="Port. [default: 8765, or the next free one]", min=0, max=65535)] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; any but loopback needs a token.")] = "127.0.0.1",
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="Where projects are kept.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no window.")] = False,
    token: Annotated[str | None, typer.Option(help="What a page must show. [default: none on loopback, else drawn]")] = None,
) -> None:
    """Open the studio: a web page on this machine; nothing leaves it."""
    from antiphon.errors import MissingExtraError

    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"The studio needs {', '.join(missing)}: install them with pip install 'antiphon[studio]'.")
    from antiphon.studio.serve import Address, serve

    serve(Address(host, port), home=home, token=token, browser=not no_browser, say=typer.echo)
