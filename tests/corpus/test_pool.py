"""The pool outlives workers that hang, die or are killed, and loses only the item at fault."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from antiphon.corpus.piece import Cause
from antiphon.corpus.pool import Task, run
from antiphon.errors import AntiphonError


def work(task: Task, settings: int, report: Callable[[int], None]) -> list[object]:
    """Multiply numbers; "loop" computes and "sleep" waits for ever, "die" ends the process without a word."""
    results: list[object] = []
    for i, item in enumerate(task.items):
        report(i)
        if i in task.spoilt:
            results.append(task.spoilt[i])
        elif item == "loop":
            while True:
                pass
        elif item == "sleep":
            time.sleep(600)
        elif item == "die":
            os._exit(9)
        else:
            results.append(item * settings)
    report(len(task.items))
    return results


def stillborn(task: Task, settings: int, report: Callable[[int], None]) -> None:
    """A worker that dies before it begins."""
    os._exit(1)


def test_hanging_and_dying_items_are_spoilt_and_all_others_done() -> None:
    tasks = [Task(0, (1, "loop", 2, "die")), Task(1, (3, "sleep", 4)), Task(2, ("die",)), Task(3, ())]
    begun: list[int] = []
    results = {task.number: value for task, value in run(work, 10, tasks, 2, 0.7, begun.append)}
    assert results == {
        0: [10, Cause.TIMEOUT, 20, Cause.CRASH],
        1: [30, Cause.TIMEOUT, 40],
        2: [Cause.CRASH],
        3: [],
    }
    assert sum(begun) == 8


def test_workers_that_never_begin_end_the_run_with_one_sentence() -> None:
    with pytest.raises(AntiphonError, match="die before or after"):
        list(run(stillborn, 0, [Task(0, (1,))], 1, 5.0))


def test_no_tasks_no_work() -> None:
    assert list(run(work, 1, [], 4, 1.0)) == []
