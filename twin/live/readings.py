"""A reading: what a signal of the plant said, and when."""

from __future__ import annotations

from typing import NamedTuple


class Reading(NamedTuple):
    """What a signal said.

    ``time`` is s since 1970-01-01 UTC by the plant's clock; ``value`` is in the unit of its tag, as it came (it may be no number); ``good``: whether the source
    itself trusts it; ``sequence``: the source's own count of this signal, -1 where it does not count.
    """

    signal: str
    time: float
    value: float
    good: bool = True
    sequence: int = -1
