"""What lines and trucks ask before they go on: a policy at run time."""

from __future__ import annotations

from typing import Protocol


class Decider(Protocol):
    """Decides at this instant, before the unit that asked: it was declared before it, and its event comes first."""

    def ask(self, now: int) -> None:
        """Decide at ``now`` ns, beside when else it does."""
