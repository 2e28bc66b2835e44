"""Routes of projects, takes, edits, history and locks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from antiphon.errors import InputError
from antiphon.music.beats import bar_count
from antiphon.music.score import Score
from antiphon.studio import shapes, shapes_edits
from antiphon.studio.compare import compare
from antiphon.studio.edits import apply
from antiphon.studio.library import ConflictError, NewTake, NotFoundError
from antiphon.studio.locks import Lock, checked
from antiphon.studio.router import Asked, Route, answer
from antiphon.studio.scorejson import Packed, pack, unpack
from antiphon.studio.studio import Studio

FOREVER = "private, max-age=31536000, immutable"


async def projects(asked: Asked) -> Response:
    """All projects."""
    return answer({"projects": asked.studio.library.projects()})


async def new_project(asked: Asked) -> Response:
    """A new project."""
    project = asked.studio.library.new_project(asked.body.name)
    return answer(asked.studio.state(project), 201)


async def project(asked: Asked) -> Response:
    """One project with everything in it."""
    return answer(asked.studio.state(asked.path["project"]))


async def rename_project(asked: Asked) -> Response:
    """Another name."""
    asked.studio.library.rename_project(asked.path["project"], asked.body.name)
    return _changed(asked.studio, asked.path["project"])


async def remove_project(asked: Asked) -> Response:
    """Into the bin."""
    asked.studio.library.remove_project(asked.path["project"])
    return Response(status_code=204)


async def restore_project(asked: Asked) -> Response:
    """Out of the bin."""
    asked.studio.library.remove_project(asked.path["project"], removed=False)
    return _changed(asked.studio, asked.path["project"])


async def undo(asked: Asked) -> Response:
    """One step back."""
    asked.studio.library.step(asked.path["project"], -1)
    return _changed(asked.studio, asked.path["project"])


async def redo(asked: Asked) -> Response:
    """One step forward."""
    asked.studio.library.step(asked.path["project"], 1)
    return _changed(asked.studio, asked.path["project"])


async def choose(asked: Asked) -> Response:
    """Go on with a take."""
    studio, project = asked.studio, asked.path["project"]
    take = owned(studio, project, asked.body.take)
    if take["removed"]:
        raise ConflictError(f"{take['name']} is in the bin; take it out first.")
    if studio.library.current(project) != take["id"]:
        studio.library.record(project, f"Choose {take['name']}", take=take["id"])
    return _changed(studio, project)


async def lock(asked: Asked) -> Response:
    """All locks set anew."""
    studio, project = asked.studio, asked.path["project"]
    current = studio.library.current(project)
    if current is None:
        raise ConflictError("There is no take to lock bars of yet.")
    wanted = [Lock(k.first, k.last, None if k.tracks is None else tuple(k.tracks)) for k in asked.body.locks]
    locks = checked(await unpacked(studio, current), wanted)
    if locks != studio.library.locks(project):
        studio.library.record(project, "Lock" if locks else "Unlock", locks=locks)
    return _changed(studio, project)


async def take(asked: Asked) -> Response:
    """One take, with its manifest."""
    found = asked.studio.library.take(asked.path["take"])
    return answer({**found, "manifest": asked.studio.library.manifest(found["id"])})


async def change_take(asked: Asked) -> Response:
    """A take's name and notes."""
    studio, identity = asked.studio, asked.path["take"]
    studio.library.change_take(identity, asked.body.model_dump(exclude_none=True))
    return answer(_told(studio, identity))


async def remove_take(asked: Asked) -> Response:
    """A take into the bin."""
    studio, identity = asked.studio, asked.path["take"]
    found = studio.library.take(identity)
    if studio.library.current(found["project"]) == identity:
        raise ConflictError(f"{found['name']} is the take you are working on; choose another one first.")
    studio.library.change_take(identity, {"removed": True})
    _told(studio, identity)
    return answer(studio.state(found["project"]))


async def restore_take(asked: Asked) -> Response:
    """A take out of the bin."""
    asked.studio.library.change_take(asked.path["take"], {"removed": False})
    found = _told(asked.studio, asked.path["take"])
    return answer(asked.studio.state(found["project"]))


