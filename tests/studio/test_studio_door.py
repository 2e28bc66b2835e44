"""The door: foreign pages, foreign names, no token, no CSRF value, other people's files."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_fakes import Page, opened

from antiphon.errors import InputError
from antiphon.studio.guard import Guard
from antiphon.studio.routes_jobs import attachment
from antiphon.studio.serve import Address, bound


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("door")) as page:
        yield page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "[::1]:80", "127.0.0.2:1"])
def test_loopback_is_let_in(page: Page, host: str) -> None:
    assert page.get("/api/session", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5:8765", "", "[", "localhost.evil"])
def test_a_rebound_name_is_refused(page: Page, host: str) -> None:
    answer = page.get("/api/session", headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin")


def test_changes_need_the_csrf_value(page: Page) -> None:
    for value in ("", "wrong", "é"):
        answer = page.post("/api/projects", json={}, headers=[(b"X-Antiphon-CSRF", value.encode("latin-1"))])
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")
    assert page.post("/api/projects", json={}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_may_not_speak(page: Page, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/api/projects"), ("GET", "/api/session")):
        answer = page.request(method, path, headers=headers, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin")


def test_every_answer_carries_the_policy(page: Page) -> None:
    for path in ("/api/session", "/api/nothing", "/static/nothing.js", "/"):
        headers = page.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers and "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2fetc/passwd", "/static//etc/passwd",
        "/static/.hidden.js", "/static/a/../../app.py", "/static/..\\app.py", "/static/index.html%00.js", "/static/core/",
        "/api/sound/../../studio.db/mix.wav", "/api/sound/" + "0" * 32 + "/..%2f..%2fs.db", "/api/downloads/..%2fs.db",
        "/api/sound/..%2f..%2f/mix.wav", "/api/takes/x/files/..%2f..%2fetc%2fpasswd", "/api/downloads/z_%2e%2e.zip",
    ],
)  # fmt: skip
def test_no_path_leads_out(page: Page, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code in (403, 404, 405, 422)
    assert "root:" not in answer.text and "SQLite" not in answer.text and "import " not in answer.text


def test_a_token_is_asked_for_and_remembered(tmp_path: Path) -> None:
    with opened(tmp_path, Guard(token="secret-enough")) as page:
        assert page.get("/api/projects").status_code == 401
        asked = page.get("/")
        assert asked.status_code == 401 and "token" in asked.text
        assert page.get("/?token=wrong").status_code == 401
        assert page.get("/api/projects", headers={"Authorization": "Bearer wrong"}).status_code == 401
        shown = page.get("/?token=secret-enough", follow_redirects=False)
        assert (shown.status_code, shown.headers["location"]) == (303, "/")
        cookie = shown.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert page.get("/api/projects").status_code == 200
        assert page.get("/api/projects", headers={"Host": "192.168.1.5:8765"}).status_code == 200  # an address in numbers
        assert page.get("/api/projects", headers={"Host": "evil.example"}).status_code == 403


def test_only_one_studio_has_a_home(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(InputError, match="Another studio is open"), opened(tmp_path):
        pass
    with opened(tmp_path):
        pass


def test_an_address_that_is_taken_is_said() -> None:
    with bound(Address(port=0)) as sock:
        port = sock.getsockname()[1]
        assert sock.proto == socket.IPPROTO_TCP  # asyncio then sends small answers at once
        with pytest.raises(InputError, match=f"port {port}.*--port"):
            bound(Address(port=port))
    with pytest.raises(InputError, match="Cannot listen"):
        bound(Address("203.0.113.7", 0))
    assert Address().is_loopback and Address("::1").is_loopback and not Address("0.0.0.0").is_loopback


def test_names_of_downloads_cannot_break_the_header() -> None:
    assert attachment('a"\r\nX: y/../é.zip') == (
        "attachment; filename=\"a___X_ y_..__.zip\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%2F..%2F%C3%A9.zip"
    )
