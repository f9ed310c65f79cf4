"""The inbox between sources and the history: bounded, so that a flood costs readings and not the twin."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from twin.live.readings import Reading

Done = Callable[[], None]
MOST_NOTES = 1000


class Batch(NamedTuple):
    """Readings in the order in which they came, and whom to tell when they are stored."""

    readings: list[Reading]
    done: list[Done]


class Happened(NamedTuple):
    """What a source tells beside readings. ``time`` s since 1970, our clock."""

    time: float
    kind: str
    subject: str
    text: str


class Inbox:
    """Holds up to ``capacity`` readings. What does not fit is lost, and counted by its source."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._readings: deque[Reading] = deque()
        self._done: list[Done] = []
        self._notes: deque[Happened] = deque(maxlen=MOST_NOTES)
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._readings)

    def put(self, source: str, readings: Sequence[Reading], done: Done | None = None) -> int:
        """Take readings of a source as far as they fit; returns how many were lost. ``done`` is called when they are stored."""
        with self._changed:
            room = max(0, self.capacity - len(self._readings))
            lost = max(0, len(readings) - room)
            self._readings.extend(readings[:room])
            if done is not None:
                self._done.append(done)
            if lost:
                if not self._counts[f"lost.{source}"]:
                    self._notes.append(
                        Happened(time.time(), "flood", source, f"more came than can be stored; beyond {self.capacity} that wait readings are lost")
                    )
                self._counts[f"lost.{source}"] += lost
            self._changed.notify_all()
            return lost

    def wait_for_room(self, many: int, timeout: float) -> bool:
        """Wait until so many readings fit: for sources that can wait themselves, as a file."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._readings) + many <= self.capacity, timeout)

    def take(self, most: int, timeout: float) -> Batch:
        """Return what came, at most so many readings; waits for the first up to ``timeout`` s."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._readings or self._done), timeout)
            readings = [self._readings.popleft() for _ in range(min(most, len(self._readings)))]
            done: list[Done] = []
            if not self._readings:  # whoever waits is told when all of it is stored
                done, self._done = self._done, []
            self._changed.notify_all()
            return Batch(readings, done)

    def note(self, kind: str, subject: str, text: str) -> None:
        """Tell of something."""
        with self._changed:
            self._notes.append(Happened(time.time(), kind, subject, text[:2000]))

    def count(self, what: str, many: int = 1) -> None:
        """Count something."""
        with self._changed:
            self._counts[what] += many

    def told(self) -> tuple[list[Happened], Counter[str]]:
        """Return what was told and counted since the last call."""
        with self._changed:
            notes, counts = list(self._notes), self._counts
            self._notes.clear()
            self._counts = Counter()
            return notes, counts
