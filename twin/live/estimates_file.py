"""What the twin said, as a file beside its history: JSON lines of estimates, forecasts and alarms. ``twin score`` holds it against what came."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.errors import FileError
from twin.live.alarm import Alarm
from twin.live.ensemble.estimate import Estimate
from twin.live.ensemble.forecast import Forecast

DIGITS = 7
"""Significant digits of a number in the file: a tenth of a kilogram of a thousand tonnes."""


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def window_row(time: float, levels: list[Estimate], parameters: list[Estimate]) -> dict[str, Any]:
    """Of one window that was closed at ``time`` s of the plant's clock: [mean, low, high] by quantity, SI."""
    named = [{row.quantity: [_short(row.mean), _short(row.low), _short(row.high)] for row in rows} for rows in (levels, parameters)]
    return {"time": time, "levels": named[0], "parameters": named[1]}


def forecast_row(time: float, found: Forecast) -> dict[str, Any]:
    """Of a forecast at ``time`` s: values [quantity][lead][member], SI."""
    values = [[[_short(value) for value in row] for row in of] for of in found.values.transpose(2, 1, 0).tolist()]
    return {"time": time, "forecast": {"leads": list(found.leads), "quantities": list(found.quantities), "values": values}}


def alarm_row(time: float, alarm: Alarm, *, joins: bool = False) -> dict[str, Any]:
    """Of an alarm that was raised at ``time`` s; ``joins``: an event that was told before."""
    return {"time": time, "joins" if joins else "alarm": alarm._asdict() | {"time": time}}


class EstimatesFile:
    """The file at work. ``head``: what it is of; a file of the same head is gone on with after ``upto`` (s, the plant's clock), later rows are dropped.

    Rows are held until :meth:`flush` has brought them to disk. Raises :class:`~twin.errors.FileError` where the file cannot be used, or is of another plant.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], upto: float) -> None:
        self.path = path
        self._waiting: list[str] = []
        self._head = {"estimates": 1, **head}
        try:
            self._begin(upto)
        except OSError as error:
            raise FileError(f"{path}: what the twin says cannot be kept ({error.strerror})") from None

    def _begin(self, upto: float) -> None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._waiting.append(json.dumps(self._head))
            return
        with self.path.open("rb") as file:
            if _row(file.readline()) != self._head:
                raise FileError(f"{self.path}: holds what another twin said, or is damaged; move it away")
            end = file.tell()
            while line := file.readline():
                row = _row(line)
                if row is None or not row.get("time", 0.0) <= upto + 1e-3:
                    break
                end = file.tell()
        os.truncate(self.path, end)

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row."""
        self._waiting.append(json.dumps(row))

    def flush(self) -> None:
        """Bring what waits to disk. Raises ``FileError``; what waits is kept then, and nothing of it stands in the file twice."""
        if not self._waiting:
            return
        try:
            with self.path.open("ab") as file:
                size = file.seek(0, os.SEEK_END)
                try:
                    file.write(("\n".join(self._waiting) + "\n").encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.truncate(self.path, size)
                    raise
        except OSError as error:
            raise FileError(f"{self.path}: what the twin says cannot be written ({error.strerror}); it is held until it can") from None
        self._waiting.clear()


def _row(line: bytes) -> dict[str, Any] | None:
    """The object of a line; None for half a line, or for what is none."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
