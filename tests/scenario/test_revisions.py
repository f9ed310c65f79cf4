"""Numbers that change from outside: the quick check finds what the whole one finds, and leaves to it what it cannot see."""

from pathlib import Path

import pytest

import twin
from twin.errors import ScenarioError
from twin.scenario.model import Scenario

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"
RIGHT = [
    {"units.shredder.rate": "11 t/h"},
    {"units.deliveries.composition.steel": "41 %", "units.deliveries.composition.plastics": "25 %", "units.shredder.rate": "9.5 t/h"},
    {"units.screen.aperture": "12 mm", "units.shredder.power.idle": "70 kW"},
]
WRONG = [
    {"units.shredder.rate": "-1 t/h"},
    {"units.shredder.rate": "3 kg"},
    {"units.nobody.rate": "3 t/h"},
    {"units.deliveries.composition.steel": "99 %"},
    {"units.shredder.from": "yard"},
    {"seed": 4},
]


@pytest.fixture(scope="module")
def weee() -> Scenario:
    return twin.load(WEEE)


def whole(scenario: Scenario, changes: dict[str, object]) -> Scenario:
    return scenario.change({"events": [{"at": "0 s", "set": changes}, *scenario.merged.get("events", [])]})  # type: ignore[union-attr]


@pytest.mark.parametrize("changes", RIGHT)
def test_the_quick_check_makes_the_events_of_the_whole_one(weee: Scenario, changes: dict[str, object]) -> None:
    found = weee.revisions.events_after(changes)  # type: ignore[union-attr, arg-type]
    assert found == whole(weee, changes).events and found[0].models


@pytest.mark.parametrize("changes", WRONG)
def test_what_is_wrong_is_left_to_the_whole_check(weee: Scenario, changes: dict[str, object]) -> None:
    assert weee.revisions.events_after(changes) is None  # type: ignore[union-attr, arg-type]
    with pytest.raises(ScenarioError):
        whole(weee, changes)


def test_a_mapping_is_left_to_the_whole_check(weee: Scenario) -> None:
    """It could bring a material that nothing holds yet."""
    composition = {name: str(share) for name, share in weee.merged["units"]["deliveries"]["composition"].items()}  # type: ignore[index, call-overload, union-attr]
    assert weee.revisions.events_after({"units.deliveries.composition": composition}) is None  # type: ignore[union-attr, dict-item]


def test_members_of_an_ensemble_are_revised_without_reading_the_scenario_again(weee: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = twin.Plant(weee, live=True)
    monkeypatch.setattr(Scenario, "change", lambda *_: pytest.fail("the whole scenario was read again"))
    for tenth in range(90, 100):
        plant.revise({"units.shredder.rate": f"{tenth / 10} t/h"})
