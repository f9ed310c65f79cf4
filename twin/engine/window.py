"""When the time begins that key figures count; it stands alone, so that who only hands out runs loads no compiler."""

from __future__ import annotations


def window_begin(warmup: int, every: int) -> int:
    """Return when the time begins that key figures count: with the first record step of ``every`` that begins at or after the warm-up; all in ns.

    >>> window_begin(25, 10)
    30
    """
    return -(-warmup // every) * every
