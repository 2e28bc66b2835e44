"""The inside of a worker process: one job after another from standard input, answers to standard output, within limits."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from antiphon.errors import AntiphonError
from antiphon.studio.wire import encode, receive

Tell = Callable[[dict[str, Any]], None]
"""Sends something about the job under way to the server: {"kind": "progress" | "take", ...}."""
Verb = Callable[[dict[str, Any], Tell], dict[str, Any]]
"""Does one kind of job: its arguments and a `Tell` in, its result out."""


def serve(verbs: dict[str, Verb], incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Do jobs until the server closes the line.

    A job that fails in a foreseen way answers with its sentence; any other failure is told with its traceback on standard
    error and a general sentence, and the worker goes on.
    """
    turn = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with turn:
            outgoing.write(encode(message))
            outgoing.flush()

    send({"kind": "ready"})
    while (call := receive(incoming)) is not None:
        job = call["job"]

        def tell(message: dict[str, Any], job: str = job) -> None:
            send({**message, "job": job})

        allow_seconds(call.get("cpu_seconds"))
        try:
            result = verbs[call["verb"]](call["args"], tell)
        except AntiphonError as error:
            send({"kind": "failed", "job": job, "error": str(error)})
        except MemoryError:
            send({"kind": "failed", "job": job, "error": "This needs more memory than a job of the studio may have."})
        except Exception as error:
            traceback.print_exc()
            send({"kind": "failed", "job": job, "error": f"The job failed unexpectedly ({type(error).__name__}: {error})."})
        else:
            send({"kind": "done", "job": job, "result": result})


def limit_memory(megabytes: int) -> None:
    """Let this process have so much address space and no core dump; where the system knows no such limits, nothing happens."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = megabytes * 2**20
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if megabytes and sys.platform == "linux":  # elsewhere address space is counted in ways that no number fits
        resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def allow_seconds(seconds: float | None) -> None:
    """Let this process use so many more seconds of CPU before the system ends it; None takes the limit away."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if seconds is None:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _die_with_parent() -> None:
    """End this process when the server is gone, even in the middle of a job: nobody would hear the answer."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            stop.wait(1.0)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)  # with what it has started
        os._exit(1)

    stop = threading.Event()
    threading.Thread(target=watch, daemon=True, name="watch the server").start()


def main(arguments: list[str]) -> None:
    """`python -m antiphon.studio.worker MODULE MEGABYTES NICENESS`: serve the VERBS of a module."""
    module, megabytes, niceness = arguments
    # What a library prints must not end up between the messages.
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    incoming = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    if sys.platform != "win32":
        os.nice(int(niceness))
        _die_with_parent()
    limit_memory(int(megabytes))
    verbs: dict[str, Verb] = importlib.import_module(module).VERBS
    serve(verbs, incoming, outgoing)


if __name__ == "__main__":
    main(sys.argv[1:])
