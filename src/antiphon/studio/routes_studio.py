"""Routes of the studio itself: session, settings, ratings, the critic, training music, events, the page's files."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response, StreamingResponse

from antiphon import __version__
from antiphon.errors import InputError, OutputError
from antiphon.studio import shapes
from antiphon.studio.critic import describe
from antiphon.studio.database import new_id
from antiphon.studio.jobs import Order
from antiphon.studio.library import NotFoundError
from antiphon.studio.options import forget, options
from antiphon.studio.ratings import keep_settings, settings
from antiphon.studio.router import Asked, RefusedError, Route, answer, openapi

MAX_UPLOAD = 512 * 2**20
"""Bytes of music that one upload to learn from may have."""
MAX_FILES = 20_000
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
"""Kinds of files that a page may consist of; no other file is ever sent."""


async def session(asked: Asked) -> Response:
    """What a page needs first."""
    studio = asked.studio
    guard = studio.config.guard
    return answer(
        {
            "csrf": guard.csrf,
            "version": __version__,
            "token_required": guard.token is not None,
            "home": str(studio.home.root),
            "first_visit": studio.first_visit,
        }
    )


async def description(asked: Asked) -> Response:
    """The OpenAPI description."""
    from antiphon.studio.app import ROUTES as every

    return answer(openapi(every))


async def what_there_is(asked: Asked) -> Response:
    """The options."""
    return answer(await options(asked.studio))


async def get_settings(asked: Asked) -> Response:
    """What the page remembers."""
    return answer({"values": settings(asked.studio.database)})


async def put_settings(asked: Asked) -> Response:
    """What the page shall remember."""
    keep_settings(asked.studio.database, asked.body.values)
    return answer({"values": settings(asked.studio.database)})


async def events(asked: Asked) -> Response:
    """Server-sent events."""
    studio, project = asked.studio, asked.query.project
    if project is not None:
        studio.library.project(project)
    stream = studio.hub.listen(project, {"csrf": studio.config.guard.csrf})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def rate(asked: Asked) -> Response:
    """An opinion."""
    studio, body = asked.studio, asked.body
    if body.kind == "ab":
        studio.ratings.choose(body.take, body.other)
    else:
        studio.ratings.rate(body.kind, body.take, body.value)
    found = studio.library.take(body.take)
    studio.hub.tell("take", found, found["project"])
    return answer({"ratings": studio.ratings.count(), "take": found}, 201)


async def ratings(asked: Asked) -> Response:
    """All opinions."""
    found = asked.studio.ratings.all()
    return answer({"ratings": found, "count": len(found)})


async def export_ratings(asked: Asked) -> Response:
    """All opinions with the exact pieces."""
    found = json.dumps(asked.studio.ratings.export(), separators=(",", ":")).encode()
    headers = {"Content-Disposition": 'attachment; filename="antiphon-ratings.json"', "Cache-Control": "no-store"}
    return Response(found, media_type="application/json", headers=headers)


async def reset_ratings(asked: Asked) -> Response:
    """No opinions."""
    asked.studio.ratings.reset()
    asked.studio.hub.tell("critic", describe(asked.studio.ratings))
    return Response(status_code=204)


async def critic(asked: Asked) -> Response:
    """What the critic learnt."""
    return answer(describe(asked.studio.ratings))


async def update_critic(asked: Asked) -> Response:
    """Let the critic learn from the ratings."""
    rows, pieces = asked.studio.ratings.pieces()
    scores = {name: base64.b64encode(data).decode() for name, data in pieces.items()}
    return answer(asked.studio.jobs.submit(Order("update_critic", {}, {"ratings": rows, "scores": scores}, "tools")), 202)


async def reset_critic(asked: Asked) -> Response:
    """Let the critic forget."""
    asked.studio.ratings.learn(None)
    found = describe(asked.studio.ratings)
    asked.studio.hub.tell("critic", found)
    return answer(found)


async def upload(asked: Asked) -> Response:
    """Music to learn from."""
    studio, query = asked.studio, asked.query
    identity = query.upload or new_id("u")
    folder = studio.home.uploads / identity
    if query.upload is not None and not folder.is_dir():
        raise NotFoundError(f"There is no upload {query.upload}.")
    folder.mkdir(exist_ok=True)
    kept = [path for path in folder.iterdir() if path.suffix != ".part"]
    if len(kept) >= MAX_FILES:
        raise InputError(f"An upload has at most {MAX_FILES:,} files.")
    name = re.sub(r"[^\w.-]+", "-", Path(query.name).name).strip("-.")[-80:] or "file"
    target = folder / f"{len(kept):05d}-{name}"
    await _receive(asked, target, MAX_UPLOAD - sum(path.stat().st_size for path in kept))
    kept.append(target)
    return answer({"upload": identity, "files": len(kept), "bytes": sum(path.stat().st_size for path in kept)}, 201)


async def _receive(asked: Asked, target: Path, room: int) -> None:
    """Write a request's body into a file as it comes.

    Raises:
      RefusedError: there is more of it than room.
      OutputError: the disk is full.
    """
    part = target.with_name(target.name + ".part")
    size = 0
    try:
        with part.open("wb") as file:
            async for data in asked.request.stream():
                size += len(data)
                if size > room:
                    raise RefusedError(413, "too_large", f"An upload has at most {MAX_UPLOAD // 2**20} MB.")
                file.write(data)
        part.replace(target)
    except OSError as error:
        raise OutputError(f"Cannot keep the upload: {(error.strerror or str(error)).lower()}.") from error
    finally:
        part.unlink(missing_ok=True)


async def remove_style(asked: Asked) -> Response:
    """A style learnt here, taken away."""
    studio, name = asked.studio, asked.path["style"]
    found = await options(studio)
    if name not in {style["name"] for style in found["styles"] if style["mine"]}:
        raise NotFoundError(f"You have no style {name!r}.")
    shutil.rmtree(studio.home.styles / name, ignore_errors=True)
    forget(studio)
    return Response(status_code=204)


async def front(asked: Asked) -> Response:
    """The page."""
    return page_file(asked, "index.html")


async def static(asked: Asked) -> Response:
    """A file of the page."""
    return page_file(asked, asked.path["file"])


def page_file(asked: Asked, name: str) -> Response:
    """A file of the page's folder and of no other.

    Raises:
      RefusedError: there is none of this name.
    """
    root = asked.studio.config.page.resolve()
    parts = name.split("/")
    if not all(re.fullmatch(r"\w[\w.-]*", part, flags=re.ASCII) for part in parts):
        raise RefusedError(404, "not_found", "There is no such file.")
    path = root.joinpath(*parts)
    kind = _TYPES.get(path.suffix)
    if kind is None or not path.is_file() or not path.resolve().is_relative_to(root):
        raise RefusedError(404, "not_found", "There is no such file.")
    return FileResponse(path, headers={"Cache-Control": "no-cache", "Content-Type": kind})


def finished(studio: Any, job: dict[str, Any]) -> None:
    """What else must be done when a job has ended well."""
    if job["verb"] == "update_critic" and job["state"] == "done":
        studio.ratings.learn(job["result"])
        studio.hub.tell("critic", describe(studio.ratings))
    if job["verb"] == "train" and job["state"] == "done":
        forget(studio)


ROUTES = (
    Route("GET", "/api/session", session, "What a page needs first: the value for the CSRF header, the version."),
    Route("GET", "/api/openapi.json", description, "This description."),
    Route("GET", "/api/options", what_there_is, "Styles, verbs, limits of this installation."),
    Route("GET", "/api/settings", get_settings, "What the page remembers."),
    Route("PUT", "/api/settings", put_settings, "What the page shall remember.", shapes.Settings),
    Route("GET", "/api/events", events, "Server-sent events.", query=shapes.ProjectQuery, media="text/event-stream"),
    Route("POST", "/api/ratings", rate, "Rate a take, or prefer one to another.", shapes.Rating, status=201),
    Route("GET", "/api/ratings", ratings, "All ratings."),
    Route("GET", "/api/ratings/export", export_ratings, "All ratings with the exact pieces."),
    Route("DELETE", "/api/ratings", reset_ratings, "Forget all ratings.", status=204),
    Route("GET", "/api/critic", critic, "What the critic learnt from the ratings."),
    Route("POST", "/api/critic/update", update_critic, "Let it learn.", shapes.Empty, status=202),
    Route("POST", "/api/critic/reset", reset_critic, "Let it forget.", shapes.Empty),
    Route("POST", "/api/training/uploads", upload, "Music to learn from.", "bytes", shapes.UploadQuery, status=201),
    Route("DELETE", "/api/styles/{style}", remove_style, "Take away a style learnt here.", status=204),
)
PAGES = (
    Route("GET", "/", front, "The page.", media="text/html"),
    Route("GET", "/static/{file*}", static, "A file of the page.", media="application/octet-stream"),
)
