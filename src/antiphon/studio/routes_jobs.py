"""Routes of jobs, plans, imports, exports and sound: whatever a worker does."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter
from starlette.responses import FileResponse, Response

from antiphon.errors import InputError, MissingExtraError
from antiphon.studio import shapes, shapes_jobs
from antiphon.studio.database import new_id
from antiphon.studio.jobs import Order, read_take
from antiphon.studio.library import ConflictError, NotFoundError, locks_json
from antiphon.studio.options import options
from antiphon.studio.router import Asked, Route, answer, limited
from antiphon.studio.routes_projects import FOREVER, owned
from antiphon.studio.studio import Studio

MAX_IMPORT = 64 * 2**20
"""Largest file, in bytes, that is taken to start from."""
LANES = {"export": "tools", "judge": "tools", "explain": "tools", "humanize": "tools", "arrange": "tools"}
"""Who does a verb; the others are composed."""
FILES = {
    "piece.mid": "audio/midi",
    "piece.musicxml": "application/vnd.recordare.musicxml+xml",
    "piece.abc": "text/vnd.abc",
    "roll.png": "image/png",
}
_FIRST_BAR_VERBS = ("infill", "vary")


async def plan(asked: Asked) -> Response:
    """What would be composed."""
    args = {"brief": shapes.plain(asked.body.brief), "styles": str(asked.studio.home.styles)}
    return answer(await asked.studio.quick("tools", "plan", args, seconds=20))


async def new_job(asked: Asked) -> Response:
    """A job in a project."""
    return answer(_submit(asked.studio, asked.path["project"], asked.body), 202)


def _submit(studio: Studio, project: str, body: Any) -> dict[str, Any]:
    current = studio.library.current(project)
    wanted = shapes.plain(body)
    args: dict[str, Any] = {**wanted, "styles": str(studio.home.styles), "critic": studio.ratings.learnt()}
    take = None
    if body.verb != "compose":
        take = body.take or current
        if take is None:
            raise ConflictError("There is no take to work on yet; compose or import one first.")
        source = owned(studio, project, take)
        args |= {"source": take, "score": studio.music(take), "name": source["name"], "model_before": source["model"]}
        args["manifest"] = studio.library.manifest(take)
        args["locks"] = locks_json(studio.library.locks(project)) if take == current else []
        wanted["take"] = take
        _check_bars(body, source)
    if body.verb == "export":
        args |= {"folder": str(studio.home.downloads), "zip": new_id("z")}
    order = Order(body.verb, wanted, args, LANES.get(body.verb, "compose"), project=project, take=take)
    return studio.jobs.submit(order)


def _check_bars(body: Any, source: dict[str, Any]) -> None:
    bars = getattr(body, "bars", None)
    if body.verb in _FIRST_BAR_VERBS and bars is not None and not 1 <= bars[0] <= bars[1] <= source["piece"]["bars"]:
        raise InputError(f"There are no bars {bars[0]} to {bars[1]}; the piece has {source['piece']['bars']}.")


async def new_loose_job(asked: Asked) -> Response:
    """A job that belongs to no project: a survey of uploaded music, or learning from it."""
    studio, body = asked.studio, asked.body
    folder = studio.home.uploads / body.upload
    if not folder.is_dir():
        raise NotFoundError(f"There is no upload {body.upload}.")
    args = {**shapes.plain(body), "folder": str(folder), "styles": str(studio.home.styles)}
    if body.verb == "train":
        found = await options(studio)
        if not found["verbs"]["train"]:
            raise MissingExtraError(found["reasons"]["train"])
        if body.name in {style["name"] for style in found["styles"]}:
            raise ConflictError(f"There is a style {body.name!r} already; give another name.")
    lane, seconds = ("learn", 60 * body.minutes + 1800) if body.verb == "train" else ("reader", 600.0)
    order = Order(body.verb, shapes.plain(body), args, lane, seconds=seconds)
    return answer(studio.jobs.submit(order), 202)


async def jobs(asked: Asked) -> Response:
    """All open jobs."""
    return answer({"jobs": asked.studio.jobs.all_open()})


async def job(asked: Asked) -> Response:
    """One job."""
    return answer(asked.studio.jobs.get(asked.path["job"]))


async def cancel(asked: Asked) -> Response:
    """A job stopped."""
    return answer(asked.studio.jobs.cancel(asked.path["job"]))


_PROJECT_JOB: TypeAdapter[Any] = TypeAdapter(shapes_jobs.ProjectJob)
_LOOSE_JOB: TypeAdapter[Any] = TypeAdapter(shapes_jobs.LooseJob)


async def retry(asked: Asked) -> Response:
    """The same once more."""
    studio = asked.studio
    old = studio.jobs.get(asked.path["job"])
    if old["state"] not in ("failed", "cancelled", "interrupted"):
        raise ConflictError("Only a job that failed or was stopped can be tried again.")
    body = (_PROJECT_JOB if old["project"] is not None else _LOOSE_JOB).validate_python({"verb": old["verb"], **old["asked"]})
    if old["project"] is not None:
        return answer(_submit(studio, old["project"], body), 202)
    return await new_loose_job(Asked(studio, asked.request, asked.path, body))


async def sound(asked: Asked) -> Response:
    """A take's sound, rendered where it is not yet."""
    take = asked.path["take"]
    found = await asked.studio.sounds.get(take, asked.studio.library, asked.query.wait)
    return answer({"take": take, "state": "rendering"}, 202) if found is None else answer(found)


