"""How the studio bears load: requests a second on the API that pages read, and fifty jobs at once.

python benchmarks/studio_load.py [--seconds 10] [--connections 16] [--jobs 50] [--verb judge]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.io import midi
from antiphon.music.score import Score, Track, notes_array


class Client:
    """Speaks to the studio as a page does."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.csrf = ""
        self.csrf = self.call("GET", "/api/session")["csrf"]

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The JSON that a request brings."""
        headers = {"X-Antiphon-CSRF": self.csrf, "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.loads(answer.read())


def song() -> bytes:
    """A piece of 16 bars in three parts as a MIDI file."""
    tracks = []
    for i, name in enumerate(("melody", "piano", "bass")):
        notes = [(t, 240, 40 + 12 * i + (t // 240 * 5) % 12, 80) for t in range(0, 16 * 1920, 240)]
        tracks.append(Track(name, (0, 0, 33)[i], notes=notes_array(notes)))
    return midi.dumps(Score(tracks=tuple(tracks)))


async def reader(host: str, port: int, paths: list[str], until: float, taken: list[float]) -> None:
    """One page that reads one path after the other on one connection."""
    read, write = await asyncio.open_connection(host, port)
    number = 0
    while time.perf_counter() < until:
        path = paths[number % len(paths)]
        number += 1
        begun = time.perf_counter()
        write.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = await read.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise SystemExit(head.decode())
        size = re.search(rb"content-length: (\d+)", head, re.I)
        await read.readexactly(int(size[1]) if size else 0)
        taken.append(time.perf_counter() - begun)
    write.close()


def reads(base: str, paths: list[str], seconds: float, connections: int, pid: int) -> dict[str, float]:
    """Requests a second and how long they take, in milliseconds; and what the server's processor spent on one."""
    host, port = base.removeprefix("http://").rstrip("/").split(":")
    taken: list[float] = []

    async def all_of_them() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(reader(host, int(port), paths, until, taken) for _ in range(connections)))

    before, begun = spent(pid), time.perf_counter()
    asyncio.run(all_of_them())
    lasted = time.perf_counter() - begun
    each = np.array(taken) * 1000
    return {
        "requests_per_second": round(len(each) / lasted, 1),
        "p50_ms": round(float(np.percentile(each, 50)), 2),
        "p99_ms": round(float(np.percentile(each, 99)), 2),
        "server_cpu_ms_per_request": round(1000 * (spent(pid) - before) / len(each), 3),
        "requests": len(each),
    }


def spent(pid: int) -> float:
    """CPU seconds that a process has used; nan where the system does not tell."""
    place = Path(f"/proc/{pid}/stat")
    if not place.is_file():
        return float("nan")
    fields = place.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def jobs(client: Client, project: str, count: int, verb: str) -> dict[str, Any]:
    """So many jobs asked for at once, until all have ended."""
    begun = time.perf_counter()
    body = {"compose": {"verb": "compose", "brief": {"bars": 4, "takes": 1}}}.get(verb, {"verb": verb})
    asked = [client.call("POST", f"/api/projects/{project}/jobs", json.dumps(body).encode())["id"] for _ in range(count)]
    queued = time.perf_counter() - begun
    while client.call("GET", "/api/jobs")["jobs"]:
        time.sleep(0.1)
    states = [client.call("GET", f"/api/jobs/{job}")["state"] for job in asked]
    return {
        "jobs": count,
        "verb": verb,
        "asked_in_seconds": round(queued, 2),
        "done_in_seconds": round(time.perf_counter() - begun, 2),
        "states": {state: states.count(state) for state in set(states)},
    }


def main() -> None:
    """Open a studio in an empty home, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--verb", default="judge")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "antiphon", "studio", "--no-browser", "--port", "0", "--home", home]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            found = re.search(r"http://[^/]+", server.stdout.readline())
            assert found is not None
            base = found[0]
            try:
                time.sleep(2)
                client = Client(base)
                state = client.call("POST", "/api/import?name=song.mid", song())
                project, take = state["project"]["id"], state["current"]
                client.call("GET", f"/api/takes/{take}/sound?wait=30")
                client.call("GET", "/api/options")
                paths = ["/api/projects", f"/api/projects/{project}", f"/api/takes/{take}", f"/api/takes/{take}/score"]
                told = {"load": os.getloadavg()[0], "reads": reads(base, paths, asked.seconds, asked.connections, server.pid)}
                told["queue"] = jobs(client, project, asked.jobs, asked.verb)
                print(json.dumps(told, indent=1))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
