"""Projects, takes, history and migrations in a real database file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio_verbs import piece

from antiphon.errors import AntiphonError, FormatError, InputError, OutputError
from antiphon.studio import database as databases
from antiphon.studio.database import Database, new_id
from antiphon.studio.library import ConflictError, Library, NewTake, NotFoundError
from antiphon.studio.locks import Lock
from antiphon.studio.ratings import Ratings, keep_settings
from antiphon.studio.ratings import settings as kept_settings
from antiphon.studio.scorejson import pack


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = Database(tmp_path / "studio.db")
    yield Library(database)
    database.close()


def kept(library: Library, project: str, seed: int = 0) -> str:
    return library.add_take(project, NewTake(pack(piece(seed=seed)), "import"))


STEPS = st.lists(
    st.one_of(st.sampled_from(["undo", "redo"]), st.integers(0, 4), st.integers(1, 4).map(lambda n: -n)), max_size=40
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_undo_and_redo_walk_one_line_of_states(library: Library, steps: list[str | int]) -> None:
    """Against a model: a list of states and a place in it; a new step forgets what was undone."""
    project = library.new_project()
    takes = [kept(library, project, seed) for seed in range(5)]
    model: list[tuple[str | None, tuple[Lock, ...]]] = [(None, ())]
    at = 0
    for step in steps:
        if isinstance(step, int):
            take, locks = model[at]
            if step >= 0:
                library.record(project, f"Choose {step}", take=takes[step])
                state = (takes[step], locks)
            else:
                library.record(project, "Lock", locks=[Lock(1, -step)])
                state = (take, (Lock(1, -step),))
            model, at = [*model[: at + 1], state], at + 1
        else:
            by = -1 if step == "undo" else 1
            if 0 <= at + by < len(model):
                at += by
                library.step(project, by)
            else:
                with pytest.raises(ConflictError, match=f"nothing to {step}"):
                    library.step(project, by)
        assert (library.current(project), library.locks(project)) == model[at]
        told = library.history(project)
        assert (told["position"], told["depth"]) == (at, len(model) - 1)
        assert (told["undo"] is None) == (at == 0) and (told["redo"] is None) == (at == len(model) - 1)
    assert len(library.takes(project)) == 5


def test_takes_form_a_tree_and_share_equal_pieces(library: Library) -> None:
    project = library.new_project("Song")
    root = kept(library, project)
    child = library.add_take(project, NewTake(pack(piece()), "edit", {"label": "x"}, said=("done",)), parent=root)
    found = library.takes(project)
    assert [t["number"] for t in found] == [1, 2] and found[1]["parent"] == root and found[1]["said"] == ["done"]
    assert library.database.rows("SELECT count(*) FROM scores")[0][0] == 1
    assert library.score_of(child) == piece()
    library.change_take(child, {"name": "Better", "notes": "<b>& \x00", "verdict": {"score": 5}})
    assert (library.take(child)["name"], library.take(child)["notes"]) == ("Better", "<b>& \x00")
    assert library.projects()[0]["name"] == "Song" and library.projects()[0]["takes"] == 2


@pytest.mark.parametrize("what", ["take", "manifest", "data_of", "project", "history", "locks"])
def test_what_is_not_there_is_said(library: Library, what: str) -> None:
    with pytest.raises(NotFoundError, match="There is no"):
        getattr(library, what)("t_nothing")


def test_a_failed_change_leaves_nothing(library: Library) -> None:
    project = library.new_project()
    with pytest.raises(RuntimeError), library.database.change():
        kept(library, project)
        raise RuntimeError
    assert library.takes(project) == [] and library.database.rows("SELECT count(*) FROM scores")[0][0] == 0


def test_ratings_stay_with_the_exact_piece(library: Library) -> None:
    ratings = Ratings(library.database)
    project = library.new_project()
    one, two = kept(library, project, 1), kept(library, project, 2)
    ratings.rate("stars", one, 4)
    ratings.rate("stars", one, 2)
    ratings.rate("thumb", one, -1)
    ratings.choose(two, one)
    assert library.take(one)["rating"] == {"thumb": -1, "stars": 2} and ratings.count() == 3
    ratings.rate("thumb", one, 0)
    told = ratings.export()
    assert [r["kind"] for r in told["ratings"]] == ["stars", "ab"] and len(told["scores"]) == 2
    library.remove_project(project)
    assert ratings.count() == 2
    with pytest.raises(InputError, match="different"):
        ratings.choose(one, one)
    ratings.learn({"learned": True})
    assert ratings.learnt() == {"learned": True}
    ratings.learn(None)
    ratings.reset()
    assert (ratings.learnt(), ratings.count()) == (None, 0)


def test_settings_are_kept(library: Library) -> None:
    keep_settings(library.database, {"theme": "dark", "volume": 0.5, "on": True})
    assert kept_settings(library.database) == {"on": True, "theme": "dark", "volume": 0.5}
    with pytest.raises(InputError):
        keep_settings(library.database, {"volume": float("nan")})


# --- the file


def test_migrations_run_once_and_keep_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "studio.db"
    database = Database(path)
    project = Library(database).new_project("Old")
    database.close()
    steps = (*databases.MIGRATIONS, "ALTER TABLE projects ADD COLUMN colour TEXT; CREATE INDEX by_colour ON projects(colour)")
    monkeypatch.setattr(databases, "MIGRATIONS", steps)
    for _ in range(2):
        database = Database(path)
        assert database.version == 2
        assert database.rows("SELECT name, colour FROM projects WHERE id = ?", (project,))[0]["name"] == "Old"
        database.close()
    before = sqlite3.connect(tmp_path / "studio.db.before-2")
    assert before.execute("PRAGMA user_version").fetchone() == (1,)
    before.close()
    monkeypatch.setattr(databases, "MIGRATIONS", steps[:1])
    with pytest.raises(FormatError, match="later version"):
        Database(path)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "studio.db"
    Database(path).close()
    steps = (*databases.MIGRATIONS, "CREATE TABLE extra (a); THIS IS NO SQL")
    monkeypatch.setattr(databases, "MIGRATIONS", steps)
    with pytest.raises(AntiphonError):
        Database(path)
    monkeypatch.setattr(databases, "MIGRATIONS", steps[:1])
    database = Database(path)
    assert database.version == 1 and database.row("SELECT 1 FROM sqlite_master WHERE name = 'extra'") is None
    database.close()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_refused_or_whole(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / f"{new_id('d')}.db"
    database = Database(path)
    library = Library(database)
    kept(library, library.new_project())
    database.close()
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=30)):
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        database = Database(path)
    except (FormatError, OutputError) as error:
        assert str(path) in str(error)
    else:
        database.close()


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_text("This is no database, but it is long enough to look at." * 20)
    with pytest.raises(FormatError, match="cannot be read"):
        Database(tmp_path / "studio.db")
