"""What a plant's surroundings do to it, as somebody at the gate or a line's log would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

What = Literal["delivery", "pickup", "stop", "restart"]


class Input(NamedTuple):
    """``time`` ns; ``unit``: the feed, the product or the machine; ``mass`` kg of a delivery, or that a pick-up took; ``copy`` of a machine, from 0."""

    time: int
    what: What
    unit: str
    mass: float = 0.0
    copy: int = 0


Listener = Callable[[Input], None]
