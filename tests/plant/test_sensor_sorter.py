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


LVP: dict[str, Any] = {
    **PLANT,
    "catalogue": ["lvp"],
    "size_bounds": "60 90 130 180 220 300 mm",
    "units": {
        **PLANT["units"],
        "trucks": {
            "kind": "feed", "every": "1 h", "mass": "3 t", "size": {"rosin_rammler": {"x63": "150 mm", "n": 3}},
            "composition": {"pet_clear": "20 %", "hdpe": "20 %", "pp": "20 %", "mixed_plastics": "20 %", "ldpe_film": "20 %"},
        },
        "sorter": {"kind": "sensor_sorter", "from": "yard", "eject": ["pet"], "belt_width": "1 m"},
        "target": {"kind": "product", "from": "sorter.eject", "targets": ["pet_clear"]},
    },
}  # fmt: skip
SIZED = np.array([0.0, 0.12, 0.25, 0.3, 0.18, 0.15])


def of_bottles(tonnes_per_hour: float, shares: dict[str, float], **sorter: Any) -> tuple[float, float, float]:
    """Yield and purity of clear bottles, and the occupation of a belt of 1 m."""
    plant = load({**LVP, "units": {**LVP["units"], "sorter": {**LVP["units"]["sorter"], **sorter}}})
    at = np.outer([shares.get(name, 0.0) for name in plant.materials.names], SIZED) * tonnes_per_hour / 3.6
    ejected = (closed_partition(plant, "sorter", at)[0] * at).sum(axis=1)
    target = plant.materials.names.index("pet_clear")
    return ejected[target] / at[target].sum(), ejected[target] / ejected.sum(), float((at * plant.properties["piece_cover"]).sum() / 3.0)


HOLLOW = {"pet_clear": 0.3, "hdpe": 0.3, "pp": 0.4}


@pytest.mark.parametrize("unevenness", [0, 0.3])
def test_film_costs_as_much_yield_as_a_fifth_of_the_valves_at_high_throughput(unevenness: float) -> None:
    """Küppers et al. 2020 (Waste Management & Research 38, 122-129, abstract): some 5 wt% of light 2D pieces and 20 % failing valves, within a factor of 1.5."""
    with_film = {**{name: 0.95 * share for name, share in HOLLOW.items()}, "ldpe_film": 0.05}
    good, _, _ = of_bottles(6.0, HOLLOW, unevenness=unevenness)
    film = 1.0 - of_bottles(6.0, with_film, unevenness=unevenness)[0] / good
    valves = 1.0 - of_bottles(6.0, HOLLOW, unevenness=unevenness, blocked_valves="20 %")[0] / good
    assert 1 / 1.5 < film / valves < 1.5
    assert 0.15 < film < 0.30
    slow, _, _ = of_bottles(0.5, HOLLOW, unevenness=unevenness)
    assert 1.0 - of_bottles(0.5, with_film, unevenness=unevenness)[0] / slow < 0.04


def test_f1_falls_with_occupation_and_rises_with_the_target_in_the_feed() -> None:
    """Kroell et al. 2024 (Resources, Conservation and Recycling, abstract): -.22 points for a point of occupation and +.19 for a weight per cent of target."""

    def f1(target: float, rate: float) -> tuple[float, float]:
        rest = {"hdpe": 0.4, "pp": 0.35, "mixed_plastics": 0.15, "ldpe_film": 0.1}
        found, pure, occupied = of_bottles(rate, {"pet_clear": target, **{name: share * (1 - target) for name, share in rest.items()}})
        return 2 * found * pure / (found + pure), occupied

    (light, thin), (heavy, full) = f1(0.3, 0.5), f1(0.3, 1.5)
    assert -0.44 < (heavy - light) / (full - thin) < -0.11
    poor, occupied = f1(0.05, 1.0)
    richer, _ = f1(0.25, occupied / f1(0.25, 1.0)[1])
    assert 0.03 < (richer - poor) / 0.2 < 0.8


def test_a_sorter_at_its_rated_capacity_is_some_nine_tenths_effective_and_pure() -> None:
    """Ecoembes handbook (p. 117, 124): a belt of 1.0 to 1.2 m takes 2 to 3.5 t/h, and one sensor stage is 90 % effective and pure."""
    found, pure, _ = of_bottles(2.5, HOLLOW)
    assert found == pytest.approx(0.9, abs=0.08)
    assert pure == pytest.approx(0.9, abs=0.08)


THREE_WAYS = {
    "target": {"kind": "product", "from": "sorter.eject", "targets": ["pvc"]},
    "second": {"kind": "product", "from": "sorter.eject_2", "targets": ["abs"]},
}


