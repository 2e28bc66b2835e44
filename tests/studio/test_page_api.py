"""What the page asks of the server is what the server offers: paths, methods, verbs and operations."""

from __future__ import annotations

import re
from pathlib import Path

import antiphon
from antiphon.studio.app import ROUTES
from antiphon.studio.router import openapi

PAGE = Path(antiphon.__file__).parent / "studio" / "page"
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PAGE.rglob("*.js")))
METHODS = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "remove": "DELETE",
    "fillPath": "GET",
    "EventSource": "GET",
}


def plain(path: str) -> str:
    """A path with the names of its parts left out."""
    return re.sub(r"\{\w+\}", "{}", path)


OFFERED = {(route.method, plain(route.path)) for route in ROUTES}


def test_every_call_has_its_route() -> None:
    calls = re.findall(r"\b(get|post|put|patch|remove|fillPath|EventSource)\(\"(/api/[^\"]*)\"", TEXT)
    assert len(calls) > 30
    assert {(METHODS[how], plain(path)) for how, path in calls} - OFFERED == set()


def test_no_path_escapes_the_check() -> None:
    """Every path in the sources stands in a call that the test above reads."""
    everywhere = re.findall(r"[\"'`](/api/[^\"'`]*)", TEXT)
    read = re.findall(r"\b(?:get|post|put|patch|remove|fillPath|EventSource)\(\"(/api/[^\"]*)\"", TEXT)
    assert sorted(everywhere) == sorted(read)


def constants(field: str) -> set[str]:
    """The values that tell the shapes of the OpenAPI description apart by this field."""
    schemas = openapi(ROUTES)["components"]["schemas"].values()
    return {
        schema["properties"][field]["const"] for schema in schemas if "const" in schema.get("properties", {}).get(field, {})
    }


def test_every_verb_and_operation_is_known() -> None:
    verbs = set(re.findall(r"\{ verb: \"(\w+)\"", TEXT))
    assert {"compose", "infill", "export", "train"} <= verbs
    assert verbs <= constants("verb")
    slow = set(re.findall(r"\bline\(\"(\w+)\", (?:null|[a-z]+|h\()", TEXT)) & constants("verb")
    assert {"vary", "continue", "restyle", "humanize", "arrange", "accompany", "harmonize"} <= slow
    operations = set(re.findall(r"\{ op: \"(\w+)\"", TEXT))
    assert {"add", "remove", "transpose", "delete", "chord", "tempo"} <= operations
    assert operations <= constants("op")
