"""Parameters far from any machine end with one line that names them, not with a traceback or a run that never ends."""

from __future__ import annotations

from typing import Any

import pytest

import twin
from twin.errors import KernelError, ScenarioError


def plant(machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "twin": 1,
        "time": {"horizon": "2 h"},
        "lot": "200 kg",
        "catalogue": ["lvp"],
        "size_bounds": "10 50 100 200 mm",
        "units": {
            "trucks": {
                "kind": "feed",
                "every": "1 h",
                "mass": "2 t",
                "composition": {"pp": "50 %", "glass": "50 %"},
                "size": ["10 %", "30 %", "40 %", "20 %"],
            },
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "90 t"},
            "m": {"from": "yard", "rate": "1 t/h", **machine},
            **{f"p{k}": {"kind": "product", "from": port} for k, port in enumerate(PORTS[machine["kind"]])},
        },
    }


PORTS = {
    "granulator": ["m.out"],
    "ballistic_separator": ["m.flat", "m.rolling", "m.fines"],
    "manual_picking": ["m.picked", "m.rest"],
}


@pytest.mark.parametrize(("kind", "key"), [("granulator", "selectivity")])
def test_what_cannot_be_computed_is_said_with_the_parameters(kind: str, key: str) -> None:
    scenario = twin.load(plant({"kind": kind, key: 1e9}))
    with pytest.raises(KernelError, match=rf"m: its coefficients .* {key} = 1e\+09"):
        twin.run(scenario)


def test_a_thousand_pickers_are_the_most() -> None:
    with pytest.raises(ScenarioError, match="1000"):
        twin.load(plant({"kind": "manual_picking", "targets": ["pp"], "pickers": 1e9}))
