"""Marks of dates on an axis of time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from twin.quantities import DAY, HOUR

MOST = 9
"""Most marks on an axis, but for one at its start."""


def date_marks(begin: datetime, span: float, most: int = MOST) -> list[tuple[float, str]]:
    """Where marks of the time stand, in s since ``begin`` and up to ``span``, and their text: round hours of the day, or midnights.

    >>> date_marks(datetime(2026, 1, 5, 6), 8 * 3600.0, most=4)
    [(0.0, '01-05 06:00'), (7200.0, '01-05 08:00'), (14400.0, '01-05 10:00'), (21600.0, '01-05 12:00'), (28800.0, '01-05 14:00')]
    """
    hours = span / HOUR
    distance = next((h for h in (1, 2, 3, 6, 12) if hours / h <= most), 0) * HOUR or math.ceil(span / DAY / most) * DAY
    midnight = datetime.combine(begin.date(), datetime.min.time())
    first = (begin - midnight) / timedelta(seconds=1)
    marks, moment = [], math.ceil(first / distance) * distance
    while moment - first <= span:
        date = midnight + timedelta(seconds=moment)
        marks.append((moment - first, f"{date:%Y-%m-%d}" if distance >= DAY else f"{date:%m-%d %H:%M}"))
        moment += distance
    return marks
