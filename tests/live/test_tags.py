"""The tags file: what a good one becomes, and what is said of a bad one."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from twin.errors import ScenarioError
from twin.live.tags import load_tags
from twin.live.tags.models import tags_schema


def test_good_tags_carry_the_measurement_in_si(written: dict[str, Any]) -> None:
    tags = load_tags(written)
    assert [tag.signal for tag in tags.tags] == ["YARD", "STEEL_BAY", "MAGNET_POWER", "MAGNET_RUNS"]
    yard, bay, power, runs = tags.tags
    assert (yard.quantity, yard.scale, yard.to_si(12.5), yard.measurement.relative, yard.measurement.bias_deviation) == (
        "level.yard",
        1000.0,
        12500.0,
        0.03,
        500.0,
    )
    assert yard.measurement.over == "instant"
    assert (bay.measurement.absolute, bay.scale, bay.every) == (200.0, 1.0, 60.0)
    assert (power.measurement.over, power.measurement.delay, power.si, power.scale) == ("mean", 10.0, "W", 1000.0)
    assert (runs.measurement.absolute, runs.scale) == (0.01, 0.01)  # of a share, % is points
    assert yard.source == "log" and yard.address == "YARD"
    assert tags.start == 1767589200.0  # 05:00 UTC
    assert tags.since_start(tags.start + 60.0) == 60.0


def test_the_schema_takes_what_the_reader_takes(written: dict[str, Any]) -> None:
    jsonschema.validate(written, tags_schema())
    written["tags"]["YARD"]["quantty"] = "level.yard"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, tags_schema())


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("tags", "YARD", "quantity", "level.yart"), "tags.YARD.quantity", "did you mean 'level.yard'?"),
        (("tags", "YARD", "quantity", "lvl.yard"), "tags.YARD.quantity", "did you mean 'level'?"),
        (("tags", "YARD", "quantity", "kpi.throughput"), "tags.YARD.quantity", "no instrument shows"),
        (("tags", "YARD", "unit", "t/h"), "tags.YARD.unit", "level.yard is a mass, in kg"),
        (("tags", "YARD", "unit", "Kg"), "tags.YARD.unit", "did you mean 'kg'?"),
        (("tags", "YARD", "error", "3 t/h"), "tags.YARD.error", "a mass is needed"),
        (("tags", "YARD", "error", "-3 kg"), "tags.YARD.error", "at least 0"),
        (("tags", "YARD", "bias", "5 %"), "tags.YARD.bias", "a mass is needed"),
        (("tags", "YARD", "source", "lgo"), "tags.YARD.source", "did you mean 'log'?"),
        (("tags", "YARD", "over", "sum"), "tags.YARD.over", "a sum over time"),
        (("tags", "YARD", "address", "STEEL_BAY"), "tags.STEEL_BAY", "the same address as 'YARD'"),
        (("tags", "YARD", "erorr", "3 %"), "tags.YARD.erorr", "did you mean 'error'?"),
        (("plant", "start", "2026-01-05T06:00"), "plant.start", "the offset of the plant's clock is missing"),
        (("plant", "start", "next week"), "plant.start", "a date and time is needed"),
        (("plant", "scenario", "nowhere.yaml"), "plant.scenario", "no such file"),
        (("sources", "log", "mqtt", "mqtt://x"), "sources.log", "exactly one of opcua, mqtt, file"),
        (("sources", "log", "policy", "Basic256Sha256"), "sources.log", "needs 'certificate'"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(written: dict[str, Any], change: tuple[Any, ...], place: str, said: str) -> None:
    *path, key, value = change
    node = written
    for part in path:
        node = node[part]
    node[key] = value
    with pytest.raises(ScenarioError) as caught:
        load_tags(written)
    assert [problem.path for problem in caught.value.problems] == [place]
    assert said in caught.value.problems[0].message


def test_hostile_names_and_double_keys(written: dict[str, Any]) -> None:
    written["tags"]["\x1b[2Jx"] = written["tags"]["YARD"]
    written["tags"]["n" * 300] = written["tags"]["YARD"]
    with pytest.raises(ScenarioError) as caught:
        load_tags(written)
    assert len(caught.value.problems) == 2 and all("printable characters" in problem.message for problem in caught.value.problems)
    assert "\x1b" not in caught.value.problems[0].message
    text = (
        yaml.safe_dump({k: v for k, v in written.items() if k != "tags"})
        + "tags:\n  A: {quantity: level.yard, unit: t}\n  A: {quantity: level.yard, unit: t}\n"
    )
    with pytest.raises(ScenarioError, match="A"):
        load_tags(text)


def test_all_problems_at_once(written: dict[str, Any]) -> None:
    written["tags"]["YARD"]["quantity"] = "level.nowhere"
    written["tags"]["STEEL_BAY"]["unit"] = "kW"
    written["plant"]["start"] = "soon"
    with pytest.raises(ScenarioError) as caught:
        load_tags(json.loads(json.dumps(written)))
    assert {problem.path for problem in caught.value.problems} == {"tags.YARD.quantity", "tags.STEEL_BAY.unit", "plant.start"}
