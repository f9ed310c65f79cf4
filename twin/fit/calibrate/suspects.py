"""Which instrument may be to blame where a model does not fit: each that lies far from the others is left out, and it is seen whether the rest fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.fit.calibrate.adequacy import LEVEL, Adequacy, Offset, Readings, adequacy
from twin.fit.calibrate.emulator import Emulator
from twin.fit.calibrate.scales import Scale
from twin.fit.calibrate.study_file import Calibration
from twin.fit.calibrate.targets import Target

TRIED = 3
"""So many instruments are left out one after the other."""
AS_LIKELY = 2.0 * math.log(10.0)
"""Twice the logarithm of a likelihood: an instrument that explains the readings a tenth as well as another may be the one that is wrong."""


@dataclass(frozen=True)
class Suspect:
    """An instrument whose readings together, or the one ``reading`` of them, lie ``away``, in standard deviations; ``wrong``: by how much all do, in words.

    ``p`` and whether the others fit are without it; ``equals``: what else explains the readings a tenth as well or better.
    """

    name: str
    away: float
    wrong: str
    reading: str
    p: float
    fits: bool
    equals: tuple[str, ...] = ()

    @property
    def tells(self) -> str:
        """What is wrong with it, in words."""
        who = f"its reading {self.reading} lies" if self.reading else "its readings together lie"
        return f"{who} {abs(self.away):.1f} standard deviations from what the others say" + (f", about {self.wrong}" if self.wrong else "")


def suspects_of(own: Calibration, scales: Sequence[Scale], emulator: Emulator, readings: Readings, judged: Adequacy) -> tuple[Suspect, ...]:
    """Return who may be to blame, likeliest first: by how far an instrument lies where that is what does not fit, else by how well the rest fits."""
    together, found = judged.offset_p <= LEVEL, []
    worst = {one.instrument: _worst(own, judged, one) for one in judged.offsets}
    for one in sorted(judged.offsets, key=lambda one: -abs(worst[one.instrument][0]))[:TRIED]:
        without = readings.without(one.instrument)
        if len(without.used) < 2:
            continue
        away, reading = worst[one.instrument]
        wrong = "" if reading else _wrong(own.targets, scales, one, readings)
        rest = adequacy(emulator, without, own.seed)
        equals = _equals(one, judged.offsets) if together and not reading else ()
        found.append(Suspect(one.instrument, away, wrong, reading, rest.p, rest.fits, equals))
    return tuple(sorted(found, key=lambda suspect: (not suspect.fits, -abs(suspect.away) if together else -suspect.p)))


def _equals(one: Offset, offsets: Sequence[Offset]) -> tuple[str, ...]:
    """Which other instruments explain the readings a tenth as well or better by an offset of theirs."""
    return tuple(other.instrument for other in offsets if other is not one and one.away**2 - other.away**2 < AS_LIKELY)


def _worst(own: Calibration, judged: Adequacy, one: Offset) -> tuple[float, str]:
    """How far an instrument lies: all its readings together, or the one, by name, that is wrong by itself."""
    places = [k for k in own.used if own.targets[k].instrument == one.instrument]
    lone = max(places, key=lambda k: abs(float(judged.away[k])))
    away = float(judged.away[lone])
    return (away, own.targets[lone].name) if len(places) > 1 and abs(away) > abs(one.away) else (one.away, "")


def _wrong(targets: Sequence[Target], scales: Sequence[Scale], one: Offset, readings: Readings) -> str:
    """By how much an instrument reads wrong, in the middle of its readings: of shares in points, of other readings as a share of what would be right."""
    side = "high" if one.away > 0.0 else "low"
    places = [k for k in readings.used if targets[k].instrument == one.instrument]
    read = np.array([targets[k].value for k in places])
    moved = [float(scales[k].of(np.array([targets[k].value]))[0]) - one.size * math.sqrt(readings.error[k, k]) for k in places]
    right = np.array([float(scales[k].back(np.array([at]))[0]) for k, at in zip(places, moved, strict=True)])
    shares = [targets[k].is_share for k in places]
    if all(shares):
        return f"{_digits(100.0 * float(np.median(np.abs(read - right))))} points too {side}"
    if any(shares) or (right <= 0.0).any():
        return f"{_digits(abs(one.size))} of their errors too {side}"
    return f"{_digits(100.0 * float(np.median(np.abs(read / right - 1.0))))} % too {side}"


def _digits(number: float) -> str:
    """Two digits, and no exponent where it is large."""
    return f"{number:.0f}" if 9.95 <= number < 1e6 else f"{number:.2g}"
