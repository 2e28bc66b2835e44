"""The API from outside: what it describes it does, whatever is sent; files come in safely and go out whole."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_fakes import Page, opened, zipped
from studio_verbs import piece

from antiphon.io import abc, midi, musicxml
from antiphon.music.score import Score, Track
from antiphon.studio.app import ROUTES

RAW = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("api")) as page:
        yield page


# --- projects and takes


def test_a_project_from_beginning_to_end(page: Page) -> None:
    project, take = page.brought()
    state = page.patch(f"/api/projects/{project}", json={"name": "  <script>alert(1)</script> "}).json()
    assert state["project"]["name"] == "<script>alert(1)</script>"
    edited = page.post(f"/api/takes/{take}/edit", json={"operations": [{"op": "transpose", "semitones": 1}]}).json()
    child = edited["take"]["id"]
    assert edited["state"]["current"] == child and edited["take"]["parent"] == take
    assert page.delete(f"/api/takes/{child}").status_code == 409
    assert page.post(f"/api/projects/{project}/undo", json={}).json()["current"] == take
    removed = page.delete(f"/api/takes/{child}").json()
    assert [t["removed"] for t in removed["takes"]] == [False, True]
    assert page.put(f"/api/projects/{project}/current", json={"take": child}).status_code == 409
    page.post(f"/api/takes/{child}/restore", json={})
    assert page.put(f"/api/projects/{project}/current", json={"take": child}).json()["current"] == child
    assert page.patch(f"/api/takes/{child}", json={"notes": "good"}).json()["notes"] == "good"
    assert page.delete(f"/api/projects/{project}").status_code == 204
    assert project not in [p["id"] for p in page.get("/api/projects").json()["projects"]]
    assert page.post(f"/api/projects/{project}/restore", json={}).json()["project"]["id"] == project


def test_locked_bars_refuse_edits(page: Page) -> None:
    project, take = page.brought()
    page.put(f"/api/projects/{project}/locks", json={"locks": [{"first": 1, "last": 1, "tracks": None}]})
    add = {"op": "add", "track": 0, "onset": 10, "duration": 10, "pitch": 60}
    refused = page.post(f"/api/takes/{take}/edit", json={"operations": [add]})
    assert refused.status_code == 409 and "locked" in refused.json()["error"]["message"]
    assert refused.json()["error"]["phrase"] == {"code": "locked.bar", "values": {"bar": "1", "role": "melody"}}
    assert page.post(f"/api/projects/{project}/undo", json={}).json()["locks"] == []
    assert page.post(f"/api/takes/{take}/edit", json={"operations": [add]}).status_code == 201


def test_a_score_is_cached_by_its_hash(page: Page) -> None:
    _, take = page.brought()
    first = page.get(f"/api/takes/{take}/score")
    assert first.headers["content-encoding"] == "gzip" and "immutable" in first.headers["cache-control"]
    assert page.get(f"/api/takes/{take}/score", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    plain = page.get(f"/api/takes/{take}/score", headers={"Accept-Encoding": "identity"})
    assert plain.json() == first.json() and "content-encoding" not in plain.headers


def test_sound_is_rendered_once_and_played_in_ranges(page: Page) -> None:
    _, take = page.brought(piece(seed=77))
    sound = page.get(f"/api/takes/{take}/sound").json()
    assert sound["state"] == "ready" and sound["take"] == take
    part = page.get(sound["mix"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert page.get(sound["mix"]).headers["cache-control"].endswith("immutable")
    assert page.get(sound["mix"].replace("mix", "7")).status_code == 404
    _, silent = page.brought(Score(tracks=(Track("melody"),), length=1920))
    refused = page.get(f"/api/takes/{silent}/sound")
    assert refused.status_code == 422 and "nothing to hear" in refused.json()["error"]["message"]


def test_ratings_are_given_counted_and_taken_back(page: Page) -> None:
    _, take = page.brought()
    _, other = page.brought(piece(seed=5))
    before = page.get("/api/ratings").json()["count"]
    assert page.post("/api/ratings", json={"kind": "stars", "take": take, "value": 5}).json()["take"]["rating"]["stars"] == 5
    assert page.post("/api/ratings", json={"kind": "ab", "take": take, "other": other}).json()["ratings"] == before + 2
    exported = page.get("/api/ratings/export")
    assert "attachment" in exported.headers["content-disposition"] and len(exported.json()["scores"]) == 2
    page.post("/api/ratings", json={"kind": "stars", "take": take, "value": 0})
    assert page.get("/api/critic").json()["ratings"] == before + 1
    done = page.ended(page.post("/api/critic/update", json={}).json()["id"])
    assert done["state"] == "done"
    assert page.post("/api/critic/reset", json={}).json()["learned"] is False
    assert page.delete("/api/ratings").status_code == 204 and page.get("/api/ratings").json()["count"] == 0


def test_events_tell_what_happens(page: Page) -> None:
    import asyncio

    async def heard() -> list[bytes]:
        stream = page.studio.hub.listen("p_1", {"csrf": "x"})
        first = await anext(stream)
        page.studio.hub.tell("take", {"id": 1}, "p_1")
        page.studio.hub.tell("take", {"id": 2}, "p_2")
        page.studio.hub.tell("critic", {"id": 3})
        rest = [await anext(stream), await anext(stream)]
        await stream.aclose()  # type: ignore[attr-defined]
        return [first, *rest]

    first, second, third = asyncio.run(heard())
    assert first == b'retry: 1000\nevent: hello\ndata: {"csrf":"x"}\n\n'
    assert second == b'event: take\ndata: {"id":1}\n\n' and third == b'event: critic\ndata: {"id":3}\n\n'
    assert page.studio.hub.listeners == 0


# --- files


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tune.mid", midi.dumps(piece())),
        ("tune.musicxml", musicxml.dumps(piece())),
        ("tune.abc", abc.dumps(piece(tracks=("melody",))).encode()),
        ("C:\\music\\tune.MID", midi.dumps(piece())),
        ("all.zip", zipped({"a/tune.mid": midi.dumps(piece()), "b.mid": b"junk", "c.exe": b"", "__MACOSX/d.mid": b"x"})),
    ],
)
def test_a_file_becomes_a_take(page: Page, name: str, data: bytes) -> None:
    state = page.post("/api/import", params={"name": name}, content=data, headers=RAW)
    assert state.status_code == 201, state.text
    (take,) = state.json()["takes"]
    assert state.json()["current"] == take["id"] and take["piece"]["bars"] == 4 and take["verb"] == "import"
    names = [t["name"] for t in take["piece"]["tracks"]]
    assert len(set(names)) == len(names) and all(names)


HOSTILE = {
    "empty.mid": b"",
    "junk.mid": b"MThd" + b"\xff" * 200,
    "short.mid": midi.dumps(piece())[:40],
    "far.mid": bytes.fromhex("4d546864000000060000000100014d54726b0000000f")
    + b"\xff\xff\xff\x7f\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x40\x00\xff\x2f\x00",
    "bomb.xml": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><score-partwise>&b;</score-partwise>',
    "entity.musicxml": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise><work><work-title>&a;</work-title></work></score-partwise>',
    "junk.zip": b"PK\x03\x04 not a zip",
    "none.zip": zipped({"readme.txt": b"hello"}),
    "bomb.zip": zipped({f"{i}.mid": bytes(2 * 2**20) for i in range(40)}),
    "picture.png": b"\x89PNG",
    "noname": b"x",
    "../../evil.mid": b"junk",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence(page: Page, name: str) -> None:
    before = len(page.get("/api/projects").json()["projects"])
    answer = page.post("/api/import", params={"name": name}, content=HOSTILE[name], headers=RAW)
    told = answer.json()["error"]["message"]
    assert answer.status_code in (413, 422) and told and "\n" not in told and "/tmp" not in told and "root:" not in told
    assert len(page.get("/api/projects").json()["projects"]) == before


def test_too_much_is_refused(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.studio.routes_jobs.MAX_IMPORT", 1000)
    assert page.post("/api/import", params={"name": "a.mid"}, content=b"x" * 1001, headers=RAW).status_code == 413
    assert page.post("/api/import", params={"name": "a.mid"}, content=iter([b"x" * 600] * 2), headers=RAW).status_code == 413
    assert page.post("/api/projects", content=b'{"name":"' + b"x" * 2**23 + b'"}').status_code == 413
    monkeypatch.setattr("antiphon.studio.routes_studio.MAX_UPLOAD", 1000)
    first = page.post("/api/training/uploads", params={"name": "a.mid"}, content=b"x" * 600, headers=RAW)
    assert first.status_code == 201 and first.json()["files"] == 1
    more = page.post("/api/training/uploads", params={"name": "../b.mid", "upload": first.json()["upload"]}, content=b"x" * 600)
    assert more.status_code == 413


def test_uploaded_music_is_surveyed(page: Page) -> None:
    files = zipped({f"{i}.mid": midi.dumps(piece(seed=i)) for i in range(3)} | {"bad.mid": b"junk"})
    upload = page.post("/api/training/uploads", params={"name": "mine.zip"}, content=files, headers=RAW).json()["upload"]
    done = page.ended(page.post("/api/jobs", json={"verb": "survey", "upload": upload}).json()["id"])
    assert done["state"] == "done", done["error"]
    report = done["result"]
    assert (report["pieces"], report["bars"], len(report["refused"])) == (3, 12, 1)
    refused = page.post("/api/jobs", json={"verb": "train", "upload": upload, "name": "mine"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (422, "Not here.")


# --- the description, and nonsense


def sent(schema: dict[str, Any], whole: dict[str, Any], rng: random.Random, ids: list[str], depth: int = 0) -> Any:
    """Something that fits a schema, now and then something that does not."""
    if rng.random() < 0.08:
        return rng.choice([None, -1, 2**70, 1e308, "", "\x00", "🎵" * 50, [], {}, [[]], {"x": 1}, True, "../x", 0.5])
    if "$ref" in schema:
        return sent(whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole, rng, ids, depth + 1)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return sent(rng.choice(schema[choice]), whole, rng, ids, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        required = schema.get("required", [])
        names = [n for n in schema["properties"] if n in required or rng.random() < 0.5]
        return {n: sent(schema["properties"][n], whole, rng, ids, depth + 1) for n in names}
    if kind == "object":
        return {
            f"k{i}": sent(schema.get("additionalProperties", {}), whole, rng, ids, depth + 1) for i in range(rng.randrange(3))
        }
    if kind == "array" and "prefixItems" in schema:
        return [sent(item, whole, rng, ids, depth + 1) for item in schema["prefixItems"]]
    if kind == "array":
        return [sent(schema.get("items", {}), whole, rng, ids, depth + 1) for _ in range(rng.randrange(4))]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), min(schema.get("maximum", 5), 10**6)
        return rng.choice([low, high, rng.randint(int(low), max(int(low), int(high))), 4])
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "string":
        return (
            rng.choice(ids)
            if "pattern" in schema
            else rng.choice(["melody", "piano", "C | Am", "pop", "A minor", "3/4", "x" * 300])
        )
    return None


def test_the_description_describes_every_route(page: Page) -> None:
    told = page.get("/api/openapi.json").json()
    assert {(m.upper(), p) for p, ms in told["paths"].items() for m in ms} == {(r.method, r.path) for r in ROUTES}
    text = json.dumps(told)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in told["components"]["schemas"]


@pytest.mark.parametrize("seed", range(4))
def test_no_request_made_from_the_description_fails_inside(page: Page, seed: int) -> None:
    told = page.get("/api/openapi.json").json()
    rng = random.Random(seed)
    project, take = page.brought()
    ids = [project, take, "t_nothing", "p_0", "u_0", "j_0"]
    seen: set[int] = set()
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            if path == "/api/events":
                continue  # never ends
            for _ in range(6):
                place = path
                for name in [p["name"] for p in operation["parameters"] if p["in"] == "path"]:
                    value = (
                        {"project": project, "take": take}.get(name, "x")
                        if rng.random() < 0.8
                        else rng.choice([*ids, "%00", "é"])
                    )
                    place = place.replace("{" + name + "}", value)
                query = {
                    p["name"]: sent(p["schema"], told, rng, ids)
                    for p in operation["parameters"]
                    if p["in"] == "query" and rng.random() < 0.9
                }
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                content = None
                if body is not None:
                    content = (
                        rng.choice([b"", b"{", b"[]", b"\xff", b"[" * 5000])
                        if rng.random() < 0.1
                        else _dump(sent(body, told, rng, ids))
                    )
                elif "requestBody" in operation:
                    content = b"MThd"
                answer = page.request(method.upper(), place, params={k: str(v) for k, v in query.items()}, content=content)
                seen.add(answer.status_code)
                assert answer.status_code < 500 or answer.status_code == 503, (method, place, query, content, answer.text)
                if answer.status_code >= 400:
                    error = answer.json()["error"]
                    assert (
                        set(error) == {"code", "message", "field", "phrase"}
                        and error["message"]
                        and "Traceback" not in error["message"]
                    )
    assert {200, 404, 422} <= seen
    assert page.get(f"/api/projects/{project}").status_code == 200


def _dump(value: object) -> bytes:
    return json.dumps(value).encode()


def test_methods_that_are_not_there_are_refused(page: Page) -> None:
    assert page.put("/api/session", json={}).status_code == 405
    assert page.get("/api/nothing").json()["error"]["code"] == "not_found"
    assert page.options("/api/projects").status_code == 405
    assert page.head("/api/projects").status_code == 200


# --- the page's own files


def test_only_files_of_the_page_are_sent(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as page:
        root = tmp_path / "page"
        (root / "deep").mkdir(parents=True)
        for name in ("index.html", "deep/a.js", "secret.py", ".hidden.js"):
            (root / name).write_text(f"this is {name}")
        (root / "link.js").symlink_to(tmp_path / "outside.js")
        (tmp_path / "outside.js").write_text("outside")
        object.__setattr__(page.studio.config, "page", root)
        assert page.get("/").text == "this is index.html" and page.get("/").headers["content-type"].startswith("text/html")
        assert page.get("/static/deep/a.js").headers["content-type"] == "text/javascript; charset=utf-8"
        for name in ("secret.py", ".hidden.js", "link.js", "deep", "nothing.js"):
            assert page.get(f"/static/{name}").status_code == 404
