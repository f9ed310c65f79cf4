"""How many of a resource there are at a time: a fixed number, or one for each shift."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from twin.engine.calendars import FAR, Calendar

MOST_CHANGES = 1000
"""So many changes of shift are looked at for one that brings more, or fewer; after them one looks again."""


class Staffing:
    """``shifts``: (calendar, count) in the order in which they hold: the first calendar that is open counts, None is always open. None open: 0."""

    def __init__(self, shifts: Sequence[tuple[Calendar | None, int]]) -> None:
        self.shifts = tuple(shifts)
        self.most = max((count for _, count in self.shifts), default=0)
        self.steady = all(calendar is None for calendar, _ in self.shifts)
        self._held = (0, 0, 0)
        """The stretch that was looked at last, ns, and how many there are in it: shifts change seldom, and are asked at each lot."""

    def size(self, now: int) -> int:
        """How many there are at ``now`` ns."""
        begin, end, size = self._held
        if begin <= now < end:
            return size
        size = self._size(now)
        self._held = (now, self.changes(now), size)
        return size

    def _size(self, now: int) -> int:
        for calendar, count in self.shifts:
            if calendar is None or calendar.opens(now) == now:
                return count
        return 0

    def changes(self, now: int) -> int:
        """The next time, ns, at which a shift begins or ends; :data:`~twin.engine.calendars.FAR` if none does."""
        found = FAR
        for calendar, _ in self.shifts:
            if calendar is not None:
                opening = calendar.opens(now)
                found = min(found, opening if opening > now else calendar.closes(now))
        return found

    def grows(self, now: int) -> int:
        """The next time, ns, at which there are more than just before."""
        return self._next(now, lambda before, after: after > before)

    def shrinks(self, now: int) -> int:
        """The next time, ns, at which there are fewer than just before."""
        return self._next(now, lambda before, after: after < before)

    def _next(self, now: int, wanted: Callable[[int, int], bool]) -> int:
        moment, size = now, self.size(now)
        for _ in range(MOST_CHANGES):
            moment = self.changes(moment)
            if moment >= FAR:
                return FAR
            after = self.size(moment)
            if wanted(size, after):
                return moment
            size = after
        return moment

    def later(self, now: int) -> int:
        """The most that there are at any time after ``now``, shifts hidden by earlier ones included."""
        return max((count for calendar, count in self.shifts if calendar is None or calendar.opens(now) < FAR), default=0)

    def pieces(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Cut [begin, end) where shifts begin and end: (from, to, how many)."""
        since, till, size = self._held
        if since <= begin and end <= till:  # nearly always
            if begin < end:
                yield begin, end, size
            return
        while begin < end:
            until = min(end, self.changes(begin)) if not self.steady else end
            yield begin, until, self.size(begin)
            begin = until
