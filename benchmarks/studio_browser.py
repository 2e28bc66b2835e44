"""The studio in a real browser, from an empty home: first piece, redo, undo, edits, export, ratings, learning, two widths.

    python benchmarks/studio_browser.py --out shots [--browser /usr/bin/chromium] [--firefox]

Needs Playwright (pip install playwright) and a Chromium; it is not part of the tests. Prints one line a check and ends with
the number of those that failed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio_browser_listener import listen, reads_along, speaks_chinese

import antiphon

TAP = """
const made = AudioContext;
const taps = [];
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to === this.context.destination && this.context instanceof made && !this.tapped) {
    this.tapped = true;
    const tap = this.context.createAnalyser();
    connect.call(this, tap);
    taps.push(tap);
  }
  return connect.call(this, to, ...rest);
};
globalThis.loudness = () => Math.max(0, ...taps.map((tap) => {
  const data = new Float32Array(tap.fftSize);
  tap.getFloatTimeDomainData(data);
  return Math.max(...data.map(Math.abs));
}));
globalThis.clickedAt = 0;
globalThis.soundedAt = 0;
addEventListener("click", () => { clickedAt = performance.now(); soundedAt = 0; }, true);
setInterval(() => { if (!soundedAt && clickedAt && loudness() > 0.002) soundedAt = performance.now(); }, 10);
"""
"""Listens to what the page sends to the loudspeaker, and notes when it begins after a click."""

SLOW = 600_000
"""Milliseconds after which a step counts as failed; a busy machine composes slowly."""


class Drive:
    """A page under way, with what it did and what it complained of."""

    def __init__(self, page: Any, url: str, out: Path) -> None:
        self.page, self.url, self.out = page, url, out
        self.faults: list[str] = []
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(SLOW)
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: None if r.url.startswith((url, "blob:", "data:")) else self.strangers.append(r.url))

    def check(self, what: str, deed: Callable[[], str | bool | None]) -> None:
        """Do one thing and say how it went; False or an error is a fault."""
        began = time.perf_counter()
        try:
            found = deed()
        except Exception as error:
            found, text = False, str(error).splitlines()[0]
        else:
            text = found if isinstance(found, str) else ""
        if found is False:
            self.faults.append(what)
        print(f"{'FAIL' if found is False else 'ok  '} {time.perf_counter() - began:7.2f} s  {what}  {text}", flush=True)

    def get(self, path: str) -> Any:
        """JSON of the API, as the page itself would get it."""
        return self.page.evaluate("(path) => fetch(path).then((answer) => answer.json())", path)

    def state(self) -> Any:
        """The newest project."""
        project = self.get("/api/projects")["projects"][0]["id"]
        return self.get(f"/api/projects/{project}")

    def score(self, take: str) -> Any:
        """A take's notes."""
        return self.get(f"/api/takes/{take}/score")

    def wait(self, until: Callable[[], bool], seconds: float = SLOW / 1000) -> None:
        """Ask again and again.

        Raises:
          TimeoutError: it never came true.
        """
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise TimeoutError("it never came true")
            self.page.wait_for_timeout(150)

    def moved(self, take: str) -> None:
        """Wait until another take is current."""
        self.wait(lambda: bool(self.state()["current"] != take), 60)

    def shot(self, name: str) -> None:
        """A picture of the page as it is."""
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=str(self.out / f"{name}.png"))


def notes_by_bar(score: Any) -> list[list[tuple[str, tuple[int, ...]]]]:
    """For each bar the notes that begin in it, with the names of their tracks."""
    starts = [bar[0] for bar in score["bars"]] + [score["ticks"] + 1]
    bars: list[list[tuple[str, tuple[int, ...]]]] = [[] for _ in score["bars"]]
    for track in score["tracks"]:
        for note in track["notes"]:
            bar = max(i for i, start in enumerate(starts[:-1]) if start <= note[0])
            bars[bar].append((track["name"], tuple(note)))
    return [sorted(bar) for bar in bars]


