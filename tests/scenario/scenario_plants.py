"""A small scenario that is right, to make wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from twin.errors import ScenarioError
from twin.scenario import load

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "small",
    "time": {"start": "2026-01-05T06:00", "horizon": "30 d", "warmup": "2 d"},
    "lot": "200 kg",
    "materials": {"target": {"groups": ["metals"]}, "other": {}},
    "resources": {"fitter": 1},
    "calendars": {"day": {"weekdays": ["06:00-22:00"]}},
    "units": {
        "deliveries": {
            "kind": "feed",
            "every": {"exponential": {"mean": "45 min"}},
            "mass": "12 t",
            "composition": {"target": "30 %", "other": "70 %"},
        },
        "yard": {"kind": "bunker", "from": "deliveries", "capacity": "600 t"},
        "sorter": {
            "kind": "separator",
            "from": "yard",
            "ports": ["accept", "reject"],
            "rate": "20 t/h",
            "partition": {"accept": {"target": "90 %", "default": "5 %"}},
            "calendar": "day",
            "failures": {"mtbf": "40 h", "mttr": {"lognormal": {"mean": "1.5 h", "sd": "1.2 h"}}},
            "repair": {"needs": "fitter"},
        },
        "good": {"kind": "product", "from": "sorter.accept", "price": "100 EUR/t"},
        "bad": {"kind": "product", "from": "sorter.reject"},
    },
}


def plant(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A small scenario that is right, with some paths set: ``plant({"units.yard.capacity": "1 t"})``; None takes a key away."""
    scenario = copy.deepcopy(PLANT)
    for path, value in (changes or {}).items():
        *above, last = path.split(".")
        node = scenario
        for part in above:
            node = node.setdefault(part, {})
        if value is None:
            node.pop(last, None)
        else:
            node[last] = copy.deepcopy(value)
    return scenario


def problems(source: Any, **options: Any) -> dict[str, str]:
    """What is wrong with a scenario, by path."""
    with pytest.raises(ScenarioError) as error:
        load(source, **options)
    found: dict[str, str] = {}
    for problem in error.value.problems:
        found[problem.path] = f"{found[problem.path]}\n{problem.message}" if problem.path in found else problem.message
    return found
