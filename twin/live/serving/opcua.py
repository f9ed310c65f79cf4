"""Estimates, forecasts and alarms as variables of an OPC UA server of the twin's own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from twin.live.ensemble.forecast import HOUR, Forecast, forecast, standing
from twin.live.opcua_access import Access
from twin.live.opcua_server import PlantServer
from twin.live.readings import Reading
from twin.live.running import LiveTwin

AHEAD = (8 * HOUR, 24 * HOUR)
FORECAST_EVERY = 300.0
"""Forecasts are made, and members looked into, at most once in so many seconds of our clock: a twin that catches up with weeks does not look ahead from every
hour of them.
"""
PARTS = ("mean", "low", "high")
FAN = ("low", "median", "high")
ALARM = ("alarm.signal", "alarm.kind", "alarm.text")
HEALTH = ("alarms", "alarm.time", "health.ok", "health.silent_for", "health.behind")


class _Named(NamedTuple):
    name: str
    value: float


class EstimateServer:
    """Serves ``NAME.mean``, ``.low`` and ``.high`` of each level and slow parameter, and of what is inside (SI); of each level ``NAME.in_8_h.low``,
    ``.median`` and ``.high``, and the same in 24 h; how many ``alarms`` there were, and the last one (``alarm.time``, ``.signal``, ``.kind``, ``.text``);
    ``health.ok`` (1 or 0). Called after each step.
    """

    def __init__(self, twin: LiveTwin, address: str, access: Access | None = None) -> None:
        self.twin = twin
        ensemble = twin.follower.follower.ensemble
        levels, parameters = ensemble.levels(), ensemble.parameters()
        names = [f"{row.quantity}.{part}" for row in (*levels, *parameters) for part in PARTS]
        names += [f"{name}.{part}" for name in ensemble.members.plants[0].inside() for part in PARTS]
        names += [f"{row.quantity}.{_in(lead)}.{part}" for row in levels for lead in AHEAD for part in FAN]
        self._server = PlantServer(address, [(name, name) for name in (*names, *HEALTH)], title="estimates", texts=ALARM, history=False, access=access)
        self._looked = float("-inf")

    def update(self) -> None:
        """Write what is known now."""
        twin, follower = self.twin, self.twin.follower.follower
        ahead: Forecast | None = None
        with twin.lock:
            known = follower.estimates()
            alarms = list(follower.alarms)
            there = standing(follower.ensemble) if time.monotonic() - self._looked >= FORECAST_EVERY else None
            known += follower.ensemble.inside() if there is not None else []
        if there is not None:
            ahead = forecast(there, None, AHEAD)
            self._looked = time.monotonic()
        self._write(_of_estimates((row.quantity, (row.mean, row.low, row.high)) for row in known))
        if ahead is not None:
            self._write(_of_forecast(ahead))
        health = twin.health()
        last = twin.tags.start + alarms[-1].time if alarms else float("nan")
        self._write(map(_Named, HEALTH, (float(len(alarms)), last, float(health["ok"]), health["silent_for"], health["behind"])))
        if alarms:
            self._server.write_texts(dict(zip(ALARM, (alarms[-1].signal, alarms[-1].kind, alarms[-1].whole), strict=True)))

    def _write(self, found: Iterable[_Named]) -> None:
        at = self.twin.follower.follower.time
        self._server.write([Reading(own.name, at, own.value) for own in found])

    def close(self) -> None:
        """Stop serving."""
        self._server.close()


def _in(lead: float) -> str:
    return f"in_{lead / HOUR:g}_h"


def _of_estimates(rows: Iterable[tuple[str, tuple[float, float, float]]]) -> Iterator[_Named]:
    for quantity, values in rows:
        yield from (_Named(f"{quantity}.{part}", value) for part, value in zip(PARTS, values, strict=True))


def _of_forecast(found: Forecast) -> Iterator[_Named]:
    for quantity in found.quantities:
        for lead, values in zip(found.leads, found.fan(quantity), strict=True):
            yield from (_Named(f"{quantity}.{_in(lead)}.{part}", value) for part, value in zip(FAN, values, strict=True))
