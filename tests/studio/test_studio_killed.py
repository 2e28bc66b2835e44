"""Killed at any moment: every take that was said to be saved is there, the database is whole, no worker stays behind."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from studio_fakes import PATIENCE, opened

from antiphon.studio.database import Database
from antiphon.studio.lanes import JobBrokenError, Lane, LaneKind
from antiphon.studio.library import Library
from antiphon.studio.wire import BrokenWireError, areceive, encode, receive

HERE = Path(__file__).parent


def test_what_was_saved_outlives_kill_9(tmp_path: Path) -> None:
    saved: set[str] = set()
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    for round_ in range(5):
        command = [sys.executable, str(HERE / "studio_killed.py"), str(tmp_path), str(1000 * round_)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
            assert process.stdout is not None
            saved |= {process.stdout.readline().strip() for _ in range(3 + round_)}
            time.sleep(0.003 * round_)
            process.kill()
            saved |= {line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")}
        database = Database(tmp_path / "studio.db")
        library = Library(database)
        found = {t["id"] for p in library.projects() for t in library.takes(p["id"])}
        assert saved <= found and len(found - saved) <= round_ + 1
        for project in library.projects():
            current = library.current(project["id"])
            assert current is None or library.score_of(current).note_count == 16
        database.close()
    with opened(tmp_path) as page:
        assert len(page.get("/api/projects").json()["projects"]) == 5


def test_a_worker_does_not_outlive_its_server(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, os\n"
        "p = subprocess.Popen([sys.executable, '-m', 'antiphon.studio.worker', 'studio_verbs', '1024', '0'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "from antiphon.studio.wire import encode, receive\n"
        "receive(p.stdout)\n"
        "p.stdin.write(encode({'job': 'j', 'verb': 'compose', 'args': {'brief': {'text': 'sleep'}}})); p.stdin.flush()\n"
        "receive(p.stdout)\n"
        "print(p.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(HERE)}, capture_output=True, text=True, check=False
    )
    worker = int(done.stdout.split()[0])
    stop = time.monotonic() + PATIENCE
    while _alive(worker):
        assert time.monotonic() < stop, "the worker lives on"
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# --- the line between server and worker


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5))
def test_a_message_arrives_as_it_was_sent(message: dict[str, object]) -> None:
    data = encode(message)
    assert receive(io.BytesIO(data)) == message
    assert receive(io.BytesIO(b"")) is None


@given(st.binary(min_size=1, max_size=40))
def test_noise_on_the_line_is_noticed(noise: bytes) -> None:
    for read in (receive, _async_receive):
        try:
            message = read(io.BytesIO(noise))
        except BrokenWireError:
            continue
        assert isinstance(message, dict)


def _async_receive(stream: io.BytesIO) -> dict[str, object] | None:
    async def go() -> dict[str, object] | None:
        reader = asyncio.StreamReader()
        reader.feed_data(stream.read())
        reader.feed_eof()
        return await areceive(reader)

    return asyncio.run(go())


def test_a_worker_that_cannot_start_is_said() -> None:
    async def go() -> None:
        lane = Lane(LaneKind("broken", "antiphon.no_such_module"))
        lane.open()
        try:
            with pytest.raises(JobBrokenError, match="cannot be started"):
                await lane.submit("j", "x", {})
            with pytest.raises(JobBrokenError, match="cannot be started"):
                await lane.submit("k", "x", {})
        finally:
            await lane.close()

    asyncio.run(go())
