"""A process that saves takes for ever and says which are saved; for tests that kill it."""

from __future__ import annotations

import sys
from pathlib import Path

from studio_verbs import piece

from antiphon.studio.database import Database
from antiphon.studio.home import Home, Occupied
from antiphon.studio.library import Library, NewTake
from antiphon.studio.scorejson import pack


def main() -> None:
    """Save takes into the home that the first argument names."""
    home = Home(Path(sys.argv[1]))
    home.make()
    Occupied(home)
    library = Library(Database(home.database))
    project = library.new_project("Killed")
    seed = int(sys.argv[2])
    while True:
        seed += 1
        with library.database.change():
            take = library.add_take(project, NewTake(pack(piece(bars=2, seed=seed)), "edit"))
            library.record(project, "Edit", take=take)
        print(take, flush=True)


if __name__ == "__main__":
    main()
