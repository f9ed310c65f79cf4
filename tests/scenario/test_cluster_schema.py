"""The JSON Schema of a cluster accepts what the loader accepts and refuses the slips that an editor can see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from twin.cli import main
from twin.errors import ScenarioError
from twin.scenario.cluster import load_cluster
from twin.scenario.cluster_schema import cluster_schema, cluster_schema_text
from twin.scenario.starters import starter
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "clusters").glob("*.yaml"))
PAIR: dict[str, Any] = {
    "twin": 1,
    "time": {"horizon": "2 d", "warmup": "12 h"},
    "sites": {
        "north": {
            "extends": "plant.yaml",
            "seed": 11,
            "change": {"units.box": {"kind": "bunker", "from": "eddy.light", "capacity": "40 t"}, "units.light_metal.from": "box"},
        },
        "south": {"extends": "plant.yaml", "seed": 12},
    },
    "links": {
        "metal": {
            "from": "north.light_metal",
            "to": "south.deliveries",
            "trucks": 2,
            "payload": {"value": "2 t", "basis": "assumed", "low": "1 t", "high": "3 t", "source": "a choice"},
            "travel": {"lognormal": {"mean": "1 h", "sd": "20 min"}},
            "price": {"aluminium": {"value": "900 EUR/t", "payable": "95 %"}},
            "distance": "12 km",
            "fuel": {"use": "3.2 kWh/km", "price": "0.18 EUR/kWh", "co2": "266 g/kWh"},
        }
    },
    "energy": {
        "power": {"price": "10 ct/kWh", "co2": {"year": 2024, "vintage": "2025"}, "limit": "300 kW", "priority": ["south"]},
        "heat": {
            "supply": "90 °C",
            "return": {"value": "60 °C", "basis": "assumed", "source": "a choice"},
            "boilers": {"main": {"power": "1 MW", "carrier": "natural_gas", "price": "45 EUR/MWh", "efficiency": 0.9}},
            "tank": {"capacity": "10 MWh"},
            "users": {"homes": {"heat": "300 kW"}},
            "dispatch": {"plan": {"main": "300 kW"}},
        },
    },
    "upstream": {"carriers": {"electricity": "80 g/kWh"}, "feeds": {"north.deliveries": "50 kg/t"}},
    "avoided": {"metal": {"product": "south.light_metal", "factor": "2 t/t", "instead_of": "light metal from ore"}},
    "linked": True,
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = cluster_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def changed(path: str, value: object) -> dict[str, Any]:
    """The cluster with the value at a dotted path changed; None takes it away."""
    tree = parse_yaml(to_yaml(PAIR), "pair").plain()
    assert isinstance(tree, dict)
    *way, last = path.split(".")
    node: Any = tree
    for part in way:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return tree


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_clusters_are_valid(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    text = path.read_text(encoding="utf-8")
    assert [error.message for error in validator.iter_errors(parse_yaml(text, path.name).plain())] == []
    assert text.startswith("# yaml-language-server: $schema=cluster.schema.json\n")


def test_what_loads_is_valid(tmp_path: Path, validator: jsonschema.Draft202012Validator) -> None:
    (tmp_path / "plant.yaml").write_text(starter(), encoding="utf-8")
    (tmp_path / "pair.yaml").write_text(to_yaml(PAIR), encoding="utf-8")
    assert load_cluster(tmp_path / "pair.yaml").links["metal"].payload == 2000.0
    assert [error.message for error in validator.iter_errors(PAIR)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("site", {}),
        ("twin", 2),
        ("sites", None),
        ("sites", {}),
        ("sites.north.extends", None),
        ("sites.north.horizon", "1 d"),
        ("sites.north.seed", -1),
        ("time.record", "1 h"),
        ("links.metal.truck", 2),
        ("links.metal.payload", 24),
        ("links.metal.travel", {"lognorml": {}}),
        ("links.metal.dispatch", {"levl": "2 t"}),
        ("energy.power.price", 10),
        ("energy.power.co2", {"vintage": "2025"}),
        ("energy.heat.return", None),
        ("energy.heat.boilers.main.carrier", None),
        ("energy.heat.dispatch", "rules"),
        ("upstream.carriers.electricity", 80),
        ("avoided.metal.instead_of", None),
        ("linked", "no"),
        ("change", {}),
    ],
)
def test_slips_are_refused_as_the_loader_does(path: str, value: object, tmp_path: Path, validator: jsonschema.Draft202012Validator) -> None:
    tree = changed(path, value)
    (tmp_path / "plant.yaml").write_text(starter(), encoding="utf-8")
    (tmp_path / "pair.yaml").write_text(to_yaml(tree), encoding="utf-8")
    assert list(validator.iter_errors(tree))
    with pytest.raises(ScenarioError):
        load_cluster(tmp_path / "pair.yaml")


def test_one_that_extends_another_says_only_what_it_changes(validator: jsonschema.Draft202012Validator) -> None:
    written = {"twin": 1, "extends": "pair.yaml", "change": {"linked": False}, "remove": "energy"}
    assert validator.is_valid(written)
    assert not validator.is_valid({**written, "linked": False})


def test_the_schema_beside_the_clusters_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    stored = (ROOT / "scenarios" / "clusters" / "cluster.schema.json").read_text(encoding="utf-8")
    assert stored == cluster_schema_text(), "run 'twin schema --cluster -o scenarios/clusters/cluster.schema.json'"
    assert main(["schema", "--cluster"]) == 0
    assert capsys.readouterr().out == stored
