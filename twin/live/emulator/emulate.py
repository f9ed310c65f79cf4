"""Lets an emulated plant run in real or faster time, sends what it shows, and writes its truth to a file that the twin never reads."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from twin.errors import FileError
from twin.live.emulator.emulator import Emulator, Slice
from twin.live.emulator.sinks import Sink
from twin.quantities import NANOSECONDS

Progress = Callable[[float, float], None]


class Truth:
    """The file of the truth: JSON lines, the first of what is hidden, then of each moment what quantities are (SI), and what happened."""

    def __init__(self, path: Path, emulator: Emulator) -> None:
        self.path = path
        self._start = emulator.tags.start
        self._file = _new(path)
        emulation = emulator.emulation
        head = {"truth": 1, "scenario": emulator.tags.scenario.name, "seed": emulation.seed, "start": self._start, "hidden": dict(emulation.hidden)}
        faults = [{"signal": f.signal, "kind": f.kind, "from": f.begin, "to": f.end if math.isfinite(f.end) else None} for f in emulation.faults]
        stops = [{"machine": s.machine, "copy": s.copy + 1, "from": s.begin, "to": s.end} for s in emulation.stops]
        later = [{"from": own.begin, "change": dict(own.change), "cause": own.cause} for own in emulation.later]
        self._write({**head, "faults": faults, "stops": stops, "later": later})

    def add(self, part: Slice) -> None:
        """Write a moment."""
        values = {name: None if math.isnan(value) else value for name, value in part.truth.items()}
        for row in part.happened:
            self._write({"time": self._start + row.time / NANOSECONDS, "what": row.what, "unit": row.unit, "mass": row.mass, "copy": row.copy + 1})
        self._write({"time": self._start + part.time, "values": values})

    def _write(self, row: dict[str, object]) -> None:
        try:
            self._file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise FileError(f"{self.path}: the truth cannot be written ({error.strerror})") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _new(path: Path) -> IO[str]:
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError:
        raise FileError(f"{path}: exists already; move it away, or give another name") from None
    except OSError as error:
        raise FileError(f"{path}: the truth cannot be written ({error.strerror})") from None


def emulate(emulator: Emulator, sinks: Sequence[Sink], truth: Truth | None, until: float, speed: float, progress: Progress | None = None) -> int:
    """Run to ``until`` s of the plant, ``speed`` times faster than real time (inf: as fast as it goes); returns how many readings were sent.

    Time that was lost, as by a sink that was slow, is made up.
    """
    began, first, sent = time.monotonic(), emulator.time, 0
    for part in emulator.run(until):
        wait = (part.time - first) / speed - (time.monotonic() - began)
        if wait > 0.0:
            time.sleep(wait)
        for sink in sinks:
            sink.send(part.readings)
        if truth is not None:
            truth.add(part)
        sent += len(part.readings)
        if progress is not None:
            progress(part.time, until)
    return sent
