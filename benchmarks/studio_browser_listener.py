"""What a listener does in the studio's page, by mouse: reads along, rates sixty pieces, has the critic and a style learn."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from antiphon.io import midi
from antiphon.music.score import Score, Tempo, Track, notes_array

if TYPE_CHECKING:
    from studio_browser import Drive

PIECES = 60
REFUSED = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
"""What Chromium says in its console of a request that the server refuses."""
DROP = """([place, name, bytes]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], name));
  const target = document.querySelector(place);
  const detail = { dataTransfer: carried, bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(kind, detail));
}"""
"""A file dropped on a part of the page."""
WHERE = """() => {
  const stage = document.querySelector(".staff-stage");
  const mark = stage.querySelector(".staff-here").getBoundingClientRect();
  const panel = stage.closest(".panel").getBoundingClientRect();
  return {
    bar: Number(stage.getAttribute("aria-valuenow")),
    shown: Number(document.querySelector(".now-place").textContent.split(".")[0]),
    seen: mark.top >= panel.top - 2 && mark.bottom <= panel.bottom + 2,
  };
}"""
"""The bar marked on the staff, the bar that the transport tells, and whether the mark is in view."""


def reads_along(drive: Drive) -> str:
    """The mark on the staff: moved by a click and by keys, then by the music itself."""
    page = drive.page
    page.click("a[href='#work']")
    page.click("#tab-page")
    page.wait_for_selector(".staff-here")
    bars = int(page.get_attribute(".staff-stage", "aria-valuemax"))

    def at(bar: int) -> bool:
        found = page.evaluate(WHERE)
        return bool(found["bar"] == found["shown"] == bar and found["seen"])

    page.locator(".staff-number", has_text=re.compile(r"^3$")).click()
    drive.wait(lambda: at(3), 30)
    page.focus(".staff-stage")
    for key, bar in (("ArrowRight", 4), ("End", bars), ("ArrowLeft", bars - 1), ("Home", 1)):
        page.keyboard.press(key)
        drive.wait(lambda bar=bar: at(bar), 30)  # type: ignore[misc]
    page.keyboard.press("End")
    page.keyboard.press("PageUp")
    begun = page.evaluate(WHERE)["bar"]
    page.keyboard.press("Space")
    heard = set()

    def went_on() -> bool:
        found = page.evaluate(WHERE)
        if found["bar"] == found["shown"] and found["seen"]:
            heard.add(found["bar"])
        return len(heard) >= min(4, bars - begun + 1)

    drive.wait(went_on, 60)
    drive.shot("reading")
    page.click(".play-main")
    page.click("#tab-change")
    return f"click and keys move the music; while it plays the mark goes on, in view: bars {sorted(heard)} of {bars}"


def pieces() -> tuple[bytes, dict[str, int]]:
    """A zip of sixty small pieces, and the stars that a listener who loves what is high and calm would give each."""
    rng = np.random.default_rng(8)
    worth: dict[str, float] = {}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(PIECES):
            low, step = int(rng.integers(40, 70)), int(rng.choice([240, 480, 960]))
            notes = [(t, step, low + int(rng.choice([0, 2, 4, 5, 7, 9, 11, 12])), 80) for t in range(0, 8 * 1920, step)]
            tempo = Tempo.from_qpm(0, float(rng.integers(60, 160)))
            name = f"piece {number:02d}"
            score = Score(tracks=(Track("melody", notes=notes_array(notes)),), tempos=(tempo,), title=name)
            worth[name] = low / 10 - len(notes) / 64
            archive.writestr(f"{name}.mid", midi.dumps(score))
    order = sorted(worth, key=lambda name: worth[name])
    return data.getvalue(), {name: 1 + 5 * place // PIECES for place, name in enumerate(order)}


def few_ratings(drive: Drive) -> str:
    """With fewer than ten ratings the page says that nothing is learnt, and its button is closed."""
    page = drive.page
    known = drive.get("/api/critic")
    assert known["ratings"] < known["needed"] and not known["learned"], known
    page.click("a[href='#learn']")
    page.wait_for_selector(".learn .note-box")
    said = str(page.locator(".learn section:first-child .note-box").inner_text())
    assert "learnt nothing" in said and page.is_disabled(".learn section:first-child button.primary"), said
    drive.shot("few-ratings")
    return f"{known['ratings']} ratings: {said}"


def sixty_ratings(drive: Drive) -> str:
    """Sixty pieces brought in one zip, stars given to each by mouse."""
    page = drive.page
    page.click(".project-name")
    page.click("dialog button.primary")
    drive.wait(lambda: not drive.state()["takes"], 60)
    before = drive.get("/api/ratings")["count"]
    data, stars = pieces()
    page.evaluate(DROP, ["body", "sixty.zip", list(data)])
    drive.wait(lambda: len(drive.state()["takes"]) == PIECES, 240)
    page.click("a[href='#compose']")
    drive.wait(lambda: page.locator("article.take").count() == PIECES, 60)
    for number, name in enumerate(page.locator("article.take .take-name").all_inner_texts(), 1):
        card = f"article.take:nth-child({number})"
        page.click(f'{card} [data-at="star{stars[name]}"]')
        page.wait_for_selector(f'{card} [data-at="star{stars[name]}"][aria-checked="true"]')
    drive.wait(lambda: drive.get("/api/ratings")["count"] == before + PIECES, 60)
    drive.shot("sixty")
    return f"{PIECES} pieces rated, {drive.get('/api/ratings')['count']} ratings in all"


def updates_critic(drive: Drive) -> str:
    """The critic learns, tells how well, judges the next piece by it, and forgets again."""
    page = drive.page
    page.click("a[href='#learn']")
    page.wait_for_selector(".learn .note-box")
    page.click(".learn section:first-child button.primary")
    drive.wait(lambda: drive.get("/api/critic")["updated"] is not None, 240)
    page.wait_for_selector(".gauge")
    told = drive.get("/api/critic")
    words = " ".join(page.locator(".learn section:first-child p").all_inner_texts())
    assert "not seen" in words and told["sentence"] in words, words
    assert told["learned"] and told["accuracy"] > told["interval"][0] > 0.5, told
    drive.shot("critic")
    page.click("a[href='#work']")
    page.click("#tab-opinion")
    page.click("#panel-opinion > div > button")
    drive.wait(lambda: "By your taste" in page.inner_text("#panel-opinion"), 240)
    opinion = str(page.inner_text("#panel-opinion"))
    assert "your ratings speak" in opinion, opinion
    drive.shot("critic-judges")
    page.click("a[href='#learn']")
    page.click(".learn section:first-child button:text-is('Forget what it learnt')")
    drive.wait(lambda: not drive.get("/api/critic")["learned"], 60)
    return str(told["sentence"])


def learns_style(drive: Drive, folder: Path) -> str:
    """A folder of music: its report, the training begun and cancelled; without the training extra, the kind word for it."""
    page = drive.page
    page.click("a[href='#learn']")
    if not drive.get("/api/options")["verbs"]["train"]:
        said = str(page.inner_text(".learn section:last-child .note-box"))
        assert "antiphon[train]" in said, said
        return f"the extra is missing: {said}"
    with page.expect_file_chooser() as waiting:
        page.click(".drop-zone button:nth-child(1)")
    waiting.value.set_files(str(folder))
    page.wait_for_selector("#train-name")
    report = str(page.inner_text(".learn section:last-child .big-line"))
    drive.shot("corpus-report")
    page.fill("#train-name", "mine")
    page.fill("#train-minutes", "1")
    page.click(".learn section:last-child form button.primary")
    drive.wait(lambda: any(job["message"] for job in drive.get("/api/jobs")["jobs"]), 240)
    drive.shot("training")
    page.click(".learn section:last-child button:text-is('Cancel')")
    page.wait_for_selector(".learn section:last-child .note-box.bad")
    assert drive.get("/api/jobs")["jobs"] == []
    assert "mine" not in [style["name"] for style in drive.get("/api/options")["styles"]]
    return f"{report}; begun, cancelled: {page.inner_text('.learn section:last-child .note-box.bad')}"


def speaks_chinese(drive: Drive) -> str:
    """What the server refuses and what the critic says, in Chinese on the Chinese page."""
    page = drive.page
    page.click("header button[lang='zh-CN']")
    page.click("a[href='#compose']")
    page.fill("#ask-text", "qwertz uiopasdf")
    page.wait_for_selector(".understood.wrong")
    refused = str(page.inner_text(".understood.wrong"))
    page.fill("#ask-text", "")
    page.wait_for_selector(".understood:not(.wrong)", state="attached")
    page.click("a[href='#work']")
    page.click("#tab-opinion")
    for summary in page.locator("#panel-opinion details summary").all():
        summary.click()
    drive.shot("zh-opinion")
    lines: list[str] = page.locator("#panel-opinion li").all_text_contents()
    page.click("#tab-change")
    page.click("header button[lang='en']")
    foreign = [line for line in lines if not re.search(r"[\u4e00-\u9fff]", line)]
    assert "未能理解" in refused, refused
    drive.complaints[:] = [said for said in drive.complaints if said != REFUSED]  # the brief refused just now
    assert len(foreign) * 4 <= len(lines), foreign
    return f"{refused} {len(lines) - len(foreign)} of {len(lines)} sentences about a take in Chinese"


def corpus(folder: Path) -> Path:
    """A folder with eight small pieces to learn from, and a file that cannot be read."""
    made = folder / "my music"
    made.mkdir()
    with zipfile.ZipFile(io.BytesIO(pieces()[0])) as archive:
        for name in archive.namelist()[:8]:
            (made / name).write_bytes(archive.read(name))
    (made / "broken.mid").write_bytes(b"MThd nothing")
    return made


def listen(drive: Drive, folder: Path) -> None:
    """Ratings, the critic and a style of one's own, one check each."""
    drive.check("few ratings change nothing", lambda: few_ratings(drive))
    drive.check("rate sixty takes", lambda: sixty_ratings(drive))
    drive.check("update the critic", lambda: updates_critic(drive))
    drive.check("learn a style, cancel it", lambda: learns_style(drive, corpus(folder)))
