"""Jobs at work: queued in their lane, followed until they end, their takes kept one by one as they are ready."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from antiphon.errors import AntiphonError
from antiphon.studio.events import Hub
from antiphon.studio.joblist import OPEN, JobList
from antiphon.studio.lanes import JobStoppedError, Lane
from antiphon.studio.library import ConflictError, Library, NewTake, locks_json
from antiphon.studio.phrases import phrases
from antiphon.studio.scorejson import read_packed

MOST_WAITING = 200
SECONDS_BETWEEN = 0.2
"""Pages hear of a job's progress no more often than this."""


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be done.

    Attributes:
      verb, asked: what was asked for, as recorded.
      args: what the worker gets.
      lane: who does it.
      project, take: where it belongs and what it works on.
      seconds: longest time it may take; None: the lane's.
    """

    verb: str
    asked: Mapping[str, Any]
    args: Mapping[str, Any]
    lane: str
    project: str | None = None
    take: str | None = None
    seconds: float | None = None


class BusyError(AntiphonError):
    """The queue is full."""


class Jobs:
    """All jobs of the studio; `on_take` is told of every take that arrives, `on_end` of every job that ends."""

    def __init__(self, library: Library, lanes: Mapping[str, Lane], hub: Hub) -> None:
        self.list = JobList(library.database)
        self.library = library
        self.lanes = lanes
        self.hub = hub
        self.on_take: Callable[[str], None] = lambda _: None
        self.on_end: Callable[[dict[str, Any]], None] = lambda _: None
        self._following: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, tuple[str, float | None]] = {}
        self._told: dict[str, float] = {}

    async def close(self) -> None:
        """Stop following; what is under way is found as interrupted at the next start."""
        for task in self._following.values():
            task.cancel()
        for task in list(self._following.values()):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def submit(self, order: Order) -> dict[str, Any]:
        """Put a job on record and into its lane; returns it.

        Raises:
          BusyError: too many jobs wait.
        """
        if self.list.count_open() >= MOST_WAITING:
            raise BusyError(f"{MOST_WAITING} jobs are waiting already; wait for some, or cancel them.")
        before = None if order.project is None else self.library.current(order.project)
        job = self.list.add(order.verb, dict(order.asked), project=order.project, take=order.take, before=before)
        self._following[job] = asyncio.create_task(self._follow(job, order), name=f"job {job}")
        found = self.get(job)
        self.hub.tell("job", found, order.project)
        return found

    def get(self, job: str) -> dict[str, Any]:
        """A job with its progress and its place in the queue.

        Raises:
          NotFoundError: there is none.
        """
        return self._live(self.list.get(job))

    def of_project(self, project: str) -> list[dict[str, Any]]:
        """A project's open jobs and the last that ended."""
        return [self._live(job) for job in self.list.of_project(project)]

    def all_open(self) -> list[dict[str, Any]]:
        """All jobs that have not ended."""
        return [self._live(job) for job in self.list.all_open()]

    def _live(self, job: dict[str, Any]) -> dict[str, Any]:
        job.pop("before")
        if job["state"] in OPEN:
            message, fraction = self._progress.get(job["id"], ("", None))
            places = (lane.place(job["id"]) for lane in self.lanes.values())
            job |= {"message": message, "progress": fraction, "position": next((p for p in places if p is not None), None)}
        return {**job, "phrases": phrases(_sentences(job))}

    def cancel(self, job: str) -> dict[str, Any]:
        """Stop a job, whatever it is doing.

        Raises:
          NotFoundError: there is no such job.
          ConflictError: it has ended.
        """
        if self.list.get(job)["state"] not in OPEN:
            raise ConflictError("This job has ended already.")
        self.list.end(job, "cancelled")
        for lane in self.lanes.values():
            lane.stop(job)
        found = self.get(job)
        self.hub.tell("job", found, found["project"])
        return found

    async def wait(self, job: str) -> None:
        """Return when a job has ended."""
        task = self._following.get(job)
        if task is not None:
            await asyncio.wait([task])

    async def _follow(self, job: str, order: Order) -> None:
        made: dict[int, str] = {}

        def begun() -> None:
            self.list.begin(job)
            self._tell(job, order.project)

        def hear(message: dict[str, Any]) -> None:
            if message["kind"] == "take":
                self._take(job, order, message, made)
            elif message["kind"] == "progress":
                self._progress[job] = (str(message["message"])[:200], message.get("fraction"))
                if time.monotonic() - self._told.get(job, 0.0) >= SECONDS_BETWEEN:
                    self._told[job] = time.monotonic()
                    self._tell(job, order.project)

        try:
            if self.list.get(job)["state"] in OPEN:
                lane = self.lanes[order.lane]
                result = await lane.submit(job, order.verb, order.args, hear=hear, begun=begun, seconds=order.seconds)
                self._finish(job, order, result, made)
        except JobStoppedError:
            self.list.end(job, "cancelled")
        except AntiphonError as error:
            self.list.end(job, "failed", error=str(error))
        except (KeyError, TypeError, ValueError) as error:
            traceback.print_exc()
            self.list.end(job, "failed", error=f"The worker's answer cannot be understood ({type(error).__name__}: {error}).")
        finally:
            self._following.pop(job, None)
            self._progress.pop(job, None)
            self._told.pop(job, None)
        self.on_end(self.list.get(job))
        self._tell(job, order.project)

    def _tell(self, job: str, project: str | None) -> None:
        self.hub.tell("job", self.get(job), project)

    def _take(self, job: str, order: Order, message: Mapping[str, Any], made: dict[int, str]) -> None:
        """Keep a take that a worker sends, and tell the pages."""
        if order.project is None:
            raise ValueError("a take without a project")
        new = read_take(message, order.verb, order.asked)
        identity = self.library.add_take(order.project, new, parent=order.take, job=job)
        made[int(message["index"])] = identity
        self.hub.tell("take", self.library.take(identity), order.project)
        self._tell(job, order.project)
        self.on_take(identity)

    def _finish(self, job: str, order: Order, result: Mapping[str, Any], made: Mapping[int, str]) -> None:
        """Write down what was known only at the end: verdicts, wishes, which take is best; and go on with that one."""
        changed: list[str] = []
        chosen = None if result.get("chosen") is None else made[int(result["chosen"])]
        moved = False
        with self.library.database.change():
            for update in result.get("updates", ()):
                changed.append(update.get("take") or made[int(update["index"])])
                self.library.change_take(changed[-1], {k: v for k, v in update.items() if k not in ("take", "index")})
            if chosen is not None and order.project is not None and order.asked.get("adopt", True):
                moved = self.library.current(order.project) == self.list.get(job)["before"]
                if moved:
                    self.library.record(order.project, label(order.verb, order.asked), take=chosen)
            self.list.end(job, "done", result=result.get("result"), chosen=chosen)
        for take in changed:
            self.hub.tell("take", self.library.take(take), order.project)
        if moved and order.project is not None:
            self.hub.tell("state", self.summary(order.project), order.project)

    def summary(self, project: str) -> dict[str, Any]:
        """The state of a project without its takes."""
        found = self.library.project(project)
        return {
            "project": found,
            "current": found["current"],
            "locks": locks_json(self.library.locks(project)),
            "history": self.library.history(project),
            "jobs": self.of_project(project),
        }


