"""How flows and states went over the time of a run, as curves that a page zooms into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.page.opening import opened
from twin.quantities import DAY, shown
from twin.report.language import Language
from twin.report.over_time import joined
from twin.report.page import stated_units
from twin.report.source import Source, gather

MOST_POINTS = 2000
"""Of a curve: of more record steps, neighbours are joined to their mean."""
MOST_FLOWS = 24
FLOWS = "flows"

Floats = NDArray[np.float64]


def choices(source: Source) -> dict[str, Any]:
    """What can be shown over time besides levels: flows, where they were recorded, and the units whose states were."""
    steps = len(source.first.array("time_bounds"))
    recorded = steps and np.isfinite(_mass_flows(source)).any()
    return {"flows": bool(recorded), "states": list(stated_units(source)) if steps else []}


def over_time(path: Path, what: str, words: Language) -> dict[str, Any]:
    """Return curves over days: ``what`` is ``flows`` (t/h, the largest streams first) or a unit, of which the share of each state (%) is told.

    Raises ``UsageError`` where it was not recorded.
    """
    with opened([path]) as results:
        source = gather(results, [path.name])
        known = choices(source)
        if (what == FLOWS and not known["flows"]) or (what != FLOWS and what not in known["states"]):
            raise UsageError(f"{shown(what)} was not recorded over time; there are {', '.join([FLOWS, *known['states']])[:300]}")
        bounds = np.asarray(source.first.array("time_bounds"), dtype=np.float64).reshape(-1, 2)
        curves, values = _flows(source) if what == FLOWS else _states(source, what, words)
        means, ends = joined(values, bounds[:, 1] - bounds[:, 0], MOST_POINTS)
    return {
        "days": [round(end / DAY, 5) for end in (bounds[0, 0] + ends).tolist()],
        "unit": "t/h" if what == FLOWS else "%",
        "curves": [{"name": name, "values": [_cell(value) for value in means[:, k].tolist()]} for k, name in enumerate(curves)],
    }


def _flows(source: Source) -> tuple[Sequence[str], Floats]:
    """Names and flows (time, stream), t/h, the largest first."""
    flows = _mass_flows(source) * 3.6
    size = np.nan_to_num(flows).mean(axis=0)
    order = [k for k in np.argsort(-size, kind="stable").tolist() if size[k] > 0.0][:MOST_FLOWS]
    names = source.labels("stream")
    return [names[k] for k in order], flows[:, order]


def _mass_flows(source: Source) -> Floats:
    """Flows (time, stream), kg/s: of materials, and of elements where only melts flow."""
    materials, elements = (np.asarray(source.first.array(f"streams/{of}_flow"), dtype=np.float64) for of in ("mass", "element"))
    melts = np.where(np.isnan(elements).all(axis=2), np.nan, np.nansum(elements, axis=2))
    solids = materials.sum(axis=2)
    return np.where(np.isnan(solids), melts, solids)


def _states(source: Source, unit: str, words: Language) -> tuple[Sequence[str], Floats]:
    """Names and shares (time, state), %, of the states that occur."""
    shares = np.asarray(source.first.array("units/state_share"), dtype=np.float64)[:, source.labels("unit").index(unit), :] * 100.0
    names = source.labels("state")
    seen = [k for k in range(len(names)) if np.nan_to_num(shares[:, k]).max(initial=0.0) > 0.0]
    return [words.say(names[k]) for k in seen], shares[:, seen]


def _cell(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
