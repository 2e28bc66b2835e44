"""Jobs: takes stream in, the best becomes current, cancel stops, a crash loses nothing, fifty wait their turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_fakes import Page, lanes, opened


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with opened(tmp_path) as page:
        yield page


def test_takes_arrive_with_verdicts_and_the_best_becomes_current(page: Page) -> None:
    project = page.new()
    job = page.job(project, verb="compose", brief={"text": "fine", "takes": 3})
    state = page.get(f"/api/projects/{project}").json()
    assert job["state"] == "done"
    assert job["takes"] == [t["id"] for t in state["takes"]]
    assert state["current"] == job["chosen"] == job["takes"][0]
    assert [t["verdict"]["rank"] for t in state["takes"]] == [1, 2, 3]
    assert [t["chosen"] for t in state["takes"]] == [True, False, False]
    done = {"Compose": {"code": "did.compose", "values": {}}}
    assert state["history"] == {"undo": "Compose", "redo": None, "depth": 1, "position": 1, "phrases": done}
    score = page.get(f"/api/takes/{job['chosen']}/score").json()
    assert [t["name"] for t in score["tracks"]] == ["melody", "piano"]
    assert len(score["bars"]) == 4 and score["bars"][1] == [1920, 2.0]


def test_a_crash_keeps_the_takes_and_the_next_job_runs(page: Page) -> None:
    project = page.new()
    job = page.job(project, verb="compose", brief={"text": "crash"})
    assert job["state"] == "failed" and "signal 11" in job["error"] and len(job["takes"]) == 1
    assert job["phrases"][job["error"]]["values"]["why"]["code"] == "died.signal"
    again = page.job(project, verb="compose", brief={"text": "fine", "takes": 1})
    assert again["state"] == "done"
    assert len(page.get(f"/api/projects/{project}").json()["takes"]) == 2


@pytest.mark.parametrize(
    ("word", "told"), [("refuse", "ask for something else"), ("bug", "RuntimeError"), ("memory", "memory")]
)
def test_a_job_that_fails_says_why(page: Page, word: str, told: str) -> None:
    job = page.job(page.new(), verb="compose", brief={"text": word})
    assert job["state"] == "failed" and told in job["error"]
    assert page.studio.lanes["compose"].starts == 1  # the worker lives on


@pytest.mark.parametrize("word", ["sleep", "spin"])
def test_cancel_really_stops(page: Page, word: str) -> None:
    project = page.new()
    job = page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"text": word}}).json()
    running = page.running(job["id"])
    assert len(running["takes"]) == 1
    assert page.post(f"/api/jobs/{job['id']}/cancel", json={}).json()["state"] == "cancelled"
    assert page.post(f"/api/jobs/{job['id']}/cancel", json={}).status_code == 409
    again = page.job(project, verb="compose", brief={"takes": 1})
    assert again["state"] == "done"
    assert page.studio.lanes["compose"].starts == 2


def test_a_job_that_waits_can_be_cancelled_and_retried(page: Page) -> None:
    project = page.new()
    first = page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"text": "sleep"}}).json()
    second = page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"takes": 1}}).json()
    page.running(first["id"])
    assert page.get(f"/api/jobs/{second['id']}").json()["position"] == 0
    assert page.post(f"/api/jobs/{second['id']}/cancel", json={}).json()["state"] == "cancelled"
    assert page.post(f"/api/jobs/{first['id']}/retry", json={}).status_code == 409
    page.post(f"/api/jobs/{first['id']}/cancel", json={})
    again = page.post(f"/api/jobs/{second['id']}/retry", json={})
    assert again.status_code == 202
    assert page.ended(again.json()["id"])["state"] == "done"


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with opened(tmp_path, kinds=lanes(seconds=1)) as page:
        job = page.job(page.new(), verb="compose", brief={"text": "sleep"})
        assert job["state"] == "failed" and "longer than 1 seconds" in job["error"]


def test_fifty_jobs_are_queued_and_all_done(page: Page) -> None:
    project = page.new()
    asked = [
        page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"takes": 1}}).json() for _ in range(50)
    ]
    assert {page.ended(job["id"])["state"] for job in asked} == {"done"}
    state = page.get(f"/api/projects/{project}").json()
    assert [t["number"] for t in state["takes"]] == list(range(1, 51))
    assert page.studio.lanes["compose"].starts == 1


def test_the_queue_has_an_end(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.studio.jobs.MOST_WAITING", 2)
    project = page.new()
    body = {"verb": "compose", "brief": {"text": "sleep"}}
    codes = [page.post(f"/api/projects/{project}/jobs", json=body).status_code for _ in range(3)]
    assert codes == [202, 202, 429]


def test_who_has_moved_on_is_not_moved(page: Page) -> None:
    project, take = page.brought()
    job = page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"text": "sleep"}}).json()
    page.running(job["id"])
    other = page.post(f"/api/takes/{take}/edit", json={"operations": [{"op": "tempo", "qpm": 90}]}).json()["take"]["id"]
    page.post(f"/api/jobs/{job['id']}/cancel", json={})
    assert page.get(f"/api/projects/{project}").json()["current"] == other
    done = page.job(project, verb="compose", brief={"takes": 1}, adopt=False)
    assert done["chosen"] is not None
    assert page.get(f"/api/projects/{project}").json()["current"] == other


def test_redone_bars_keep_what_is_locked(page: Page) -> None:
    project, take = page.brought()
    locks = {"locks": [{"first": 2, "last": 2, "tracks": ["melody"]}]}
    assert page.put(f"/api/projects/{project}/locks", json=locks).status_code == 200
    job = page.job(project, verb="infill", bars=[2, 3])
    before, after = (page.get(f"/api/takes/{t}/score").json() for t in (take, job["chosen"]))
    difference = page.get("/api/compare", params={"a": take, "b": job["chosen"]}).json()
    assert {t["name"]: t["differs"] for t in difference["tracks"]} == {"melody": [3], "piano": [2, 3]}
    assert before["tracks"][0]["notes"][:8] == after["tracks"][0]["notes"][:8]
    assert page.get(f"/api/takes/{job['chosen']}").json()["parent"] == take


def test_what_an_earlier_server_left_is_interrupted(tmp_path: Path) -> None:
    with opened(tmp_path) as page:
        project = page.new()
        job = page.post(f"/api/projects/{project}/jobs", json={"verb": "compose", "brief": {"text": "sleep"}}).json()
        page.running(job["id"])
    with opened(tmp_path) as page:
        found = page.get(f"/api/jobs/{job['id']}").json()
        assert found["state"] == "interrupted" and len(found["takes"]) == 1
        assert len(page.get(f"/api/projects/{project}").json()["takes"]) == 1


def test_bars_that_are_not_there_are_refused_at_once(page: Page) -> None:
    project, _ = page.brought()
    refused = page.post(f"/api/projects/{project}/jobs", json={"verb": "infill", "bars": [3, 9]})
    assert refused.status_code == 422 and "4" in refused.json()["error"]["message"]
    empty = page.new()
    assert page.post(f"/api/projects/{empty}/jobs", json={"verb": "continue"}).status_code == 409
