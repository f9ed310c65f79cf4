"""Random numbers by counting: a number is a function of its key and counter alone, so that no order and no thread changes it.

Philox 4x32 of 10 rounds (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), with the constants of Random123.
"""

from __future__ import annotations

import numpy as np

from twin.kernels.compile import Floats, kernel

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEP_0, _STEP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_SCALE = 2.0**-32


@kernel()
def uniforms(count: int, b: int, c: int, d: int, key_0: int, key_1: int, out: Floats) -> None:
    """Write four numbers for each of the counters (i, ``b``, ``c``, ``d``), i below ``count``, into ``out`` (4, at least ``count``).

    They are (word + 1/2)/2^32 of the four words of Philox, so they lie between 0 and 1 and reach neither. Counter and key are words of 32 bits. One
    loop without calls and branches, which runs on vectors: some 1.3 ns for four numbers.

    >>> numbers = np.empty((4, 1))
    >>> uniforms(1, 0, 0, 0, 0, 0, numbers)
    >>> [f"{int(u * 2**32):08x}" for u in numbers[:, 0].tolist()]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    for i in range(count):
        w, x, y, z = np.uint64(i), np.uint64(b), np.uint64(c), np.uint64(d)
        low, high = np.uint64(key_0), np.uint64(key_1)
        for _ in range(10):
            p, q = _FIRST * w, _SECOND * y
            w, x, y, z = (q >> _HALF) ^ x ^ low, q & _LOW, (p >> _HALF) ^ z ^ high, p & _LOW
            low, high = (low + _STEP_0) & _LOW, (high + _STEP_1) & _LOW
        out[0, i], out[1, i], out[2, i], out[3, i] = (w + 0.5) * _SCALE, (x + 0.5) * _SCALE, (y + 0.5) * _SCALE, (z + 0.5) * _SCALE
