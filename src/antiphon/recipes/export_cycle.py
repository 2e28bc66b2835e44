"""From a run of translators to a snapshot: both ways as ONNX graphs with half-precision weights, and their card."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from antiphon.models.gan.cycle import Translator
from antiphon.recipes.export import write_graph
from antiphon.representations.pianoroll import PianoRollSpec

WAYS = ("ab", "ba")
"""From the first side's style to the second's, and back."""


class TranslatorGraph(nn.Module):
    """Cells [B, n, R, 2, S, P] of a window -> whether each cell sounds in the other style, as bytes of the same shape."""

    def __init__(self, translator: Translator) -> None:
        super().__init__()
        self.translator = translator

    def forward(self, cells: Tensor) -> Tensor:
        """By the threshold of the deterministic neurons."""
        return (self.translator.logits(cells) > 0).to(torch.uint8)


def write_translators(translators: nn.ModuleDict, spec: PianoRollSpec, folder: Path) -> None:
    """Write the graph of each way into a snapshot's folder, which must be there."""
    sample = torch.zeros(2, *spec.shape)
    for way in WAYS:
        module = translators[way]
        assert isinstance(module, Translator)
        graph = TranslatorGraph(module)
        write_graph(graph, (sample,), ["cells"], ["moved"], ({0: torch.export.Dim("b")},), folder / f"{way}.onnx")
