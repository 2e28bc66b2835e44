# make song: compose a piece into ./song.   make test: every check that a change must pass.

PYTHON ?= python3
SONG ?= song
SONG_VENV := .venv-song
TEST_VENV := .venv-test
PIP := -m pip --disable-pip-version-check --no-input

.PHONY: song test clean
.DEFAULT_GOAL := song

song: $(SONG_VENV)/.installed
	@$(SONG_VENV)/bin/python -m antiphon compose --out "$(SONG)"
	@echo "The piece lies in $(SONG)/: piece.mid, piece.flac, stems/, piece.musicxml, roll.png, manifest.json"

test: $(TEST_VENV)/.installed
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/ruff format --check .
	$(TEST_VENV)/bin/mypy
	OMP_NUM_THREADS=1 $(TEST_VENV)/bin/python -m pytest

# The stage: no PyTorch, wheels only. Editable, so that later changes to the source need no network.
$(SONG_VENV)/.installed: pyproject.toml | suitable-python
	@echo "Installing Antiphon into $(SONG_VENV) (once; needs the network) ..."
	@$(PYTHON) -m venv $(SONG_VENV)
	@$(SONG_VENV)/bin/python $(PIP) install --quiet --only-binary :all: --editable .
	@touch $@

$(TEST_VENV)/.installed: pyproject.toml | suitable-python
	@echo "Installing Antiphon with PyTorch and the checks into $(TEST_VENV) (once; needs the network) ..."
	@$(PYTHON) -m venv $(TEST_VENV)
	@$(TEST_VENV)/bin/python $(PIP) install --quiet $$($(PYTHON) .ci/torch_index.py) --editable ".[train,studio,dev]"
	@touch $@

.PHONY: suitable-python
suitable-python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	  echo "Antiphon needs Python 3.11 or newer, and '$(PYTHON)' is not; name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	  exit 2; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments; install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; \
	  exit 2; }

clean:
	rm -rf $(SONG_VENV) $(TEST_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
