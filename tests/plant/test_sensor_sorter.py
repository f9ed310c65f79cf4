"""A sensor sorter in a plant: each sensor, a measured response, what wears and changes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import ScenarioError, UsageError
from twin.scenario import load
from twin.study.particles import closed_partition, particle_partition

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "sensors",
    "time": {"start": "2026-01-05", "horizon": "1 d", "warmup": "1 h"},
    "lot": "100 kg",
    "catalogue": ["weee"],
    "size_bounds": "8 16 31.5 63 125 mm",
    "units": {
        "trucks": {
            "kind": "feed", "every": "1 h", "mass": "3 t", "size": {"rosin_rammler": {"x63": "45 mm", "n": 2}},
            "composition": {"copper": "15 %", "aluminium": "25 %", "pvc": "15 %", "abs": "30 %", "glass": "15 %"},
        },
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "300 t", "initial": {"mass": "40 t"}},
        "sorter": {"kind": "sensor_sorter", "from": "yard", "rate": "3 t/h", "eject": ["abs"]},
        "target": {"kind": "product", "from": "sorter.eject", "targets": ["copper"]},
        "others": {"kind": "product", "from": "sorter.pass"},
    },
}  # fmt: skip


def changed(drop: tuple[str, ...] = ("eject",), files: dict[str, str] | None = None, **sorter: Any) -> twin.Scenario:
    unit = {key: value for key, value in PLANT["units"]["sorter"].items() if key not in drop}
    return load({**PLANT, "units": {**PLANT["units"], "sorter": {**unit, **sorter}}}, files=files)


def ejected(scenario: twin.Scenario) -> dict[str, float]:
    """Share of each material that is ejected at 1 kg/s."""
    at = np.ones((5, 5)) / 25.0
    shares = closed_partition(scenario, "sorter", at)[0].mean(axis=1)
    return dict(zip(scenario.materials.names, shares.tolist(), strict=True))


def test_a_plant_with_it_closes_and_sorts() -> None:
    result = twin.run(changed(drop=()))
    assert result.attrs["worst_residual"] < 1e-9
    assert result.kpis["yield.target"].value == pytest.approx(0.28, abs=0.05)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"sensor": "nir", "eject": ["pvc", "abs"]}, {"pvc", "abs"}),
        ({"sensor": "nir", "eject": ["plastics_all"]}, {"pvc", "abs"}),
        ({"sensor": "xrt", "threshold": 15}, {"copper", "pvc"}),
        ({"sensor": "xrt", "threshold": 10, "ejects": "below"}, {"abs"}),
        ({"sensor": "xrf", "threshold": 0.1, "elements": ["Cu", "Al"]}, {"copper", "aluminium"}),
        ({"sensor": "xrf", "threshold": "20 %", "elements": "Cl"}, {"pvc"}),
        ({"sensor": "induction"}, {"copper", "aluminium"}),
        ({"response": {"glass": "90 %", "default": "1 %"}}, {"glass"}),
        ({"response": {"metals": {"20 mm": "80 %", "40 mm": "95 %"}, "default": "1 %"}}, {"copper", "aluminium"}),
    ],
)
def test_each_sensor_ejects_its_targets(settings: dict[str, Any], wanted: set[str]) -> None:
    shares = ejected(changed(**settings))
    clear = 1.4 if settings.get("sensor") == "xrt" else 2.5  # thin walls hardly weaken X-rays, which tell PVC of 1 mm from aluminium badly
    assert min(share for name, share in shares.items() if name in wanted) > clear * max(share for name, share in shares.items() if name not in wanted)


def test_a_measured_response_can_come_from_a_file() -> None:
    csv = {"response.csv": "size_mm,copper,default\n10,0.4,0.02\n100,0.9,0.02\n"}
    shares = ejected(changed(response={"csv": "response.csv"}, files=csv))
    assert shares["copper"] > 5 * shares["glass"]
    with pytest.raises(ScenarioError, match="a column 'size_mm' and one for each material"):
        changed(response={"csv": "response.csv"}, files={"response.csv": "copper\n0.4\n"})


def test_valves_wear_and_an_event_changes_what_is_ejected() -> None:
    wear = {"parameter": "blocked_valves", "per": "20 t", "change": "+100 %"}
    plain, worn = (twin.run(changed(drop=(), blocked_valves="5 %", **extra)).kpis["yield.target"].value for extra in ({}, {"wear": wear}))
    assert worn < 0.95 * plain
    events = [{"at": "12 h", "set": {"units.sorter.eject": ["pvc"]}}]
    other = twin.run(load({**PLANT, "events": events})).kpis["yield.target"].value
    assert other < 0.9 * twin.run(load(PLANT)).kpis["yield.target"].value


@pytest.mark.parametrize(
    ("drop", "settings", "message"),
    [
        (("eject",), {}, "'eject' is needed with 'sensor: nir', or a measured 'response'"),
        ((), {"sensor": "xrt"}, "'threshold' is needed with 'sensor: xrt'"),
        ((), {"sensor": "xrt", "threshold": 12}, "'sensor: xrt' has no 'eject'; 'threshold' belong"),
        (("eject",), {"sensor": "xrf", "threshold": "5 %"}, "'elements' is needed"),
        (("eject",), {"sensor": "xrf", "threshold": 5, "elements": ["Cu"]}, "the content of elements is at most 1"),
        (("eject",), {"sensor": "xrf", "threshold": 0.1, "elements": ["Kr"]}, "an element or a list of elements is needed"),
        ((), {"eject": ["pvk"]}, "did you mean 'pvc'"),
        ((), {"eject": ["dark"]}, "no sensor sees the class 'dark'"),
        ((), {"response": {"copper": "90 %"}}, "name it or give a 'default'"),
        ((), {"response": {"kopper": "90 %", "default": 0}}, "did you mean 'copper'"),
        ((), {"response": {"copper": "190 %", "default": 0}}, "at most"),
        ((), {"response": {"copper": [0.1, 0.2], "default": 0}}, "5 shares are needed"),
        ((), {"blocked_valves": "120 %"}, "at most"),
    ],
)
def test_what_cannot_be_is_refused(drop: tuple[str, ...], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        changed(drop, **settings)


def test_particle_mode_of_a_unit_of_a_plant() -> None:
    plant = changed(drop=())
    at = np.ones((5, 5)) / 100.0
    at[:, :2] = 0.0
    sampled, closed = particle_partition(plant, "sorter", at, pieces=60_000), closed_partition(plant, "sorter", at)
    there = sampled.pieces > 2000
    assert np.abs(sampled.share[0] - closed[0])[there].max() < 0.02
    with pytest.raises(UsageError, match="no unit 'yard' with a particle mode"):
        particle_partition(plant, "yard", at)
    with pytest.raises(UsageError, match=r"the shape \(material, size\) \(5, 5\) \(got \(2, 2\)\)"):
        particle_partition(plant, "sorter", np.ones((2, 2)))
    with pytest.raises(UsageError, match="no machine 'trucks'"):
        closed_partition(plant, "trucks", at)
