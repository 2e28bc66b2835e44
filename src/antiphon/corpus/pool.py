"""A pool of worker processes that survives its work: a worker that hangs or dies costs the one file it was reading."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from antiphon.corpus.piece import Cause
from antiphon.errors import AntiphonError

POLL = 0.25
"""Seconds between looks at the clock while workers are busy."""
STARTS = 3
"""Times in a row that a worker may die before it reaches any file."""


@dataclass(frozen=True)
class Task:
    """Some items for one worker; `spoilt` are those not to be touched, as an earlier worker came to grief on them."""

    number: int
    items: tuple[Any, ...]
    spoilt: dict[int, Cause] = field(default_factory=dict)


Work = Callable[[Task, Any, Callable[[int], None]], Any]
"""Module-level function (task, settings, report) -> result; it calls report(i) before it touches item i."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    at: int = -1
    since: float = field(default_factory=time.monotonic)


def _serve(pipe: Connection, work: Work, settings: Any) -> None:
    """Life of a worker: tasks in, positions and results out, until the pipe closes."""
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(("done", work(task, settings, lambda i: pipe.send(("at", i)))))


def run(
    work: Work,
    settings: Any,
    tasks: Iterable[Task],
    jobs: int,
    limit: float,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[Task, Any]]:
    """Results of all tasks, in the order in which they are done.

    An item on which a worker spends over `limit` seconds, or dies, is marked as spoilt and the rest of its task done anew.

    Args:
      work: what a worker does with a task; importable, as workers are spawned.
      settings: handed to `work` with every task.
      tasks: drawn only as workers become free.
      jobs: number of processes.
      limit: seconds for one item.
      progress: called with 1 for every item begun (an item begun anew is not counted twice).

    Raises:
      AntiphonError: workers cannot be started at all.
    """
    context = get_context("spawn")
    waiting: deque[Task] = deque()
    source = iter(tasks)
    workers: list[_Worker] = []
    failed_starts = 0

    def start() -> _Worker:
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, work, settings), daemon=True)
        process.start()
        there.close()
        return _Worker(process, here)

    def assign(worker: _Worker) -> None:
        worker.task = waiting.popleft() if waiting else next(source, None)
        worker.at, worker.since = -1, time.monotonic()
        if worker.task is not None:
            worker.pipe.send(worker.task)

    try:
        for _ in range(max(1, jobs)):
            worker = start()
            workers.append(worker)
            assign(worker)
            if worker.task is None:
                break
        while busy := [w for w in workers if w.task is not None]:
            wait([w.pipe for w in busy], timeout=POLL)
            for worker in busy:
                task = worker.task
                assert task is not None
                cause: Cause | None = None
                try:
                    while worker.pipe.poll():
                        kind, value = worker.pipe.recv()
                        if kind == "at":
                            if progress is not None and value > worker.at and value not in task.spoilt:
                                progress(1)
                            worker.at, worker.since, failed_starts = value, time.monotonic(), 0
                        else:
                            assign(worker)
                            yield task, value
                            break
                except (EOFError, OSError):
                    cause = Cause.CRASH
                if cause is None and worker.task is task and worker.at >= 0 and time.monotonic() - worker.since > limit:
                    cause = Cause.TIMEOUT
                if cause is not None:
                    failed_starts += worker.at < 0
                    if failed_starts > STARTS:
                        raise AntiphonError("Worker processes die as soon as they start; try again with one job.")
                    _end(worker)
                    spoilt = {**task.spoilt, worker.at: cause} if worker.at >= 0 else task.spoilt
                    waiting.append(replace(task, spoilt=spoilt))
                    fresh = start()
                    workers[workers.index(worker)] = fresh
                    assign(fresh)
    finally:
        for worker in workers:
            _end(worker)


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    if worker.task is not None:
        worker.process.kill()
    worker.process.join(timeout=5)
