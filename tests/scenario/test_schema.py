"""The JSON Schema accepts what the loader accepts and refuses the slips that an editor can see."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from scenario_plants import plant
from test_loading import DESIGN

from twin.errors import ScenarioError
from twin.scenario import load
from twin.scenario.kind import find, names
from twin.scenario.schema import json_schema, schema_text
from twin.scenario.yaml_source import parse_yaml

ROOT = Path(__file__).parents[2]
WRITTEN = [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "tests" / "scenarios" / "everything.yaml"]


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
    "annotated calendar": {"calendars.day": {"value": {"weekdays": ["06:00-22:00"]}, "basis": "assumed", "source": "choice"}},
    "annotated resource": {"resources": {"fitter": {"value": 2, "source": "choice"}, "loader": {"count": {"value": 1, "source": "choice"}}}},
    "annotated mean": {"units.deliveries.every": {"exponential": {"mean": {"value": "1 h", "basis": "assumed", "low": "30 min", "high": "2 h"}}}},
    "annotated form": {"units.deliveries.every": {"uniform": {"value": [{"value": "1 h", "source": "log"}, "2 h"], "source": "log"}}},
    "annotated table": {"units.deliveries.mass": {"discrete": {"values": {"value": ["1 t", {"value": "2 t"}], "source": "log"}}}},
    "annotated wear": {
        "units.deck": {
            "kind": "screen",
            "from": "yard",
            "aperture": "9 mm",
            "area": "1 m2",
            "wear": {"parameter": "aperture", "per": "9 t", "change": {"value": "+5 %", "source": "gauge"}},
        }
    },
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


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place below the top of a plain tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from places(below, (*path, key))


def annotated(tree: Any, path: tuple[str | int, ...]) -> Any:
    """The tree with what stands at a path in an annotation."""
    tree = copy.deepcopy(tree)
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = {"value": node[path[-1]], "basis": "assumed", "source": "somewhere"}
    return tree


@pytest.mark.soak
@pytest.mark.slow
def test_wherever_the_loader_takes_an_annotation_the_schema_does(validator: jsonschema.Draft202012Validator) -> None:
    tree: Any = parse_yaml(WRITTEN[-1].read_text(encoding="utf-8"), "everything.yaml").plain()
    refused, tried = [], 0
    for path in places(tree):
        if path[0] in ("twin", "materials") or path == ("units",) or path[-1] == "kind":  # structure, not values
            continue
        written = annotated(tree, path)
        if validator.is_valid(written):
            continue
        tried += 1
        try:
            load(written)
        except ScenarioError:
            continue
        refused.append(path)
    assert refused == []
    assert tried < 50, "most places take an annotation"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_the_scenarios_are_valid(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    written = parse_yaml(path.read_text(encoding="utf-8"), path.name).plain()
    assert [error.message for error in validator.iter_errors(written)] == []
    assert [error.message for error in validator.iter_errors(load(path).merged)] == []


def test_the_starter_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    text = resources.files("twin.scenario").joinpath("starter.yaml").read_text(encoding="utf-8")
    assert [error.message for error in validator.iter_errors(parse_yaml(text, "starter.yaml").plain())] == []


def test_the_schema_beside_the_scenarios_is_that_of_the_code() -> None:
    stored = (ROOT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8")
    assert stored == schema_text(), "run 'twin schema -o scenarios/scenario.schema.json'"


def test_an_extending_scenario_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    assert validator.is_valid({"extends": "base.yaml", "name": "x", "change": {"units.screen.aperture": "10 mm"}, "remove": ["units.a"]})
    assert validator.is_valid({"extends": "base.yaml", "remove": "units.a"})
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
