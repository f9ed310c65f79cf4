"""The live twin at work: from sources to the history to the estimate, for weeks, over losses of sources, disk and itself."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twin.errors import FileError
from twin.live.estimates_file import EstimatesFile
from twin.live.following import RowFollower
from twin.live.history import History, HistoryReader
from twin.live.sources.inbox import Batch, Inbox
from twin.live.sources.opening import sources_of
from twin.live.sources.source import Source
from twin.live.state_file import read_state, write_state
from twin.live.tags import Tags

BLOCK = 2000
WAIT = 0.2
RETRY = 2.0
SILENCE = 600.0
"""So long [s, our clock] nothing from any source is silence, or three times as long as the most frequent signal takes where that is longer."""
LARGEST_LOG = 20_000_000
"""Bytes of a log; then the next begins, and the one before the last goes."""


class Log:
    """What happens, a JSON object a line: time (s since 1970, our clock), kind, and more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, **more: object) -> None:
        """Add a line; a disk that takes none does not stop the twin."""
        try:
            if self.path.exists() and self.path.stat().st_size > LARGEST_LOG:
                self.path.replace(self.path.with_suffix(".1.jsonl"))
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"time": round(time.time(), 3), "kind": kind, **more}) + "\n")
        except OSError:
            return


class LiveTwin:
    """A twin in a folder of its own: ``history.sqlite``, ``state``, ``estimates.jsonl``, ``log.jsonl``. It reads sources; it never writes to a plant.

    Raises :class:`~twin.errors.FileError` where the folder cannot be used, or holds the twin of other tags.
    """

    def __init__(self, tags: Tags, follower: RowFollower, folder: Path) -> None:
        self.tags, self.follower, self.folder = tags, follower, folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{folder}: the folder of the twin cannot be made ({error.strerror})") from None
        self.log = Log(folder / "log.jsonl")
        self.lock = threading.Lock()
        self.history = History(folder / "history.sqlite", skew_step=None)
        try:
            self._reader = HistoryReader(folder / "history.sqlite")
            self._restore()
            self.estimates = EstimatesFile(folder / "estimates.jsonl", follower.follower.head, tags.start + follower.ensemble_time)
            follower.follower.listener = self._said
            self.inbox = Inbox(max((model.queue for model in tags.sources.values()), default=BLOCK))
            self.sources: list[Source] = sources_of(tags, self.inbox, self._reader.latest())
        except BaseException:
            self.history.close()
            raise
        self.began = time.time()
        self.fault = ""
        every = [tag.every for tag in tags.tags if tag.every > 0.0]
        self.silence = max(SILENCE, 3.0 * min(every, default=0.0))
        self._silent = False
        self._held: Batch | None = None
        self._stop = threading.Event()

    def _restore(self) -> None:
        path = self.folder / "state"
        if not path.exists():
            return
        try:
            self.follower.load(read_state(path))
        except FileError as error:
            raise FileError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None
        self.log.write("restored", time_of_plant=self.tags.start + self.follower.ensemble_time, row=self.follower.number)

    def save(self) -> None:
        """Keep the state, and before it what was said up to it. Raises ``FileError``."""
        self.estimates.flush()
        write_state(self.folder / "state", self.follower.save())

    def run(self, until: float = math.inf, stepped: Callable[[], None] | None = None) -> None:
        """Go on until :meth:`stop`, or until the plant is ``until`` s from its start; ``stepped`` is called after each block of windows."""
        self.log.write("started", sources=[source.name for source in self.sources])
        for source in self.sources:
            source.start()
        try:
            behind = False
            while not self._stop.is_set() and self.follower.ensemble_time < until:
                if not self._store(0.0 if behind else WAIT):
                    self._stop.wait(RETRY)
                self._tell()
                self._listen_for_silence()
                behind = self._advance(until)
                if behind and stepped is not None:
                    stepped()
        finally:
            for source in self.sources:
                source.stop()
            self._end()

    def stop(self) -> None:
        """End :meth:`run` soon."""
        self._stop.set()

    def _end(self) -> None:
        try:
            self._store()
            self.save()
        except FileError as error:
            self.log.write("fault", text=str(error))
        self.log.write("stopped")
        self._reader.close()
        self.history.close()

    def _store(self, wait: float = 0.0) -> bool:
        """Bring what came to the history; what could not be stored is held and given again."""
        batch = self._held if self._held is not None else self.inbox.take(BLOCK, wait)
        self._held = batch
        try:
            if batch.readings:
                self.history.append(batch.readings, time.time())
        except FileError as error:
            if str(error) != self.fault:
                self.fault = str(error)
                self.log.write("fault", text=self.fault)
            return False
        for done in batch.done:
            done()
        if self.fault:
            self.log.write("recovered", text=self.fault)
        self._held, self.fault = None, ""
        return True

    def _tell(self) -> None:
        notes, counts = self.inbox.told()
        try:
            for note in notes:
                self.history.note(note.time, note.kind, note.subject, note.text)
                self.log.write(note.kind, subject=note.subject, text=note.text)
            if counts:
                self.history.count(Counter(counts))
        except FileError as error:
            self.log.write("fault", text=str(error))

    def _said(self, row: dict[str, Any]) -> None:
        """Keep what the follower says, and log alarms: as they are raised, and again when another signal shows one or its cause is found out."""
        self.estimates.add(row)
        found = row.get("alarm", row.get("joins"))
        alarm = next((known for known in self.follower.follower.alarms if known.event == found["event"]), None) if found is not None else None
        if alarm is not None:
            kind, at = "alarm" if "alarm" in row else "alarm changed", self.tags.start + alarm.time
            self.log.write(kind, at=at, signal=alarm.signal, alarm=alarm.kind, event=alarm.event, text=alarm.whole)

    def _advance(self, until: float) -> bool:
        """Take rows of the history, and keep the state where windows were stepped."""
        try:
            rows = self._reader.after(self.follower.number, BLOCK)
        except FileError as error:
            self.log.write("fault", text=str(error))
            return False
        with self.lock:
            _, steps = self.follower.take(rows, 8, until)
        if not steps:
            return False
        try:
            self.save()
        except FileError as error:
            self.log.write("fault", text=str(error))
        return True

    def silent_for(self) -> float:
        """Seconds since any source gave anything, or since the twin began."""
        return time.time() - max([self.began, *(source.health.last for source in self.sources if math.isfinite(source.health.last))])

    def _listen_for_silence(self) -> None:
        silent = self.silent_for() > self.silence
        if silent != self._silent:
            self._silent = silent
            self.log.write("silent" if silent else "heard", text=f"nothing from any source for {self.silence:g} s" if silent else "signals come again")

    def health(self) -> dict[str, Any]:
        """How the twin is: ok where it stores, all sources are up, and not all signals are silent."""
        sources = [_plain(asdict(source.health)) for source in self.sources]
        up = all(source["state"] == "up" for source in sources)
        silent_for = self.silent_for()
        estimator = self.follower.follower
        counts = {
            **self.follower.counts,
            "late": estimator.late,
            "ahead": estimator.ahead,
            "refused": estimator.refused,
            "impossible": estimator.ensemble.impossible,
        }
        behind = max(0.0, self.follower.reached - self.follower.ensemble_time) if math.isfinite(self.follower.reached) else 0.0
        return {
            "ok": up and not self.fault and silent_for <= self.silence,
            "fault": self.fault,
            "silent": silent_for > self.silence,
            "silent_for": round(silent_for, 1),
            "up_for": round(time.time() - self.began, 1),
            "waiting": len(self.inbox),
            "rows": self.follower.number,
            "time_of_plant": self.tags.start + self.follower.ensemble_time,
            "behind": behind,
            "counts": counts,
            "sources": sources,
        }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
