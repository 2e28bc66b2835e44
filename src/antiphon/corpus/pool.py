"""A pool of worker processes that survives its work: a worker that hangs or dies costs the one file it was reading."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from antiphon.corpus.piece import Cause
from antiphon.errors import AntiphonError

POLL = 0.25
"""Seconds between looks at the clock while workers are busy."""
BEAT = 0.5
"""Seconds between two messages in which a busy worker tells the CPU time that it has used."""
PATIENCE = 6
"""Wall seconds for an item, as a multiple of the CPU seconds it may take: on a busy machine a slow item is no hanging one."""
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
    """A process, the pipe to it, its task, the item it is at (-1 before the first), since when, its CPU time then and now."""

    process: BaseProcess
    pipe: Connection
    task: Task
    at: int = -1
    since: float = field(default_factory=time.monotonic)
    cpu_at: float = 0.0
    cpu: float = 0.0

    @property
    def in_item(self) -> bool:
        return 0 <= self.at < len(self.task.items)

    def overdue(self, limit: float) -> bool:
        """Whether the item it is at has taken too long."""
        return self.in_item and (self.cpu - self.cpu_at > limit or time.monotonic() - self.since > PATIENCE * limit)


def _serve(pipe: Connection, work: Work, settings: Any) -> None:
    """Life of a worker: tasks in; positions, CPU times and results out, until the pipe closes."""
    lock = threading.Lock()

    def tell(kind: str, value: Any) -> None:
        with lock:
            pipe.send((kind, value, time.process_time()))

    def beat() -> None:
        with contextlib.suppress(OSError):
            while True:
                time.sleep(BEAT)
                tell("alive", None)

    threading.Thread(target=beat, daemon=True).start()
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        tell("done", work(task, settings, lambda i: tell("at", i)))


def run(
    work: Work,
    settings: Any,
    tasks: Iterable[Task],
    jobs: int,
    limit: float,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[Task, Any]]:
    """Results of all tasks, in the order in which they are done.

    An item on which a worker spends over `limit` CPU seconds (or PATIENCE times that by the clock), or dies, is marked as
    spoilt and the rest of its task done anew.

    Args:
      work: what a worker does with a task; importable, as workers are spawned.
      settings: handed to `work` with every task.
      tasks: drawn only as workers become free.
      jobs: number of processes.
      limit: CPU seconds for one item.
      progress: called with the number of items done since the last call, each item counted once.

    Raises:
      AntiphonError: workers die again and again without an item being to blame.
    """
    again: deque[Task] = deque()
    source = iter(tasks)
    counted: dict[int, int] = {}
    workers = [_start(work, settings, task) for task in islice(source, max(1, jobs))]
    try:
        while workers:
            wait([w.pipe for w in workers], timeout=POLL)
            for worker in list(workers):
                task, result, cause = worker.task, None, None
                try:
                    result = _news(worker, counted, progress)
                except (EOFError, OSError):
                    cause = Cause.CRASH
                if result is None and cause is None and worker.overdue(limit):
                    cause = Cause.TIMEOUT
                if cause is not None:
                    again.append(_without_fault(worker, cause))
                if cause is not None or result is not None:
                    following = again.popleft() if again else next(source, None)
                    if following is None or cause is not None or not _give(worker, following):
                        _end(worker)
                        workers.remove(worker)
                        if following is not None:
                            workers.append(_start(work, settings, following))
                if result is not None:
                    yield task, result[0]
    finally:
        for worker in workers:
            _end(worker)


def _start(work: Work, settings: Any, task: Task) -> _Worker:
    """A new worker with its first task."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, work, settings), daemon=True)
    process.start()
    there.close()
    worker = _Worker(process, here, task)
    _give(worker, task)  # if it has died already, that is noticed at the first look at its pipe
    return worker


def _give(worker: _Worker, task: Task) -> bool:
    """Hand a worker its next task; False where it is dead."""
    worker.task, worker.at, worker.since = task, -1, time.monotonic()
    try:
        worker.pipe.send(task)
    except OSError:
        return False
    return True


def _news(worker: _Worker, counted: dict[int, int], progress: Callable[[int], None] | None) -> tuple[Any] | None:
    """Read what a worker has sent; its result, in a tuple, if that has come.

    Raises:
      EOFError, OSError: it is dead.
    """
    while worker.pipe.poll():
        kind, value, worker.cpu = worker.pipe.recv()
        if kind == "alive":
            continue
        if kind == "done":
            return (value,)
        done = value - counted.get(worker.task.number, 0)
        if done > 0:
            counted[worker.task.number] = value
            if progress is not None:
                progress(done)
        worker.at, worker.since, worker.cpu_at = value, time.monotonic(), worker.cpu
    return None


def _without_fault(worker: _Worker, cause: Cause) -> Task:
    """The task of a worker that came to grief, less the item at fault."""
    task = worker.task
    if worker.in_item:
        return replace(task, spoilt={**task.spoilt, worker.at: cause})
    if task.tries == TRIES:
        raise AntiphonError("Worker processes die before or after their work; is there memory and disk enough?")
    return replace(task, tries=task.tries + 1)


def _end(worker: _Worker) -> None:
    """Stop a worker, whatever it does."""
    worker.pipe.close()
    worker.process.kill()
    worker.process.join(timeout=5)