def _sentences(job: Mapping[str, Any]) -> list[object]:
    """All that a job and its result say; an export notes what it left out, a survey counts its notes."""
    told = job["result"] or {}
    lists = (told.get("sentences"), told.get("notes"), [each["reason"] for each in told.get("refused", ())])
    return [job["message"], job["error"], *(text for said in lists if isinstance(said, list) for text in said)]


def read_take(message: Mapping[str, Any], verb: str, asked: Mapping[str, Any]) -> NewTake:
    """The take in a worker's message."""
    return NewTake(
        packed=read_packed(message["packed"]),
        verb=verb,
        asked=asked,
        said=tuple(message.get("said", ())),
        wishes=tuple(message.get("wishes", ())),
        verdict=message.get("verdict"),
        manifest=message.get("manifest"),
        seed=message.get("seed"),
        model=message.get("model"),
        name=message.get("name"),
        chosen=bool(message.get("chosen", False)),
    )


def label(verb: str, asked: Mapping[str, Any]) -> str:
    """What a job did, for the undo button."""
    bars = asked.get("bars")
    where = f" bars {bars[0]}–{bars[1]}" if isinstance(bars, list) else ""
    if verb == "continue":
        return f"Continue {asked.get('bars', 8)} bars"
    words = {
        "compose": "Compose", "infill": "Redo", "vary": "Vary", "harmonize": "Harmonise", "accompany": "Accompany",
        "restyle": f"Restyle to {asked.get('style', '')}", "humanize": "Humanise",
        "arrange": f"Arrange for {asked.get('ensemble', '')}",
    }  # fmt: skip
    return words.get(verb, verb.capitalize()) + where