def first_piece(drive: Drive) -> str:
    """One click from an empty home to sound."""
    page = drive.page
    page.goto(drive.url)
    page.wait_for_selector(".plan-form")
    drive.shot("first-visit")
    began = time.perf_counter()
    page.click(".ask-line button")
    page.wait_for_selector(".take.playing")
    drive.wait(lambda: page.evaluate("() => soundedAt > 0"), 30)
    drive.shot("first-sound")
    return f"{time.perf_counter() - began:.1f} s from the click to the first sounding take"


def all_takes(drive: Drive) -> str:
    """Four cards side by side, each with a score."""
    page = drive.page
    page.wait_for_selector(".take.blank", state="detached")
    drive.wait(lambda: drive.state()["current"] is not None)
    tops = page.eval_on_selector_all("article.take", "list => list.map((card) => Math.round(card.getBoundingClientRect().top))")
    drive.shot("takes")
    assert len(tops) == 4 and len(set(tops)) == 1, tops
    return f"{len(tops)} cards in one row"


def quick_sound(drive: Drive) -> str:
    """A click on a card's play button until something is heard."""
    page = drive.page
    if page.query_selector(".take.playing"):
        page.click(".play-main")
    page.wait_for_timeout(1200)
    page.evaluate("() => { clickedAt = 0; soundedAt = 0; }")
    page.click('article.take:nth-child(2) [data-at="play"]')
    drive.wait(lambda: page.evaluate("() => soundedAt > 0"), 30)
    waited = page.evaluate("() => soundedAt - clickedAt")
    drive.wait(lambda: page.inner_text(".now-source") == "full sound")
    assert page.evaluate("() => new Promise((done) => setTimeout(() => done(loudness()), 300))") > 0.002
    page.click(".play-main")
    assert waited < 1000, f"{waited:.0f} ms"
    return f"{waited:.0f} ms to the first sample; then the rendered stems took over"


def redo_bars(drive: Drive) -> str:
    """Redo bars 5 to 8 and find the rest note for note the same."""
    page = drive.page
    page.click("a[href='#work']")
    page.wait_for_selector(".lanes")
    before = drive.state()["current"]
    fields = page.query_selector_all(".bar-field")
    fields[0].fill("5")
    fields[1].fill("8")
    page.click(".scope")
    drive.shot("selection")
    page.click(".change button.primary")
    drive.wait(lambda: drive.state()["current"] != before)
    after = drive.state()["current"]
    old, new = notes_by_bar(drive.score(before)), notes_by_bar(drive.score(after))
    changed = [i + 1 for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    drive.shot("redone")
    assert changed and set(changed) <= {5, 6, 7, 8}, changed
    return f"bars {changed} changed, no other"


def undo_and_redo(drive: Drive) -> str:
    """Ctrl+Z goes back, Ctrl+Shift+Z forth."""
    page = drive.page
    after = drive.state()["current"]
    page.focus("main")
    page.keyboard.press("Control+z")
    drive.wait(lambda: drive.state()["current"] != after)
    before = drive.state()["current"]
    page.keyboard.press("Control+Shift+z")
    drive.wait(lambda: drive.state()["current"] == after)
    page.keyboard.press("Control+z")
    drive.wait(lambda: drive.state()["current"] == before)
    return "back, forth and back"


def draw_note(drive: Drive) -> str:
    """A note drawn by pointer, moved and deleted by keys, and all of it undone."""
    page = drive.page

    def count() -> int:
        return sum(len(track["notes"]) for track in drive.score(drive.state()["current"])["tracks"])

    start, home = count(), drive.state()["current"]
    page.focus("main")
    page.keyboard.press("d")
    box = page.query_selector(".notes").bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 12)
    drive.wait(lambda: count() == start + 1, 60)
    page.focus(".notes")
    page.keyboard.press("Alt+ArrowUp")
    drive.wait(lambda: drive.state()["history"]["undo"].startswith("Move"), 60)
    page.keyboard.press("Delete")
    drive.wait(lambda: count() == start, 60)
    page.focus("main")
    page.keyboard.press("d")
    for _ in range(3):
        now = drive.state()["current"]
        page.keyboard.press("Control+z")
        drive.moved(now)
    assert drive.state()["current"] == home
    return "drawn, moved, deleted; three undos lead back"


