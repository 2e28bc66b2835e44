"""The hand of the grid model as it writes, against the network's own reading of what was drawn."""

from __future__ import annotations

import torch

from antiphon.models.grid import LOOK, GridConfig, GridNetwork
from antiphon.models.grid_hand import HandSteps, steps_after

CONFIG = GridConfig((21, 20, 12), (3, 3), (2, 2), rows=3, width=12, heads=2, read_layers=1, ask_layers=1, hand=16, looks=2)
PITCHES, EXTENTS = 15, 8
"""Pitches of a part and, below them, how long notes last; above are those of the harmony."""
END, BEGIN, COPIES = 16, 17, 3


def test_an_event_at_a_time_is_what_the_network_reads() -> None:
    """Tables, joined matrices, order of cells, legality, likelihood: all of it, without anything to look back at."""
    torch.manual_seed(0)
    network = GridNetwork(CONFIG).eval()
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.4)
    n, most = 12, 20
    answer, row = torch.randn(n, CONFIG.width), 1 + torch.arange(n) % 3
    last = torch.tensor([BEGIN, 0, 0]).repeat(n, 1)
    may_copy = torch.rand(n, COPIES) < 0.7
    returns = torch.cat([may_copy[..., None], torch.randint(0, 3, (n, COPIES, CONFIG.signs))], -1).float()
    nothing, slot = torch.zeros(3, CONFIG.looks, 5, LOOK), torch.randperm(n)
    with torch.no_grad():
        written, likely, _ = HandSteps(network, PITCHES, EXTENTS)(
            answer, row, torch.arange(n), nothing, nothing, torch.ones(3, dtype=torch.long), returns,
            torch.ones(4), torch.full((4,), 1e-9), last, torch.zeros(n, CONFIG.hand), torch.rand(most, n, 3), slot,
            slot.argsort().view(3, 4), torch.tensor(0),
        )  # fmt: skip
        hand = network.hand
        for cell in range(n):
            ends = (written[:, cell, 0] >= END).nonzero()
            count = int(ends[0]) if len(ends) else len(written) - 1
            said = written[: count + 1, cell]
            read = torch.cat([last[:1], said[:-1]])
            x = hand.events(read) + hand.row(row[cell].view(1, 1)) + hand.answer(answer[cell : cell + 1])
            logits = hand.heads(hand.norm(hand.memory(x[None])[0][0] + x), said)
            weight = hand.together.weight[row[cell]]
            logits[0][0, END + 2 :] += returns[cell, :, 1:] @ weight[:-1] + weight[-1]
            before = torch.tensor(BEGIN)
            for i, event in enumerate(said):
                harmony = int(row[cell] == 1)
                may = steps_after(16)[before, harmony, int(read[i, 1] < PITCHES)]
                may = torch.cat([may, may_copy[cell] & (before == BEGIN)])
                check(logits[0][i], may, event[0], likely[i, cell, 0])
                if event[0] < END:
                    value, extent = torch.arange(20), torch.arange(12)
                    higher = (event[0] != before) | (value > read[i, 1]) | bool(harmony)
                    check(
                        logits[1][i], ((value > PITCHES) == bool(harmony)) & (value > 0) & higher, event[1], likely[i, cell, 1]
                    )
                    check(logits[2][i], ((extent >= EXTENTS) == bool(harmony)) & (extent > 0), event[2], likely[i, cell, 2])
                before = event[0]


def check(logits: torch.Tensor, may: torch.Tensor, chosen: torch.Tensor, said: torch.Tensor) -> None:
    """What was chosen is legal, and as likely as was said."""
    assert may[chosen]
    assert torch.isclose(logits.masked_fill(~may, -torch.inf).log_softmax(-1)[chosen], said, atol=1e-4)


def test_what_may_follow() -> None:
    may = steps_after(4)
    # a part begins anywhere or ends; a harmony begins at once
    assert may[5, 0, 1].tolist() == [True] * 5 + [False] and may[5, 1, 0].tolist() == [True] + [False] * 5
    # after step 2: later ones and the end; the same again only for a part whose pitch is not the highest
    assert may[2, 0, 1].tolist() == [False, False, True, True, True, False]
    assert may[2, 0, 0].tolist() == may[2, 1, 1].tolist() == [False, False, False, True, True, False]
