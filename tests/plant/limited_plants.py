"""Random plants of one to three lines in a row, with branches, some limited by their feed, some by a machine, some by a pick-up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

DAY = "06:00-18:00"


@dataclass(frozen=True)
class Limited:
    """A plant as its YAML tree, and by candidate the change that gives it 5 % more."""

    tree: dict[str, Any]
    more: dict[str, dict[str, Any]]


def limited_plant(number: int) -> Limited:
    """Plant ``number``: always the same."""
    draw = random.Random(1000 + number)
    lines = draw.randint(1, 3)
    feed = draw.uniform(6, 16)
    units: dict[str, Any] = {}
    more: dict[str, dict[str, Any]] = {}
    gap = draw.choice([0.5, 1.0, 2.0])
    units["trucks"] = {
        "kind": "feed", "every": {"exponential": {"mean": f"{gap} h"}}, "mass": f"{feed * gap} t", "composition": {"steel": 0.6, "plastics": 0.4},
        "size": {"rosin_rammler": {"x63": "40 mm", "n": 1.4}}, "queue_limit": draw.choice([0, 2, 6]),
    }  # fmt: skip
    more["trucks"] = {"units.trucks.mass": f"{feed * gap * 1.05} t"}
    units["yard"] = {"kind": "bunker", "from": "trucks", "capacity": f"{draw.uniform(60, 200)} t"}
    source, share = "yard", 1.0
    for k in range(lines):
        rate = share * draw.uniform(7, 15)
        name, part = f"m{k}", draw.uniform(0.2, 0.5)
        units[name] = {"kind": "splitter", "from": source, "rate": f"{rate} t/h", "shares": {"main": 1 - part, "side": part}}
        if draw.random() < 0.5:
            units[name]["failures"] = {"mtbf": "12 h", "mttr": f"{draw.uniform(0.3, 1.5)} h"}
        more[name] = {f"units.{name}.rate": f"{rate * 1.05} t/h"}
        _outlet(units, more, draw, f"{name}.side", f"side{k}", part * share)
        share *= 1 - part
        if k < lines - 1:
            units[f"bay{k}"] = {"kind": "bunker", "from": f"{name}.main", "capacity": f"{draw.uniform(4, 40)} t"}
            source = f"bay{k}"
        else:
            _outlet(units, more, draw, f"{name}.main", "end", share)
    tree = {
        "twin": 1, "name": f"limited_{number}", "time": {"start": "2026-01-05T06:00", "horizon": "30 d", "warmup": "5 d"}, "seed": number + 1, "lot": "2 t",
        "record": {"every": "1 d"}, "catalogue": ["weee"], "size_bounds": "8 63 125 mm", "units": units,
    }  # fmt: skip
    return Limited(tree, more)


def _outlet(units: dict[str, Any], more: dict[str, dict[str, Any]], draw: random.Random, port: str, name: str, share: float) -> None:
    """A product that takes all, or a bunker with pick-ups that may be too few."""
    if draw.random() < 0.5:
        units[name] = {"kind": "product", "from": port}
        return
    load = share * 12 * draw.uniform(7, 20)
    units[f"{name}_bay"] = {"kind": "bunker", "from": port, "capacity": f"{load * draw.uniform(1.2, 3)} t"}
    units[name] = {"kind": "product", "from": f"{name}_bay", "pickup": {"every": "12 h", "mass": f"{load} t"}}
    more[name] = {f"units.{name}.pickup.mass": f"{load * 1.05} t"}
