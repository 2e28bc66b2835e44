"""Writing speed of the stage against a plain PyTorch loop of the same size; python benchmarks/sequence_speed.py [--times N].

Both write on one thread, in turns within the same run, in seconds of the processor, so that other work on the machine counts
less; at last ours writes on all processors, in seconds on the wall. The figure is the fastest of several rounds, and the
ratios count.
Ours is the whole generator: ONNX step with its cache, four field heads, grammar masks, sampling. The other is the bare loop
that one writes with Hugging Face transformers (GPT-2 of the same width, depth and heads, key-value cache, top-p sampling), or
the same in plain PyTorch where transformers is not installed. One event of ours has four fields (kind and place, pitch,
length, velocity or their like), which a flat token stream writes as about four tokens: both counts are printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

from antiphon.generate.events import EventGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.together import processors

FIELDS = 4
VOCABULARY = 512


class Counted:
    """A generator whose events are counted: those that it wrote and has read, as when it goes back to earlier ones."""

    def __init__(self, name: str) -> None:
        made = load(name)
        if not isinstance(made, EventGenerator):
            raise SystemExit(f"{name} is no sequence model; name one of those that 'antiphon models' lists.")
        self.generator, self.events = made, 0
        made.runtime.__class__ = self._counting(type(made.runtime))

    def _counting(self, kind: type[Any]) -> type[Any]:
        """A runtime's class that counts what it is fed; copies of a runtime for other threads count too."""

        def feed(runtime: Any, events: Any, times: Any) -> Any:
            self.events += len(events)
            return kind.feed(runtime, events, times)

        return type(kind.__name__, (kind,), {"feed": feed})

    def write(self, bars: int, batch: int, seed: int, threads: int = 1) -> tuple[int, int, float]:
        """Events, notes and seconds of so many pieces at once."""
        self.events, self.generator.threads = 0, threads
        clock = time.process_time if threads == 1 else time.perf_counter
        begun = clock()
        takes = self.generator.write(Request(bars), [seed * 1000 + i for i in range(batch)])
        return self.events, sum(t.score.note_count for t in takes), clock() - begun


def hugging_face(width: int, layers: int, heads: int) -> tuple[str, nn.Module]:
    """GPT-2 of this size."""
    import transformers

    config = transformers.GPT2Config(VOCABULARY, 2048, width, layers, heads)
    return f"transformers {transformers.__version__} GPT-2", transformers.GPT2LMHeadModel(config).eval()


class Plain(nn.Module):
    """A Transformer as tutorials write it, its cache grown by concatenation; called like the one of transformers."""

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.token, self.place = nn.Embedding(VOCABULARY, width), nn.Embedding(2048, width)
        self.layers = nn.ModuleList(
            nn.ModuleDict({
                "norm1": nn.LayerNorm(width), "norm2": nn.LayerNorm(width), "qkv": nn.Linear(width, 3 * width),
                "join": nn.Linear(width, width), "up": nn.Linear(width, 4 * width), "down": nn.Linear(4 * width, width),
            })
            for _ in range(layers)
        )  # fmt: skip
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, input_ids: torch.Tensor, past_key_values: Any = None, use_cache: bool = True) -> Any:
        """Logits and the cache."""
        at = 0 if past_key_values is None else past_key_values[0][0].shape[2]
        x = self.token(input_ids) + self.place(torch.arange(at, at + input_ids.shape[1]))
        kept = []
        for i, layer in enumerate(self.layers):
            b, t, d = x.shape
            q, k, v = layer["qkv"](layer["norm1"](x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            if past_key_values is not None:
                k, v = torch.cat([past_key_values[i][0], k], 2), torch.cat([past_key_values[i][1], v], 2)
            kept.append((k, v))
            y = nn.functional.scaled_dot_product_attention(q, k, v)
            x = x + layer["join"](y.transpose(1, 2).reshape(b, t, d))
            x = x + layer["down"](nn.functional.gelu(layer["up"](layer["norm2"](x))))
        return type("Output", (), {"logits": self.head(self.norm(x)), "past_key_values": kept})


@torch.no_grad()
def loop(model: nn.Module, batch: int, tokens: int) -> float:
    """Seconds for so many tokens a piece, one after another, sampled with top-p."""
    token, past = torch.zeros(batch, 1, dtype=torch.int64), None
    begun = time.process_time()
    for _ in range(tokens):
        out = model(input_ids=token, past_key_values=past, use_cache=True)
        past = out.past_key_values
        p, order = out.logits[:, -1].softmax(-1).sort(descending=True)
        p[p.cumsum(-1) - p >= 0.98] = 0
        token = order.gather(-1, torch.multinomial(p, 1))
    return time.process_time() - begun


def best(times: int, run: Callable[[int], tuple[float, ...]]) -> tuple[float, ...]:
    """The round with the highest first figure."""
    return max(run(i) for i in range(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pop")
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--times", type=int, default=3)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    ours = Counted(wanted.model)
    shape = ours.generator.snapshot.shape
    size = (shape["width"], shape["layers"], shape["heads"])
    has = importlib.util.find_spec("transformers") is not None
    name, other = hugging_face(*size) if has else ("plain PyTorch loop", Plain(*size).eval())
    count = sum(p.numel() for p in other.parameters())
    print(
        f"{wanted.model}: {ours.generator.snapshot.card.get('parameters', 0) / 1e6:.1f} M, {shape}; {name}: {count / 1e6:.1f} M"
    )
    rates: dict[int, tuple[float, float, float]] = {}
    for batch in (1, 16):

        def one(i: int, batch: int = batch) -> tuple[float, float]:
            events, notes, seconds = ours.write(wanted.bars, batch, i)
            return events / seconds, notes / seconds

        events, notes = best(wanted.times, one)
        (tokens,) = best(wanted.times, lambda i, batch=batch: (batch * wanted.tokens / loop(other, batch, wanted.tokens),))
        rates[batch] = (events, notes, tokens)
        print(
            f"batch {batch:2}: ours {events:7.0f} events/s (= {FIELDS * events:7.0f} fields/s), {notes:7.0f} notes/s; "
            f"theirs {tokens:7.0f} tokens/s; ratio {events / tokens:.2f} steps, {FIELDS * events / tokens:.2f} fields a token"
        )
    print(f"batch 16 against one piece: ours {rates[16][0] / rates[1][0]:.2f}x, theirs {rates[16][2] / rates[1][2]:.2f}x")
    if (many := processors()) > 1:

        def shared(i: int) -> tuple[float]:
            events, _, seconds = ours.write(wanted.bars, 16, i, many)
            return (events / seconds,)

        (total,) = best(wanted.times, shared)
        print(f"batch 16 on {many} processors: {total:.0f} events/s, {total / rates[1][0]:.2f}x one piece on one")
    print(f"numpy {np.__version__}, torch {torch.__version__}, one thread")


if __name__ == "__main__":
    main()
