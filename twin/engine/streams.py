"""Named streams of random numbers.

One Philox stream per (replication, unit, purpose), keyed by SHA-256 and never by Python's ``hash``: adding a unit moves no other unit's
numbers, and two scenarios share them by construction. A stream's state is the count of uniforms used.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np

CHUNK = 64
PER_COUNTER = 4
"""64-bit numbers that Philox4x64 makes of one counter value."""


class Draw(Protocol):
    """A distribution, inverted from one uniform."""

    def inverse(self, u: float) -> float:
        """The value at cumulative probability ``u``."""


def spawn_key(replication: int, unit: str, purpose: str) -> tuple[int, ...]:
    """The key of a stream under the scenario's seed.

    >>> spawn_key(0, "shredder", "life")
    (0, 534508540, 1105408456)
    """
    digest = hashlib.sha256(f"{unit}/{purpose}".encode()).digest()
    return replication, int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


class Stream:
    """Uniforms in [0, 1), one per variate.

    >>> stream = Stream(7, 0, "shredder", "life")
    >>> first = [stream.uniform() for _ in range(5)]
    >>> again = Stream(7, 0, "shredder", "life", used=3)
    >>> again.uniform() == first[3]
    True

    ``forks``: the numbers of the forks that it goes on in, which are appended to its key (see :meth:`take_from`).
    """

    def __init__(self, seed: int, replication: int, unit: str, purpose: str, used: int = 0) -> None:
        self.purpose = purpose
        self._seed, self._key = seed, spawn_key(replication, unit, purpose)
        self._forks: tuple[int, ...] = ()
        self._buffer: list[float] = []
        self._start = self._end = used
        self._generator: np.random.Generator | None = None
        self.used = used

    def uniform(self) -> float:
        """The next uniform in [0, 1)."""
        if self.used >= self._end:
            self._refill()
        value = self._buffer[self.used - self._start]
        self.used += 1
        return value

    def _refill(self) -> None:
        if self._generator is None:
            bits = np.random.Philox(np.random.SeedSequence(self._seed, spawn_key=(*self._key, *self._forks)))
            bits.advance(self.used // PER_COUNTER)
            self._generator = np.random.Generator(bits)
            self._generator.random(self.used % PER_COUNTER)
        self._start = self.used
        self._buffer = self._generator.random(CHUNK).tolist()
        self._end = self.used + CHUNK

    def rewind(self, used: int) -> None:
        """Go on after ``used`` uniforms."""
        if used == self.used:
            return
        self.used = self._start = self._end = used
        self._generator = None

    def take_from(self, replication: int, forks: tuple[int, ...]) -> None:
        """From the next uniform on take those of a replication and, within it, of a fork, which are no other fork's; () for those of the run itself.

        >>> stream, member = Stream(7, 0, "shredder", "life"), Stream(7, 0, "shredder", "life")
        >>> member.take_from(0, (1,))
        >>> stream.uniform() == member.uniform()
        False
        """
        if (replication, forks) != (self._key[0], self._forks):
            self._key, self._forks = (replication, *self._key[1:]), forks
            self._start = self._end = self.used
            self._generator = None
