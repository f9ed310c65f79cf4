"""What logged inputs alone would have told: an ensemble that gets the trucks and stops of a history and no reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from twin.live.ensemble.forecast import forecast
from twin.live.follower import Follower
from twin.live.history import HistoryReader
from twin.live.score.said import Said, SaidForecast
from twin.live.tags import Tags

Progress = Callable[[float, float], None]


def alone(tags: Tags, said: Said, history: Path, progress: Progress | None = None) -> Said:
    """Return what such an ensemble says at the times at which the twin said something, and forecasts where it made some."""
    with HistoryReader(history) as reader:
        inputs = {tag.signal for tag in tags.inputs}
        readings = sorted((row.reading for row in reader.between(0.0, said.times[-1] + 1.0) if row.reading.signal in inputs), key=lambda own: own.time)
    follower = Follower(replace(tags, tags=tags.inputs, _by_signal={}), watched=False)
    asked = {found.time: found for found in said.forecasts}
    own = Said(said.start, said.window, said.capacities, (), said.tags)
    taken = 0
    for time in said.times:
        first = taken
        while taken < len(readings) and readings[taken].time <= time:
            taken += 1
        follower.take(readings[first:taken], time + 1e-3)
        own.times.append(time)
        for row in follower.ensemble.levels():
            own.levels.setdefault(row.quantity, []).append([row.mean, row.low, row.high])
        if time in asked:
            own.forecasts.append(_ahead(follower, asked[time], round((time - said.start) / said.window)))
        if progress is not None:
            progress(time - said.start, said.times[-1] - said.start)
    return own


def _ahead(follower: Follower, asked: SaidForecast, number: int) -> SaidForecast:
    found = forecast(follower.ensemble, asked.quantities, asked.leads, number=number % 65536)
    return SaidForecast(asked.time, asked.leads, asked.quantities, found.values.transpose(2, 1, 0))


def measured_course(tags: Tags, said: Said, history: Path) -> dict[str, Sequence[float]]:
    """Return the last good reading of each level in each window (SI, by quantity), nan where there is none: what came, where nobody knows the truth."""
    signals = {tag.signal: tag for tag in tags.shown if tag.quantity.startswith("level.")}
    steps = round((said.times[-1] - said.start) / said.window) + 1
    found = {tag.quantity: [float("nan")] * steps for tag in signals.values()}
    with HistoryReader(history) as reader:
        for row in reader.between(said.start, said.times[-1] + 1.0):
            tag, reading = signals.get(row.reading.signal), row.reading
            if tag is not None and reading.good:
                place = -int(-(reading.time - tag.measurement.delay - said.start) // said.window)  # the window that ends at or after it
                if 0 <= place < steps:
                    found[tag.quantity][place] = tag.to_si(reading.value) - tag.measurement.bias
    return dict(found)
