"""The tags file: what a good one becomes, and what is said of a bad one."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema
import pytest
import yaml

from twin.errors import ScenarioError
from twin.live.readings import Reading
from twin.live.tags import load_tags
from twin.live.tags.inputs import input_of, reading_of
from twin.live.tags.models import tags_schema
from twin.units.ground.inputs import Input


def test_good_tags_carry_the_measurement_in_si(written: dict[str, Any]) -> None:
    tags = load_tags(written)
    assert [tag.signal for tag in tags.tags] == list(written["tags"])
    yard, bay, power, runs = tags.shown
    assert [(tag.input, tag.scale, tag.si) for tag in tags.inputs] == [("deliveries", 1000.0, "kg"), ("steel", 1000.0, "kg"), ("magnet", 1.0, "1")]
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


def test_readings_of_inputs_are_what_happened(written: dict[str, Any]) -> None:
    tags = load_tags(written)
    at = tags.start + 90.0
    assert input_of(tags, Reading("TRUCKS", at, 8.5)) == Input(90_000_000_000, "delivery", "deliveries", 8500.0)
    assert input_of(tags, Reading("STEEL_TRUCKS", at, 24.0)) == Input(90_000_000_000, "pickup", "steel", 24000.0)
    assert input_of(tags, Reading("MAGNET_STOP", at, 1.0)) == Input(90_000_000_000, "stop", "magnet")
    assert input_of(tags, Reading("MAGNET_STOP", at, 0.0)) == Input(90_000_000_000, "restart", "magnet")
    for lie in (
        Reading("YARD", at, 1.0),
        Reading("TRUCKS", at, math.nan),
        Reading("TRUCKS", at, -3.0),
        Reading("TRUCKS", at, 8.0, False),
        Reading("X", at, 1.0),
    ):
        assert input_of(tags, lie) is None
    told = Input(90_000_000_000, "delivery", "deliveries", 8500.0)
    assert input_of(tags, reading_of(tags["TRUCKS"], told, tags.start, 7)) == told


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
        (("tags", "TRUCKS", "input", "delivery"), "tags.TRUCKS.input", "did you mean 'deliveries'?"),
        (("tags", "TRUCKS", "unit", "kW"), "tags.TRUCKS.unit", "is a mass"),
        (("tags", "TRUCKS", "quantity", "level.yard"), "tags.TRUCKS", "exactly one of them"),
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