def three_fractions(**sorter: Any) -> twin.Scenario:
    units = {**PLANT["units"], **THREE_WAYS, "sorter": {**PLANT["units"]["sorter"], "eject": ["pvc"], **sorter}}
    return load({**PLANT, "units": units})


def test_two_blocks_of_valves_make_three_fractions() -> None:
    result = twin.run(three_fractions(eject_2=["abs"]))
    assert result.attrs["worst_residual"] < 1e-9
    kpis = result.kpis
    assert min(kpis["recovery.target.pvc"].value, kpis["recovery.second.abs"].value) > 0.5
    assert kpis["yield.target"].value + kpis["yield.second"].value < 0.5
    shares = closed_partition(three_fractions(response_2={"glass": "90 %", "default": "1 %"}), "sorter", np.ones((5, 5)) / 25.0)
    assert shares[1, 4].mean() > 5 * shares[1, :4].mean()
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-12)


MATRIX = {"copper": {"metal": "90 %", "plastic": "10 %"}, "aluminium": {"metal": 0.8, "plastic": 0.2}, "default": {"metal": "5 %", "plastic": "95 %"}}


def test_a_camera_sorts_by_its_confusion_matrix() -> None:
    inline = changed(sensor="camera", eject=["metal"], confusion_matrix=MATRIX)
    response = changed(response={"copper": "90 %", "aluminium": "80 %", "default": "5 %"}, moisture_loss=0)
    at = np.ones((5, 5)) / 25.0
    assert np.array_equal(closed_partition(inline, "sorter", at), closed_partition(response, "sorter", at))
    csv = "material,metal,plastic\ncopper,0.9,0.1\naluminium,0.8,0.2\ndefault,0.05,0.95\n"
    read = changed(sensor="camera", eject=["metal"], confusion_matrix={"csv": "camera.csv"}, files={"camera.csv": csv})
    assert np.array_equal(closed_partition(inline, "sorter", at), closed_partition(read, "sorter", at))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sensor": "camera", "eject": ["metal"]}, "'confusion_matrix' is needed with 'sensor: camera'"),
        ({"sensor": "camera", "eject": ["metl"], "confusion_matrix": MATRIX}, "nothing is taken for the class 'metl'; did you mean 'metal'"),
        ({"sensor": "camera", "confusion_matrix": MATRIX}, "'eject' is needed"),
        ({"sensor": "xrt", "threshold": 10, "confusion_matrix": MATRIX}, "'sensor: xrt' has no 'confusion_matrix'"),
        ({"sensor": "camera", "eject": ["a"], "confusion_matrix": {"default": {"a": "90 %"}}}, r"must sum to 1 \(got 0.9\)"),
        ({"sensor": "camera", "eject": ["a"], "confusion_matrix": {"copper": {"a": 1}}}, "no row of 'aluminium'"),
        ({"sensor": "camera", "eject": ["a"], "confusion_matrix": {"kopper": {"a": 1}, "default": {"a": 1}}}, "did you mean 'copper'"),
        ({"sensor": "camera", "eject": ["a"], "confusion_matrix": {"default": "90 %"}}, "a mapping of classes to shares is needed"),
        ({"sensor": "camera", "eject": ["a"], "confusion_matrix": {"csv": "none.csv"}}, "no such file"),
        ({"sensor": "xrt", "threshold": 10, "eject_2": ["pvc"]}, "'sensor: xrt' has no 'eject_2'"),
        ({"eject": ["pvc"], "eject_2": ["pvc"]}, "'pvc' is blown out by the first block already"),
        ({"eject": ["pvc"], "eject_2": ["abs"], "response_2": {"default": 0}}, "give 'eject_2' or 'response_2', not both"),
        ({"eject": ["pvc"], "unevenness": 2}, "at most"),
    ],
)
def test_matrices_and_blocks_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        changed(**settings)


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("copper,a\n1,1\n", "a column 'material' and one for each class"),
        ("material,a,b\ncopper,0.5,0.4\ndefault,1,0\n", r"camera.csv:2 'copper': what its pieces are taken for must sum to 1 \(got 0.9\)"),
        ("material,a\ncopper,1\ncopper,1\n", "camera.csv:3 'copper' is there twice"),
        ("material,a\ncopper,x\n", "camera.csv:2 column 'a'"),
    ],
)
def test_a_matrix_of_a_file_says_where_it_is_wrong(csv: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        changed(sensor="camera", eject=["a"], confusion_matrix={"csv": "camera.csv"}, files={"camera.csv": csv})


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
