"""The server's side of its workers: lanes of one process each, in which calls wait their turn and can really be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.errors import AntiphonError
from antiphon.studio.wire import BrokenWireError, areceive, encode

Hear = Callable[[dict[str, Any]], None]
"""Is told what a job sends while it is under way."""


class JobFailedError(AntiphonError):
    """The job ended with this sentence."""


class JobBrokenError(JobFailedError):
    """The worker died, could not be started, or took too long."""


class JobStoppedError(AntiphonError):
    """The job was cancelled."""


@dataclass(frozen=True, slots=True)
class LaneKind:
    """What a lane's worker may do and use.

    Attributes:
      name: as in messages.
      module: where its VERBS are.
      megabytes: address space it may have, 0: no limit.
      seconds: longest time for one call, unless the call says otherwise.
      niceness: how gladly it lets others go first, 0 to 19.
      once: a new process for every call, for input that is not to be trusted.
      eager: started with the server, so that the first call need not wait.
      warm: a verb without arguments called after each start, to load what calls will need; None: none.
    """

    name: str
    module: str
    megabytes: int = 6144
    seconds: float = 600.0
    niceness: int = 0
    once: bool = False
    eager: bool = False
    warm: str | None = None


@dataclass(eq=False, slots=True)
class Call:
    """One call to a worker, waiting or under way."""

    job: str
    verb: str
    args: Mapping[str, Any]
    hear: Hear
    begun: Callable[[], None]
    seconds: float
    answer: asyncio.Future[dict[str, Any]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lane:
    """One worker process and the calls that wait for it."""

    def __init__(self, kind: LaneKind) -> None:
        self.kind = kind
        self.waiting: deque[Call] = deque()
        self.under_way: Call | None = None
        self.starts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._something = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._closing = False

    def open(self) -> None:
        """Begin to work off calls."""
        self._loop = asyncio.create_task(self._run(), name=f"lane {self.kind.name}")
        if self.kind.eager:
            self._something.set()

    async def close(self) -> None:
        """Stop everything; calls that wait fail."""
        self._closing = True
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        for call in [*self.waiting, *([self.under_way] if self.under_way else [])]:
            if not call.answer.done():
                call.answer.set_exception(JobStoppedError("The studio was closed."))
                call.answer.exception()  # looked at, so that a call nobody waits for any more is no warning
        self.waiting.clear()
        await self._end()

    def submit(
        self,
        job: str,
        verb: str,
        args: Mapping[str, Any],
        *,
        hear: Hear | None = None,
        begun: Callable[[], None] | None = None,
        seconds: float | None = None,
    ) -> asyncio.Future[dict[str, Any]]:
        """Put a call at the end of the queue; the future has its result.

        The future raises JobFailedError with one sentence (the job failed, took too long, or its process died) or
        JobStoppedError.

        Args:
          job: names the call, for `stop`.
          verb, args: what to do.
          hear: told what the job sends while under way.
          begun: called when the call leaves the queue.
          seconds: longest time; None: the lane's.
        """
        call = Call(job, verb, args, hear or (lambda _: None), begun or (lambda: None), seconds or self.kind.seconds)
        self.waiting.append(call)
        self._something.set()
        return call.answer

    def place(self, job: str) -> int | None:
        """How many calls go before this one; None: it does not wait."""
        return next((i for i, call in enumerate(self.waiting) if call.job == job), None)

    def stop(self, job: str) -> bool:
        """Take a call out of the queue, or kill the process that works on it; whether there was one."""
        for call in self.waiting:
            if call.job == job:
                self.waiting.remove(call)
                _fail(call, JobStoppedError("Cancelled."))
                return True
        call_now = self.under_way
        if call_now is None or call_now.job != job:
            return False
        _fail(call_now, JobStoppedError("Cancelled."))
        self._kill()
        return True

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            _kill_family(self._process)

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            if self._process is None and (self.waiting or self.kind.eager):
                await self._start_for_next()
            while self.waiting:
                call = self.waiting.popleft()
                self.under_way = call
                call.begun()
                try:
                    await self._do(call)
                finally:
                    self.under_way = None
                if self.kind.once:
                    await self._end()
                if (self.waiting or self.kind.eager) and self._process is None:
                    await self._start_for_next()

    async def _start_for_next(self) -> None:
        """Start a worker; if that fails, the next call is told."""
        try:
            await self._start()
        except (OSError, BrokenWireError, TimeoutError) as error:
            await self._end()
            if self.waiting:
                _fail(self.waiting.popleft(), JobBrokenError(f"The {self.kind.name} worker cannot be started ({error})."))

    async def _start(self) -> None:
        kind = self.kind
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "antiphon.studio.worker", kind.module, str(kind.megabytes), str(kind.niceness),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )  # fmt: skip
        self.starts += 1
        assert self._process.stdout is not None
        ready = await asyncio.wait_for(areceive(self._process.stdout), 60)
        if ready is None or ready.get("kind") != "ready":
            raise BrokenWireError("it ended at once")
        if kind.warm is not None:
            await self._send({"job": "warm", "verb": kind.warm, "args": {}})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise BrokenWireError("there is no worker")
        self._process.stdin.write(encode(message))
        await self._process.stdin.drain()

    async def _do(self, call: Call) -> None:
        """See one call through, whatever becomes of the worker."""
        if call.answer.done():
            return
        deadline = time.monotonic() + call.seconds
        message = {
            "job": call.job,
            "verb": call.verb,
            "args": dict(call.args),
            "cpu_seconds": call.seconds * (os.cpu_count() or 1),
        }
        try:
            if self._process is None or self._process.returncode is not None:
                await self._end()
                await self._start()
            await self._send(message)
            await asyncio.wait_for(self._listen(call), max(0.01, deadline - time.monotonic()))
        except TimeoutError:
            self._kill()
            _fail(call, JobBrokenError(f"This took longer than {call.seconds:.0f} seconds and was stopped."))
            await self._end()
        except (BrokenWireError, OSError) as error:
            self._kill()
            code = await self._end()
            _fail(call, JobBrokenError(f"The {self.kind.name} worker {_death(code, error)}; nothing that was saved is lost."))

    async def _listen(self, call: Call) -> None:
        assert self._process is not None and self._process.stdout is not None
        while True:
            message = await areceive(self._process.stdout)
            if message is None:
                raise BrokenWireError("the line was closed")
            if message.get("job") != call.job:
                continue  # of the warm-up
            if message["kind"] == "done":
                if not call.answer.done():
                    call.answer.set_result(message["result"])
                return
            if message["kind"] == "failed":
                _fail(call, JobFailedError(str(message["error"])))
                return
            if not call.answer.done():
                try:
                    call.hear(message)
                except Exception as error:  # whatever the listener cannot do ends this call, never the lane
                    _fail(call, error)
                    raise BrokenWireError("nobody can hear it") from error

    async def _end(self) -> int | None:
        """Be rid of the process; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), 0.2 if self._closing else 1.0)
            except TimeoutError:
                _kill_family(process)
        code = await process.wait()
        if process.stdout is not None:  # so that the pipe's transport is closed with its loop still running
            with contextlib.suppress(Exception):
                await process.stdout.read()
        return code


def _kill_family(process: asyncio.subprocess.Process) -> None:
    """End a worker and whatever it has started (a synthesiser, an engraver, a training)."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _fail(call: Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)


def _death(code: int | None, error: Exception) -> str:
    """How a worker ended, in words."""
    if code is None:
        return f"cannot be reached ({error})"
    if code < 0:
        return f"was ended by signal {-code} (it may have needed too much memory or time)"
    return f"ended unexpectedly with code {code}"