def lock_bars(drive: Drive) -> str:
    """Locked bars survive a redo of the whole piece."""
    page = drive.page
    before = drive.state()["current"]
    fields = page.query_selector_all(".bar-field")
    fields[0].fill("1")
    fields[1].fill("4")
    page.click(".scope")
    page.keyboard.press("k")
    drive.wait(lambda: len(drive.state()["locks"]) == 1, 60)
    page.keyboard.press("Escape")
    page.click(".change button.primary")
    drive.wait(lambda: drive.state()["current"] != before)
    old, new = (notes_by_bar(drive.score(take)) for take in (before, drive.state()["current"]))
    drive.shot("locked")
    assert old[:4] == new[:4] and old[4:] != new[4:]
    return "bars 1 to 4 the same, the rest new"


def export_zip(drive: Drive) -> str:
    """The zip arrives and holds what it promises."""
    page = drive.page
    page.click("#tab-take")
    page.wait_for_selector("#panel-take form")
    with page.expect_download() as waiting:
        page.click("#panel-take button.primary")
    data = Path(waiting.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert any(archive.read(name).startswith(b"MThd") for name in names if name.endswith(".mid"))
        manifest = next(name for name in names if name.endswith("manifest.json"))
        json.loads(archive.read(manifest))
    drive.shot("export")
    return f"{len(data) / 1e6:.1f} MB: {', '.join(sorted(Path(name).name for name in names))}"


def rate_takes(drive: Drive) -> str:
    """Thumbs, stars and a choice between two, counted by the critic."""
    page = drive.page
    page.click("a[href='#compose']")
    page.wait_for_selector("article.take")
    page.click('article.take:nth-child(1) [data-at="thumb1"]')
    page.wait_for_selector('article.take:nth-child(1) [data-at="thumb1"][aria-pressed="true"]')
    page.click('article.take:nth-child(2) [data-at="star4"]')
    page.wait_for_selector('article.take:nth-child(2) [data-at="star4"][aria-checked="true"]')
    page.click('article.take:nth-child(1) [data-at="side0"]')
    page.click('article.take:nth-child(2) [data-at="side1"]')
    page.click(".pair button:nth-child(1)")
    page.wait_for_selector('.pair button[aria-pressed="true"]')
    page.keyboard.press("x")
    drive.shot("compare")
    page.click(".pair button:nth-child(3)")
    drive.wait(lambda: drive.get("/api/ratings")["count"] == 3, 60)
    page.click(".play-main")
    page.click("a[href='#learn']")
    page.wait_for_selector(".learn .note-box")
    drive.shot("learn")
    return str(page.inner_text(".learn .big-line"))


def bring_file(drive: Drive, midi: bytes) -> str:
    """A MIDI file dropped on the page."""
    page = drive.page
    project = drive.state()["project"]["id"]
    drop = """(bytes) => {
      const carried = new DataTransfer();
      carried.items.add(new File([new Uint8Array(bytes)], "brought <b>in</b>.mid"));
      for (const kind of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, list(midi))
    drive.wait(lambda: any(take["verb"] == "import" for take in drive.state()["takes"]), 120)
    assert drive.state()["project"]["id"] == project
    page.wait_for_timeout(800)
    drive.shot("brought")
    return "it is a take, and its name with < in it is only text"


def space_bar(drive: Drive) -> str:
    """The space bar plays and stops."""
    page = drive.page
    page.focus("main")
    before = page.get_attribute(".play-main", "aria-label")
    after = {"Play": "Stop", "Stop": "Play"}[before]
    for label in (after, before):
        page.keyboard.press("Space")
        page.wait_for_selector(f'.play-main[aria-label="{label}"]', timeout=60_000)
    return "plays and stops"


def both_languages(drive: Drive) -> str:
    """Chinese and back, on every screen, without a word missing."""
    page = drive.page
    page.click("header button[lang='zh-CN']")
    for screen in ("compose", "work", "learn"):
        page.click(f"a[href='#{screen}']")
        drive.shot(f"zh-{screen}")
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"
    page.click("header button[lang='en']")
    return "all screens in Chinese and back"


def narrow(drive: Drive) -> str:
    """390 pixels wide, light and dark, with nothing beyond the edge."""
    page = drive.page
    page.set_viewport_size({"width": 390, "height": 844})
    for theme in ("light", "dark"):
        for screen in ("compose", "work", "learn"):
            page.click(f"a[href='#{screen}']")
            drive.shot(f"narrow-{theme}-{screen}")
            wide = page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= 390, f"{screen} is {wide} pixels wide"
        page.click(".top-tools > button:nth-last-child(2)")
    page.set_viewport_size({"width": 1280, "height": 860})
    return "three screens in two themes fit"


def drive_all(playwright: Any, arguments: argparse.Namespace, url: str, midi: Path) -> int:
    """All checks in one browser; the number of faults."""
    if arguments.firefox:
        browser = playwright.firefox.launch()
    else:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="en-GB", color_scheme="light", accept_downloads=True
    )
    context.add_init_script(TAP)
    drive = Drive(context.new_page(), url, arguments.out)
    drive.check("first piece with one click", lambda: first_piece(drive))
    drive.check("four takes side by side", lambda: all_takes(drive))
    drive.check("sound within a second of a click", lambda: quick_sound(drive))
    drive.check("redo bars 5-8, the rest unchanged", lambda: redo_bars(drive))
    drive.check("undo and redo", lambda: undo_and_redo(drive))
    drive.check("edit notes", lambda: draw_note(drive))
    drive.check("lock bars", lambda: lock_bars(drive))
    drive.check("space bar", lambda: space_bar(drive))
    drive.check("the score follows", lambda: reads_along(drive))
    drive.check("export zip", lambda: export_zip(drive))
    drive.check("rate takes", lambda: rate_takes(drive))
    drive.check("the server's sentences in Chinese", lambda: speaks_chinese(drive))
    drive.check("bring a file", lambda: bring_file(drive, midi.read_bytes()))
    drive.check("both languages", lambda: both_languages(drive))
    drive.check("390 pixels", lambda: narrow(drive))
    listen(drive, midi.parent)
    drive.check("no complaint in the console", lambda: not drive.complaints or _say(drive.complaints))
    drive.check("nothing asked of another machine", lambda: not drive.strangers or _say(drive.strangers))
    browser.close()
    return len(drive.faults)


def _say(lines: list[str]) -> bool:
    print("\n".join(f"     {line}" for line in lines[:20]))
    return False


def main() -> int:
    """Serve an empty home, drive it, stop."""
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("shots"))
    parser.add_argument("--browser", default=None, help="path of a Chromium; Playwright's own where not given")
    parser.add_argument("--firefox", action="store_true")
    parser.add_argument("--port", type=int, default=8790)
    parser.add_argument("--url", default=None, help="a studio that is open already, with an empty home")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        midi = Path(home) / "small.mid"
        _write_midi(midi)
        if arguments.url is not None:
            with sync_playwright() as playwright:
                return drive_all(playwright, arguments, arguments.url, midi)
        with serving(arguments.port, Path(home) / "studio") as url, sync_playwright() as playwright:
            return drive_all(playwright, arguments, url, midi)


@contextlib.contextmanager
def serving(port: int, home: Path) -> Iterator[str]:
    """A studio of its own, until the block ends."""
    command = [sys.executable, "-m", "antiphon", "studio", "--no-browser", "--port", str(port), "--home", str(home)]
    server = subprocess.Popen(command)
    try:
        time.sleep(3)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def _write_midi(path: Path) -> None:
    from antiphon.music.score import Score, Track

    tune = Track("<img src=x onerror=alert(1)>", 0, False, [(i * 480, 480, 60 + i % 7, 80) for i in range(32)])  # type: ignore[arg-type]
    antiphon.write(Score(tracks=(tune,)), path)


if __name__ == "__main__":
    sys.exit(main())