async def score(asked: Asked) -> Response:
    """The music of a take, to be drawn and played."""
    name, view = asked.studio.library.view_of(asked.path["take"])
    headers = {"ETag": f'"{name}"', "Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if asked.request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if _takes_gzip(asked.request):
        return Response(view, headers={**headers, "Content-Encoding": "gzip"}, media_type="application/json")
    import gzip

    return Response(gzip.decompress(view), headers=headers, media_type="application/json")


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


async def edit(asked: Asked) -> Response:
    """Edits by hand: a new take."""
    studio, source = asked.studio, studio_take(asked)
    locks = studio.library.locks(source["project"])
    before = await unpacked(studio, source["id"])

    def work() -> tuple[Packed, list[str]]:
        after, said = apply(before, asked.body.operations, locks)
        _keeps_locks(after, locks)
        return pack(after), said

    packed, said = await asyncio.to_thread(work)
    label = asked.body.label or _label(asked.body.operations)
    new = NewTake(packed, "edit", {"label": label}, said=tuple(said), name=None)
    with studio.database.change():
        identity = studio.library.add_take(source["project"], new, parent=source["id"])
        studio.library.record(source["project"], label, take=identity)
    found = _told(studio, identity)
    studio.sounds.prepare(identity, studio.library)
    _announce(studio, source["project"])
    return answer({"take": found, "state": studio.state(source["project"])}, 201)


def _keeps_locks(after: Score, locks: Sequence[Lock]) -> None:
    if locks and bar_count(after) < max(lock.last for lock in locks):
        raise ConflictError("This would leave fewer bars than are locked; unlock them first.")


def _label(operations: Sequence[shapes_edits.Operation]) -> str:
    """What edits did, for the undo button."""
    words = {
        "add": "Add", "remove": "Remove", "change": "Change", "transpose": "Transpose", "delete": "Delete", "cut": "Cut",
        "chord": "Set chord", "tempo": "Set tempo", "title": "Set title", "track": "Change track",
        "remove_track": "Remove track", "add_track": "Add track",
    }  # fmt: skip
    kinds = {op.op for op in operations}
    if len(kinds) > 1:
        return f"Edit ({len(operations)} changes)"
    kind = operations[0].op
    notes = f" {len(operations)} note{'s' * (len(operations) > 1)}" if kind in ("add", "remove", "change") else ""
    return words[kind] + notes


async def compared(asked: Asked) -> Response:
    """Where two takes differ."""
    first, second = await unpacked(asked.studio, asked.query.a), await unpacked(asked.studio, asked.query.b)
    return answer(await asyncio.to_thread(compare, first, second))


# --- what routes share


def owned(studio: Studio, project: str, take: str) -> dict[str, Any]:
    """A take of this project.

    Raises:
      NotFoundError: the project has no such take.
    """
    found = studio.library.take(take)
    if found["project"] != project:
        raise NotFoundError(f"There is no take {take} in this project.")
    return found


def studio_take(asked: Asked) -> dict[str, Any]:
    """The take that the path names.

    Raises:
      NotFoundError: there is none.
    """
    return asked.studio.library.take(asked.path["take"])


async def unpacked(studio: Studio, take: str) -> Score:
    """The music of a take; a long piece does not hold up other requests.

    Raises:
      NotFoundError: there is none.
    """
    data = studio.library.data_of(take)[1]
    try:
        return unpack(data) if len(data) < 20_000 else await asyncio.to_thread(unpack, data)
    except InputError as error:
        raise InputError(f"This take cannot be opened: {error}") from error


def _told(studio: Studio, take: str) -> dict[str, Any]:
    found = studio.library.take(take)
    studio.hub.tell("take", found, found["project"])
    return found


def _announce(studio: Studio, project: str) -> None:
    studio.hub.tell("state", studio.jobs.summary(project), project)


def _changed(studio: Studio, project: str) -> Response:
    _announce(studio, project)
    return answer(studio.state(project))


ROUTES = (
    Route("GET", "/api/projects", projects, "All projects, the one last touched first."),
    Route("POST", "/api/projects", new_project, "A new project.", shapes.NewProject, status=201),
    Route("GET", "/api/projects/{project}", project, "A project with its takes, jobs, locks and history."),
    Route("PATCH", "/api/projects/{project}", rename_project, "Give it another name.", shapes.Rename),
    Route("DELETE", "/api/projects/{project}", remove_project, "Move it into the bin.", status=204),
    Route("POST", "/api/projects/{project}/restore", restore_project, "Take it out of the bin.", shapes.Empty),
    Route("POST", "/api/projects/{project}/undo", undo, "Undo one step.", shapes.Empty),
    Route("POST", "/api/projects/{project}/redo", redo, "Redo one step.", shapes.Empty),
    Route("PUT", "/api/projects/{project}/current", choose, "Go on with a take.", shapes.ChooseTake),
    Route("PUT", "/api/projects/{project}/locks", lock, "Set all locks.", shapes.Locks),
    Route("GET", "/api/takes/{take}", take, "A take with its manifest."),
    Route("PATCH", "/api/takes/{take}", change_take, "Set its name and notes.", shapes.TakeWords),
    Route("DELETE", "/api/takes/{take}", remove_take, "Move it into the bin."),
    Route("POST", "/api/takes/{take}/restore", restore_take, "Take it out of the bin.", shapes.Empty),
    Route("GET", "/api/takes/{take}/score", score, "Its music, to be drawn and played."),
    Route("POST", "/api/takes/{take}/edit", edit, "Edit by hand: a new take.", shapes_edits.EditRequest, status=201),
    Route("GET", "/api/compare", compared, "Where two takes differ.", query=shapes.CompareQuery),
)
