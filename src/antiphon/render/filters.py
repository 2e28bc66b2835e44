"""Filters for minutes of sound in numpy: convolution with a long response, and recursive filters by matrix products."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_BLOCK = 128
"""Samples that one matrix product takes at once."""
_ROWS = 2048
"""Blocks worked on together: few enough to stay in the processor's cache."""


def convolve(signal: Floats, impulse: Floats) -> Floats:
    """A signal through several long filters, cut to the signal's own length, by overlapping Fourier blocks.

    Args:
      signal: [n].
      impulse: [c, m], one row an output.

    Returns:
      [c, n].
    """
    size = 1 << max(12, (3 * impulse.shape[1] - 1).bit_length())
    hop = size - impulse.shape[1] + 1
    spectra = np.fft.rfft(impulse.astype(np.float32), size, axis=1)
    out = np.zeros((len(impulse), len(signal) + size), dtype=np.float32)
    for at in range(0, len(signal), hop):
        block = signal[at : at + hop]
        if block.any():
            out[:, at : at + size] += np.fft.irfft(np.fft.rfft(block, size) * spectra, size, axis=1)
    return out[:, : len(signal)]


class Recursion(NamedTuple):
    """A recursive filter as a state that is carried from sample to sample (A, b, c, d of control theory).

    Attributes:
      carry: [s, s], state to next state; enter: [s], input to next state; leave: [s], state to output; direct: input to
        output.
    """

    carry: Matrix
    enter: Matrix
    leave: Matrix
    direct: float

    @classmethod
    def biquad(cls, top: tuple[float, float, float], bottom: tuple[float, float]) -> Recursion:
        """(top0 + top1 z^-1 + top2 z^-2) / (1 + bottom1 z^-1 + bottom2 z^-2), transposed direct form II."""
        carry = np.array([[-bottom[0], 1.0], [-bottom[1], 0.0]])
        enter = np.array([top[1] - bottom[0] * top[0], top[2] - bottom[1] * top[0]])
        return cls(carry, enter, np.array([1.0, 0.0]), top[0])

    def then(self, second: Recursion) -> Recursion:
        """Both filters, one after the other."""
        n, m = len(self.enter), len(second.enter)
        carry = np.zeros((n + m, n + m))
        carry[:n, :n], carry[n:, n:], carry[n:, :n] = self.carry, second.carry, np.outer(second.enter, self.leave)
        enter = np.concatenate([self.enter, second.enter * self.direct])
        leave = np.concatenate([second.direct * self.leave, second.leave])
        return Recursion(carry, enter, leave, self.direct * second.direct)


def recurse(signal: Floats, recursion: Recursion) -> Floats:
    """A signal through a recursive filter that starts at rest, [n] -> [n].

    Inside a block of samples the filter is one triangular matrix; what earlier blocks left in its state decays, so the
    state before a block is a short sum over blocks. No loop runs over samples.
    """
    powers = [np.eye(len(recursion.enter))]
    for _ in range(_BLOCK):
        powers.append(recursion.carry @ powers[-1])
    gather = np.array([powers[_BLOCK - 1 - i] @ recursion.enter for i in range(_BLOCK)])
    release = np.array([recursion.leave @ powers[i] for i in range(_BLOCK)]).T.astype(np.float32)
    response = [recursion.direct, *(float(recursion.leave @ powers[i] @ recursion.enter) for i in range(_BLOCK - 1))]
    inside = np.zeros((_BLOCK, _BLOCK), dtype=np.float32)
    for i in range(_BLOCK):
        inside[i, i:] = response[: _BLOCK - i]
    count = -(-len(signal) // _BLOCK)
    blocks = np.zeros((count, _BLOCK), dtype=np.float32)
    blocks.reshape(-1)[: len(signal)] = signal
    states = _states(blocks @ gather.astype(np.float32), powers[_BLOCK]).astype(np.float32)
    for at in range(0, count, _ROWS):
        rows = slice(at, at + _ROWS)
        blocks[rows] = blocks[rows] @ inside + states[rows] @ release
    return blocks.reshape(-1)[: len(signal)]


def _states(added: Floats, decay: Matrix) -> Matrix:
    """The state before each block, [n, s], from what each block adds to it, by doubling the reach of the sum."""
    states = np.zeros((len(added), added.shape[1]))
    states[1:] = added[:-1]
    reach, power = 1, decay
    while reach < len(states) and np.abs(power).max() > 1e-12:
        moved = states[:-reach] @ power.T
        states[reach:] += moved
        reach, power = 2 * reach, power @ power
    return states
