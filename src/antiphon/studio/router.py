"""Routes with typed bodies and queries, every error as one JSON sentence, and the OpenAPI description made from them."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from antiphon import __version__
from antiphon.errors import AntiphonError, InputError, LimitError, OutputError
from antiphon.studio.jobs import BusyError
from antiphon.studio.lanes import JobBrokenError, JobStoppedError
from antiphon.studio.library import ConflictError, NotFoundError
from antiphon.studio.locks import LockedError
from antiphon.studio.phrases import find
from antiphon.studio.shapes import Shape

if TYPE_CHECKING:
    from antiphon.studio.studio import Studio

MAX_JSON = 4 * 2**20
"""Longest JSON body in bytes."""

_STATUS: tuple[tuple[type[AntiphonError], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (LockedError, 409, "conflict"),
    (ConflictError, 409, "conflict"),
    (BusyError, 429, "busy"),
    (LimitError, 413, "too_large"),
    (JobBrokenError, 503, "timeout"),
    (JobStoppedError, 503, "timeout"),
    (InputError, 422, "invalid"),
    (OutputError, 507, "failed"),
    (AntiphonError, 422, "invalid"),
)


class RefusedError(Exception):
    """A request that is answered with this status, code and sentence."""

    def __init__(self, status: int, code: str, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.where = status, code, message, where


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been understood.

    Attributes:
      studio: what it is about.
      request: as it came.
      path: the variable parts of its path.
      body, query: validated; None where the route has none.
    """

    studio: Studio
    request: Request
    path: dict[str, str]
    body: Any = None
    query: Any = None


Handler = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One method on one path.

    Attributes:
      method, path: "GET", "/api/takes/{take}"; "{file*}" matches across slashes.
      handler: answers it.
      summary: one sentence for the description.
      body: the JSON that must come: a Shape or a union of them; None: no body. "bytes": raw bytes, read by the handler.
      query: what may stand after the question mark.
      status: of a good answer; media: its type.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: Any = None
    query: type[Shape] | None = None
    status: int = 200
    media: str = "application/json"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the path."""
        anything = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", self.path.replace(".", r"\."))
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", anything))

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Validates the body."""
        return None if self.body in (None, "bytes") else TypeAdapter(self.body)


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type="application/json")


def error(status: int, code: str, message: str, where: str | None = None) -> Response:
    """An error as every route gives it; `phrase` is the sentence by its own code and values, where it is a known one."""
    return answer({"error": {"code": code, "message": message, "field": where, "phrase": find(message)}}, status)


@dataclass(slots=True)
class Router:
    """Answers requests by the routes."""

    studio: Studio
    routes: Sequence[Route]
    by_method: dict[str, list[Route]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_method = {}
        for route in self.routes:
            self.by_method.setdefault(route.method, []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes a sentence."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RefusedError as refused:
            response = error(refused.status, refused.code, refused.message, refused.where)
        except ClientDisconnect:
            return
        except AntiphonError as failed:
            status, code = next((status, code) for kind, status, code in _STATUS if isinstance(failed, kind))
            response = error(status, code, str(failed))
        except Exception:
            print(f"antiphon studio: {request.method} {request.scope['path']} failed:", file=sys.stderr)
            traceback.print_exc()
            response = error(
                500, "failed", "The studio made a mistake; the terminal says more. Nothing that was saved is lost."
            )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        method = "GET" if request.method == "HEAD" else request.method
        for route in self.by_method.get(method, ()):
            match = route.pattern.fullmatch(path)
            if match:
                query = _query(route, request)
                body = await _body(route, request)
                return await route.handler(Asked(self.studio, request, match.groupdict(), body, query))
        if any(route.pattern.fullmatch(path) for route in self.routes):
            raise RefusedError(405, "method", f"{request.method} is not possible here.")
        raise RefusedError(404, "not_found", "There is nothing at this address.")


def _query(route: Route, request: Request) -> Shape | None:
    if route.query is None:
        return None
    try:
        return route.query.model_validate(dict(request.query_params))
    except ValidationError as problem:
        raise _refusal(problem) from problem


async def _body(route: Route, request: Request) -> Any:
    if route.adapter is None:
        return None
    raw = await limited(request, MAX_JSON)
    try:
        return route.adapter.validate_json(raw or b"{}", strict=True)
    except ValidationError as problem:
        raise _refusal(problem) from problem
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, "bad_json", "The request is not JSON that can be read.") from problem


async def limited(request: Request, limit: int) -> bytes:
    """The body of a request, refused as soon as it is seen to be too long.

    Raises:
      RefusedError: it is longer than `limit` bytes.
    """
    too_long = RefusedError(413, "too_large", f"This is more than the {limit / 2**20:.0f} MB that may be sent here.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_long
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_long
        parts.append(part)
    return b"".join(parts)


def _refusal(problem: ValidationError) -> RefusedError:
    """The first thing wrong with a request, as a sentence."""
    first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return RefusedError(400, "bad_json", "The request is not JSON that can be read.")
    where = ".".join(str(part) for part in first["loc"]) or None
    words = first["msg"][:1].lower() + first["msg"][1:]
    return RefusedError(422, "invalid", f"{where or 'The request'}: {words}.", where)


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "field", "phrase"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": ["string", "null"]},
                "phrase": {"anyOf": [{"$ref": "#/components/schemas/Phrase"}, {"type": "null"}]},
            },
        }
    },
}
_PHRASE = {
    "description": "A sentence by a code that stays, with its values by name; a value may be a phrase again.",
    "type": "object",
    "required": ["code", "values"],
    "properties": {
        "code": {"type": "string"},
        "text": {"type": "string"},
        "values": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Phrase"}]},
        },
    },
}


def openapi(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the routes."""
    reference = "#/components/schemas/{model}"
    models = sorted({model for route in routes for model in _models(route)}, key=lambda m: m.__name__)
    _, schemas = models_json_schema([(m, "validation") for m in models], ref_template=reference)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, reference)
    components = dict(schemas.get("$defs", {}))
    components |= {"Error": _ERROR, "Phrase": _PHRASE}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Antiphon studio", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"csrf": {"type": "apiKey", "in": "header", "name": "X-Antiphon-CSRF"}},
        },
    }


def _models(route: Route) -> list[type[Shape]]:
    body = [] if route.body in (None, "bytes") else list(getattr(route.body, "__args__", None) or [route.body])
    return [m for m in body if isinstance(m, type) and issubclass(m, Shape)]


def _operation(route: Route, reference: str) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.pattern.groupindex
    ]
    if route.query is not None:
        schema = route.query.model_json_schema()
        for name, values in schema["properties"].items():
            required = name in schema.get("required", ())
            parameters.append({"name": name, "in": "query", "required": required, "schema": values})
    described: dict[str, Any] = {
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            str(route.status): {"description": "Done.", **({} if route.status == 204 else {"content": {route.media: {}}})},
            "default": {
                "description": "Refused, with one sentence that says why.",
                "content": {"application/json": {"schema": {"$ref": reference.format(model="Error")}}},
            },
        },
    }
    if route.method != "GET":
        described["security"] = [{"csrf": []}]
    if route.body == "bytes":
        described["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif route.body is not None:
        kinds = [{"$ref": reference.format(model=m.__name__)} for m in _models(route)]
        schema = kinds[0] if len(kinds) == 1 else {"oneOf": kinds}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described
