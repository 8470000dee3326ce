"""Random streams: one per use, each a pure function of the seed, its name and how much was drawn.

The generator is PCG64, whose raw stream NumPy keeps stable for ever; the state of a stream is one
number, the count of its draws.
"""

from __future__ import annotations

import hashlib

import numpy as np

_BLOCK = 512
_STEP = 2.0**-53


class Stream:
    """Uniform numbers in [0, 1), the same for the same seed, name and position."""

    def __init__(self, seed: int, name: str, draws: int = 0) -> None:
        digest = hashlib.sha256(f"nandtrace/{seed}/{name}".encode()).digest()
        bits = np.random.PCG64(0)
        bits.state = {
            "bit_generator": "PCG64",
            "state": {
                "state": int.from_bytes(digest[:16], "little"),
                "inc": int.from_bytes(digest[16:], "little") | 1,
            },
            "has_uint32": 0,
            "uinteger": 0,
        }
        bits.advance(draws)
        self._bits = bits
        self._drawn = draws
        self._values: list[float] = []

    def uniform(self) -> float:
        """The next number in [0, 1)."""
        if not self._values:
            self._refill()
        return self._values.pop()

    def below(self, count: int) -> int:
        """The next integer from 0 to `count` - 1."""
        return int(self.uniform() * count)

    @property
    def draws(self) -> int:
        """How many numbers were drawn: all there is to know of the stream's state."""
        return self._drawn - len(self._values)

    def _refill(self) -> None:
        raw = self._bits.random_raw(_BLOCK)
        self._values = ((raw >> np.uint64(11)) * _STEP)[::-1].tolist()
        self._drawn += _BLOCK


class Streams:
    """The streams of one scheduler, by their use."""

    USES = ("choice", "address", "sequence", "hook")

    def __init__(self, seed: int, draws: dict[str, int] | None = None) -> None:
        at = draws or {}
        self._by_use = {use: Stream(seed, use, at.get(use, 0)) for use in self.USES}
        self.choice, self.address, self.sequence, self.hook = self._by_use.values()

    def draws(self) -> dict[str, int]:
        """The state of every stream."""
        return {use: stream.draws for use, stream in self._by_use.items()}
