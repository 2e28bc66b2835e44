"""Snapshots of models over frames: verified, loaded, and asked for the exact likelihood of whole pieces.

A folder holds snapshot.json (name, kind, shape, card, checksums) and model.onnx. Kinds:
voices  notes [1, T, V] -> logp [1, T, V, S]: of every symbol of every note, given all before it in time, and in its frame
        in the order of shape["order"];
keys    rolls [1, T, 88] -> logp [T, N, 89]: decision n of a frame is which key above its n lowest ones comes next, 88 the end;
fill    notes and open [B, T, V] -> logp [B, T, V, S]: of every symbol of each open note, given those that are not open.
Symbol 0 is the rest, symbol s the MIDI number lowest + s - 1; notes are MIDI numbers, -1 a rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, SnapshotError
from antiphon.generate.snapshot import FORMAT, file_digest

SHIPPED = Path(__file__).resolve().parent.parent / "snapshots" / "benchmarks"
KINDS = ("voices", "keys", "fill")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FrameSnapshot:
    """A model over frames, ready to be asked.

    Attributes:
      shape: lowest, highest and order of the voices, or keys and the most decisions a frame.
      card: data, licence, recipe, seed, scores.
    """

    folder: Path
    name: str
    kind: str
    shape: dict[str, Any]
    card: dict[str, Any]
    session: Any

    def run(self, **inputs: Ints) -> Floats:
        """The graph's log-probabilities."""
        out: Floats = self.session.run(None, inputs)[0]
        return out


def shipped_frames(corpus: str) -> list[str]:
    """Names of the models of a benchmark (jsb16, polyphonic) that come with the package."""
    found = []
    for path in sorted(SHIPPED.glob("*/snapshot.json")):
        if json.loads(path.read_text(encoding="utf-8"))["card"]["benchmark"] == corpus:
            found.append(path.parent.name)
    return found


def open_frames(name: str | Path) -> FrameSnapshot:
    """A shipped model by name, or the one in a folder.

    Raises:
      SnapshotError: there is none, or it is damaged or of another version.
    """
    folder = SHIPPED / str(name) if (SHIPPED / str(name) / "snapshot.json").is_file() else Path(name)
    path = folder / "snapshot.json"
    if not path.is_file():
        raise SnapshotError(f"There is no benchmark model {str(name)!r}; give a shipped one's name or a snapshot's folder.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["kind"] not in KINDS:
            raise SnapshotError(f"{folder} holds a model of another format or kind, which this version does not read.")
        graph = folder / "model.onnx"
        if file_digest(graph) != data["files"]["model.onnx"]:
            raise SnapshotError(f"{graph} is damaged (its checksum differs); export or install it again.")
        return FrameSnapshot(folder, data["name"], data["kind"], data["shape"], data["card"], _session(graph))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"The snapshot in {folder} cannot be read ({error}); export or install it again.") from error


def _session(graph: Path) -> Any:
    """An inference session on one thread, so that results stay the same."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common root of their own
        raise SnapshotError(f"{graph} cannot be loaded ({str(error).splitlines()[0]}); export it again.") from error


def note_nats(model: FrameSnapshot, notes: Ints) -> npt.NDArray[np.float64]:
    """Exact cost of every note of a piece [T, V], in nats.

    Raises:
      InputError: a pitch lies outside of the model's alphabet.
    """
    lowest, highest = model.shape["lowest"], model.shape["highest"]
    if ((notes >= 0) & ((notes < lowest) | (notes > highest))).any():
        raise InputError(f"Model {model.name!r} knows MIDI notes {lowest} to {highest}; this piece goes beyond.")
    symbols = np.where(notes < 0, 0, notes - lowest + 1)
    logp = model.run(notes=notes[None])[0]
    return -np.take_along_axis(logp, symbols[..., None], axis=-1)[..., 0].astype(np.float64)


def frame_nats(model: FrameSnapshot, rolls: Ints) -> npt.NDArray[np.float64]:
    """Exact cost of every frame of a sequence of key rolls [T, 88], in nats: of its keys from the lowest up, and its end.

    Raises:
      InputError: a frame has more keys than the graph has decisions for.
    """
    most = model.shape["most"]
    counts = rolls.sum(1)
    if int(counts.max(initial=0)) >= most:
        raise InputError(f"Model {model.name!r} writes at most {most - 1} keys a frame; this sequence has {counts.max()}.")
    logp = model.run(rolls=rolls[None]).astype(np.float64)
    end = rolls.shape[1]
    out: npt.NDArray[np.float64] = -logp[np.arange(len(rolls)), counts, end]
    frame, key = np.nonzero(rolls)
    nth = (rolls.cumsum(1) - 1)[frame, key]
    np.add.at(out, frame, -logp[frame, nth, key])
    return out


@dataclass(frozen=True)
class Figures:
    """Likelihood of a split.

    Attributes:
      nll: nats a note or frame, over all of them (micro average); the figure to compare.
      macro: mean over pieces of their nats a note or frame.
      pieces, units: how many pieces, and notes or frames.
    """

    nll: float
    macro: float
    pieces: int
    units: int


def figures(nats: Iterable[npt.NDArray[np.float64]]) -> Figures:
    """Averages over pieces, of which each is given as the cost of its notes or frames."""
    each = [(float(n.sum()), int(n.size)) for n in nats]
    total, units = sum(a for a, _ in each), sum(b for _, b in each)
    return Figures(total / units, sum(a / b for a, b in each) / len(each), len(each), units)


def likelihood(model: FrameSnapshot, pieces: Sequence[Ints]) -> Figures:
    """Exact likelihood of whole pieces under an autoregressive model: the first step and rests are counted."""
    of = note_nats if model.kind == "voices" else frame_nats
    return figures(of(model, p) for p in pieces)
