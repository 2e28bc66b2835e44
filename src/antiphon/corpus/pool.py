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
TRIES = 3
"""Times that a task is tried again after its worker died before the first item or after the last."""


@dataclass(frozen=True)
class Task:
    """Some items for one worker; `spoilt` are those not to be touched, as an earlier worker came to grief on them.

    `tries` counts the workers that died over the task without an item being to blame.
    """

    number: int
    items: tuple[Any, ...]
    spoilt: dict[int, Cause] = field(default_factory=dict)
    tries: int = 0


Work = Callable[[Task, Any, Callable[[int], None]], Any]
"""Module-level function (task, settings, report) -> result; it calls report(i) before it touches item i, and
report(number of items) once it is through with them."""


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
      progress: called with the number of items done since the last call, each item counted once.

    Raises:
      AntiphonError: workers cannot be started at all.
    """
    context = get_context("spawn")
    waiting: deque[Task] = deque()
    source = iter(tasks)
    workers: list[_Worker] = []
    counted: dict[int, int] = {}

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
                            fresh_items = value - counted.get(task.number, 0)
                            if progress is not None and fresh_items > 0:
                                progress(fresh_items)
                            counted[task.number] = max(value, counted.get(task.number, 0))
                            worker.at, worker.since = value, time.monotonic()
                        else:
                            assign(worker)
                            yield task, value
                            break
                except (EOFError, OSError):
                    cause = Cause.CRASH
                in_item = 0 <= worker.at < len(task.items)
                if cause is None and worker.task is task and in_item and time.monotonic() - worker.since > limit:
                    cause = Cause.TIMEOUT
                if cause is not None:
                    _end(worker)
                    if in_item:
                        task = replace(task, spoilt={**task.spoilt, worker.at: cause})
                    elif task.tries < TRIES:
                        task = replace(task, tries=task.tries + 1)
                    else:
                        raise AntiphonError("Worker processes die before or after their work; is there memory and disk enough?")
                    waiting.append(task)
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
