"""The JSON Schema accepts what the loader accepts and refuses the slips that an editor can see."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from scenario_plants import plant
from test_loading import DESIGN

from twin.scenario import load
from twin.scenario.kind import find, names
from twin.scenario.schema import json_schema, schema_text


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "annotated": {"units.sorter.rate": {"value": "20 t/h", "basis": "measured", "source": "belt"}, "units.sorter.power": {"value": {"idle": "1 kW"}}},
    "distributions": {"units.sorter.rate": {"normal": {"mean": "20 t/h", "sd": "1 t/h", "min": "5 t/h"}}},
    "uniform": {"units.deliveries.every": {"uniform": ["1 h", "2 h"]}},
    "tables": {"units.deliveries.mass": {"discrete": {"values": ["1 t", "2 t"], "weights": [1, 2]}}, "units.deliveries.every": {"constant": "1 h"}},
    "none": {"record": "none", "budget": {"wall": "none"}},
    "lists": {"units.sorter.maintenance": {"every": "9 d", "duration": "1 h"}, "resources": {"fitter": {"count": 2, "calendar": "day"}}},
    "plans": {"units.sorter.maintenance": [{"every": "9 d", "duration": "1 h"}], "units.sorter.repair": {"needs": ["fitter"]}},
    "blend": {"units.sorter.from": {"yard": 1}},
    "sizes": {"size_bounds": ["1 mm", "1 m"], "units.deliveries.size": {"default": {"ggs": {"k": "9 mm", "a": 0.7}}}},
    "events": {"events": {"at": "1 d", "set": {"units.sorter.rate": "1 t/h"}}},
    "closed": {"calendars.day.closed": [{"from": "2026-08-03", "to": "2026-08-14"}], "calendars.day.holidays": ["2026-12-25"]},
    "product": {"units.good.spec": {"target": ">= 5 %"}, "units.good.price": {"target": {"value": "1 EUR/kg", "payable": 0.9}}},
    "pickup": {"units.good.pickup": {"every": "1 d", "mass": "5 t", "minimum": "1 t"}},
    "carriers": {"carriers": {"electricity": {"price": "0.18 EUR/kWh", "co2": "363 g/kWh"}}},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_loads_is_valid(name: str, validator: jsonschema.Draft202012Validator) -> None:
    scenario = load(plant(VARIANTS[name]))
    assert [error.message for error in validator.iter_errors(scenario.merged)] == []


def test_the_example_of_the_language_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(load(DESIGN).merged)] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"tiem": {}},
        {"twin": None},
        {"units.sorter.rate": 20},
        {"units.sorter.rat": "20 t/h"},
        {"units.yard.capacity": None},
        {"units.yard.kind": "bunkr"},
        {"units.sorter.blocking": "later"},
        {"units.sorter.rate": {"norml": {}}},
        {"units.sorter.rate": {"value": "20 t/h", "basis": "guess"}},
        {"units.Yard": {"kind": "bunker"}},
        {"change": {"seed": 5}},
    ],
)
def test_slips_are_refused(changes: dict[str, Any], validator: jsonschema.Draft202012Validator) -> None:
    assert list(validator.iter_errors(plant(changes)))


def test_an_extending_scenario_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    assert validator.is_valid({"extends": "base.yaml", "name": "x", "change": {"units.screen.aperture": "10 mm"}, "remove": ["units.a"]})
    assert not validator.is_valid({"extends": "base.yaml", "seed": 5})


def test_every_kind_is_there_with_a_description_of_each_parameter() -> None:
    schema = json_schema()
    for name in names():
        properties = schema["$defs"][name]["properties"]
        assert list(properties) == list(find(name).model.keys())
        for key, about in properties.items():
            assert about.get("description") or "$ref" in about, (name, key)


def test_the_text_is_the_same_each_time() -> None:
    assert schema_text() == schema_text()
    assert "default" in json_schema()["$defs"]["feed"]["properties"]["when_full"]
