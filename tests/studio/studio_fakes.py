"""A studio for tests: real server code around workers that do what `studio_verbs` says."""

from __future__ import annotations

import contextlib
import io
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from studio_verbs import piece

from antiphon.music.score import Score
from antiphon.studio.app import create_app
from antiphon.studio.guard import Guard
from antiphon.studio.home import Home
from antiphon.studio.lanes import LaneKind
from antiphon.studio.library import NewTake
from antiphon.studio.scorejson import pack
from antiphon.studio.studio import Config, Studio

PATIENCE = 240.0
"""Seconds after which a test gives up; machines that run tests may be very busy."""


def lanes(seconds: float = 600) -> tuple[LaneKind, ...]:
    """Lanes with fake workers, but for the reader, which is the real one."""
    fakes = tuple(LaneKind(name, "studio_verbs", megabytes=1024, seconds=seconds) for name in ("compose", "tools", "sound"))
    return (
        *fakes,
        LaneKind("reader", "antiphon.studio.reading", megabytes=2048, seconds=30),
        LaneKind("learn", "studio_verbs", once=True),
    )


class Page(TestClient):
    """A page that has fetched its session, and knows how to wait for a job."""

    studio: Studio

    def job(self, project: str, **body: Any) -> dict[str, Any]:
        """Ask for a job and wait until it has ended."""
        asked = self.post(f"/api/projects/{project}/jobs", json=body)
        assert asked.status_code == 202, asked.text
        return self.ended(asked.json()["id"])

    def ended(self, job: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """A job when it has ended."""
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            found: dict[str, Any] = self.get(f"/api/jobs/{job}").json()
            if found["state"] not in ("queued", "running"):
                return found
            time.sleep(0.02)
        raise AssertionError(f"job {job} did not end")

    def running(self, job: str, takes: int = 1) -> dict[str, Any]:
        """A job when it runs and has made so many takes."""
        stop = time.monotonic() + PATIENCE
        while time.monotonic() < stop:
            found: dict[str, Any] = self.get(f"/api/jobs/{job}").json()
            if found["state"] == "running" and len(found["takes"]) >= takes:
                return found
            time.sleep(0.02)
        raise AssertionError(f"job {job} does not run")

    def new(self) -> str:
        """A new project."""
        identity: str = self.post("/api/projects", json={}).json()["project"]["id"]
        return identity

    def brought(self, score: Score | None = None) -> tuple[str, str]:
        """A new project with a piece in it: project and take."""
        project = self.studio.library.new_project("Test")
        take = self.studio.library.add_take(project, NewTake(pack(score or piece()), "import"))
        self.studio.library.record(project, "Import", take=take)
        return project, take


@contextlib.contextmanager
def opened(home: Path, guard: Guard | None = None, kinds: tuple[LaneKind, ...] | None = None) -> Iterator[Page]:
    """A page in an open studio."""
    here = str(Path(__file__).parent)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = here
    try:
        studio = Studio(Config(Home(home), guard or Guard(), kinds or lanes()))
        with Page(create_app(studio), base_url="http://127.0.0.1:8765") as page:
            page.studio = studio
            session = page.get("/api/session", headers={"Authorization": f"Bearer {studio.config.guard.token}"}).json()
            page.headers["X-Antiphon-CSRF"] = session["csrf"]
            yield page
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