async def sound_file(asked: Asked) -> Response:
    """A part of a take's sound; ranges are possible."""
    path = asked.studio.sounds.file(asked.path["key"], asked.path["file"])
    return FileResponse(path, media_type="audio/wav", headers={"Cache-Control": FOREVER})


async def take_file(asked: Asked) -> Response:
    """A take as a file."""
    studio, name = asked.studio, asked.path["file"]
    if name not in FILES:
        raise NotFoundError(f"A take can be had as {', '.join(FILES)}.")
    found = studio.library.take(asked.path["take"])
    made = await studio.quick("tools", "file", {"score": studio.music(found["id"]), "file": name})
    headers = {"Cache-Control": "no-store"}
    if name != "roll.png":
        headers["Content-Disposition"] = attachment(f"{file_name(found)}.{name.partition('.')[2]}")
    return Response(base64.b64decode(made["bytes"]), media_type=FILES[name], headers=headers)


async def download(asked: Asked) -> Response:
    """An exported zip."""
    studio, name = asked.studio, asked.path["file"]
    path = studio.home.downloads / name
    if not re.fullmatch(r"z_[0-9a-z]{1,32}\.zip", name) or not path.is_file():
        raise NotFoundError("This download is not, or no longer, kept; export the take again.")
    row = studio.database.row("SELECT result FROM jobs WHERE verb = 'export' AND result LIKE ?", (f'%/{name}"%',))
    shown = name if row is None else json.loads(row[0])["name"]
    headers = {"Cache-Control": "no-store", "Content-Disposition": attachment(shown)}
    return FileResponse(path, media_type="application/zip", headers=headers)


def attachment(name: str) -> str:
    """The header that makes a browser save a file under this name."""
    plain = re.sub(r"[^\w .()#-]", "_", name, flags=re.ASCII)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_name(take: dict[str, Any]) -> str:
    """What a take's files are called on the user's disk."""
    name = re.sub(r"[^\w #()-]+", " ", f"{take['piece']['title'] or 'Piece'} - {take['name']}").strip()
    return name[:80] or "Piece"


async def bring(asked: Asked) -> Response:
    """A file to start from."""
    studio, query = asked.studio, asked.query
    if query.project is not None:
        studio.library.project(query.project)
    data = await limited(asked.request, MAX_IMPORT)
    if not data:
        raise InputError(f"{query.name} is empty.")
    args = {"name": query.name, "bytes": base64.b64encode(data).decode()}
    found = await studio.quick("reader", "read", args)
    with studio.database.change():
        project = query.project or studio.library.new_project(found["title"][:200] or query.name)
        made = [
            studio.library.add_take(project, read_take(message, "import", {"file": message["file"]}))
            for message in found["takes"]
        ]
        unset = studio.library.current(project) is None
        if unset or len(made) == 1:
            studio.library.record(project, f"Import {query.name}", take=made[0], locks=() if not unset else None)
    for take in made:
        studio.hub.tell("take", studio.library.take(take), project)
    studio.sounds.prepare(made[0], studio.library)
    studio.hub.tell("state", studio.jobs.summary(project), project)
    return answer(studio.state(project), 201)


ROUTES = (
    Route("POST", "/api/plan", plan, "What would be composed.", shapes_jobs.PlanRequest),
    Route("POST", "/api/projects/{project}/jobs", new_job, "Put a job into the queue.", shapes_jobs.ProjectJob, status=202),
    Route("POST", "/api/jobs", new_loose_job, "Put a job without a project into the queue.", shapes_jobs.LooseJob, status=202),
    Route("GET", "/api/jobs", jobs, "All jobs that have not ended."),
    Route("GET", "/api/jobs/{job}", job, "A job."),
    Route("POST", "/api/jobs/{job}/cancel", cancel, "Stop it.", shapes.Empty),
    Route("POST", "/api/jobs/{job}/retry", retry, "Try it once more.", shapes.Empty, status=202),
    Route("GET", "/api/takes/{take}/sound", sound, "Its sound, rendered where it is not yet.", query=shapes.WaitQuery),
    Route("GET", "/api/sound/{key}/{file}", sound_file, "A part of it.", media="audio/wav"),
    Route("GET", "/api/takes/{take}/files/{file}", take_file, "A take as a file.", media="application/octet-stream"),
    Route("GET", "/api/downloads/{file}", download, "An exported zip.", media="application/zip"),
    Route("POST", "/api/import", bring, "A file to start from.", "bytes", shapes.ImportQuery, status=201),
)
