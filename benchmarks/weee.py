"""The WEEE line as the benchmarks run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from size import SMALL, size

import twin
from twin.scenario.kinds.feed import Feed

PATH = Path(__file__).parents[1] / "scenarios" / "weee_line.yaml"
EXTENDED = PATH.with_name("weee_line_extended.yaml")
LOT = "100 kg"
STOPS = ("calendar", "needs", "failures", "repair", "wear", "maintenance", "unload")
"""What makes a line, a gate or a pick-up wait for anything but material and room."""


def extended(**changes: Any) -> twin.Scenario:
    """The line with machines in the place of tables, failures, shifts and all, in lots of 100 kg."""
    return with_stops(EXTENDED, **changes)


def with_stops(path: Path = PATH, /, **changes: Any) -> twin.Scenario:
    """The line as it is, failures, shifts and all, in lots of 100 kg."""
    short = {"time.horizon": "1 d", "time.warmup": "0 s"} if SMALL else {}
    return twin.load(path).change({"lot": LOT, "record": "none", **short, **changes})


def without_stops(horizon: str = size("30 d", "1 d")) -> twin.Scenario:
    """The line without failures, calendars and all other stops and without recording, with deliveries drawn beforehand."""
    drawn = twin.load(PATH).change({"time.horizon": horizon, "time.warmup": "0 s"})
    tree: dict[str, Any] = dict(drawn.merged) if isinstance(drawn.merged, dict) else {}
    units = {name: _strip(unit) for name, unit in tree["units"].items()}
    files = dict(drawn.files)
    for name, model in drawn.units.items():
        if isinstance(model, Feed) and model.schedule is None:
            files[f"{name}.csv"] = _schedule(model, drawn.horizon, drawn.seed)
            kept = ("kind", "title", "basis", "source", "size", "when_full", "queue_limit", "price")
            for unit in units.values():  # an initial stock is of the feed's composition where it does not say
                if "initial" in unit and "composition" not in unit["initial"]:
                    unit["initial"].update({key: units[name][key] for key in ("composition", "size")})
            units[name] = {"schedule": f"{name}.csv", **{key: value for key, value in units[name].items() if key in kept}}
    for key in ("calendars", "resources", "events"):
        tree.pop(key, None)
    return twin.load({**tree, "units": units, "lot": LOT, "record": "none"}, files=files)


def _strip(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _strip(value) for key, value in node.items() if key not in STOPS}
    return node


def _schedule(feed: Feed, horizon: float, seed: int) -> str:
    """Deliveries up to the horizon from the feed's distributions, as CSV."""
    assert feed.every is not None and feed.mass is not None and feed.composition is not None
    chance = np.random.Generator(np.random.Philox(seed))
    means = np.array(list(feed.composition.values()))
    rows = [f"time_s,mass_kg,{','.join(feed.composition)}"]
    time = 0.0
    while (time := time + feed.every.inverse(chance.random())) < horizon:
        mass = feed.mass.inverse(chance.random())
        shares = means if feed.variability is None else chance.dirichlet(feed.variability.concentration * means)
        rows.append(f"{time:.3f},{mass:.3f},{','.join(f'{share:.9f}' for share in shares)}")
    return "\n".join(rows) + "\n"
