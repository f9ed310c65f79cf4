"""Fixed times that come again and again: how many of them a run may have."""

from __future__ import annotations

from twin.quantities import format_quantity

MOST_TIMES = 200_000
"""More events at fixed times would fill a run with nothing else: one a minute of four months."""


def too_often(every: float, horizon: float) -> str:
    """Return why times ``every`` s apart are too many for a run of ``horizon`` s, "" where they are not."""
    if horizon / every <= MOST_TIMES:
        return ""
    words = [format_quantity(value, "s") for value in (horizon, every)]
    return f"a run of {words[0]} has more than {MOST_TIMES:,} times {words[1]} apart; choose longer ones"
