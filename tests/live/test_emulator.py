"""The emulated plant: its truth is a run's, its instruments err as their tags say, faults do what they are called, everything is the same for a seed."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from twin.cli import main
from twin.errors import ScenarioError, UsageError
from twin.live.emulator.emulator import Emulator, Slice
from twin.live.emulator.study_file import load_emulation
from twin.live.readings import Reading
from twin.live.tags import load_tags

HOUR, DAY = 3600.0, 86400.0


def slices(written: dict[str, Any], hidden: dict[str, Any] | None = None, until: float = DAY, seed: int = 4) -> tuple[Emulator, list[Slice]]:
    tags = load_tags(written)
    emulator = Emulator(tags, load_emulation(hidden and {"emulate": 1, **hidden}, tags, seed))
    return emulator, list(emulator.run(until))


def of(parts: list[Slice], signal: str) -> list[Reading]:
    return [reading for part in parts for reading in part.readings if reading.signal == signal]


def test_errors_are_those_of_the_tags(written: dict[str, Any]) -> None:
    emulator, parts = slices(written, until=4 * DAY)
    truth = {emulator.tags.start + part.time: part.truth for part in parts}
    bay = of(parts, "STEEL_BAY")
    errors = np.array([reading.value - truth[reading.time]["level.steel_bay"] for reading in bay])
    assert len(bay) == 4 * 1440 and [reading.sequence for reading in bay] == list(range(len(bay)))
    assert abs(errors.mean()) < 4 * 200 / math.sqrt(len(errors)) and abs(errors.std() / 200 - 1) < 4 / math.sqrt(2 * len(errors))
    yard = np.array([[reading.value * 1000, truth[reading.time]["level.yard"]] for reading in of(parts, "YARD")])
    bias = emulator._instruments["YARD"]._measurement.bias
    assert bias != 0.0 and abs((yard[:, 0] - yard[:, 1] - bias).sum()) < 4 * 0.03 * math.sqrt((yard[:, 1] ** 2).sum())


def test_a_mean_is_of_the_time_since_the_last_and_late_by_its_delay(written: dict[str, Any]) -> None:
    written["tags"]["MAGNET_POWER"] |= {"error": "0 kW", "every": "30 min"}
    emulator, parts = slices(written)
    quarter = [part.truth["power.magnet"] for part in parts if part.time % 900 == 0]
    power = of(parts, "MAGNET_POWER")
    assert [reading.time - emulator.tags.start for reading in power] == [1800.0 * k + 10.0 for k in range(1, 48)]
    for k, reading in enumerate(power):
        assert reading.value * 1000 == pytest.approx((quarter[2 * k] + quarter[2 * k + 1]) / 2, rel=1e-12)


def test_trucks_and_stops_are_told_as_they_happen(written: dict[str, Any]) -> None:
    stops = [{"machine": "magnet", "from": "5 h", "to": "8 h"}]
    emulator, parts = slices(written, {"stops": stops}, until=2 * DAY)
    told = of(parts, "TRUCKS")
    happened = [row for part in parts for row in part.happened]
    assert [reading.value for reading in told] == [row.mass / 1000 for row in happened if row.what == "delivery"] and len(told) > 20
    hours = [(round((reading.time - emulator.tags.start) / HOUR, 6), reading.value) for reading in of(parts, "MAGNET_STOP")]
    assert hours.count((5.0, 1.0)) == 1 and hours.count((8.0, 0.0)) == 1
    assert [value for _, value in hours] == [float(k % 2 == 0) for k in range(len(hours))]  # a stop, an end of it, a stop, ...
    shut = [part.truth["state.magnet"] for part in parts if 5.5 * HOUR < part.time <= 8 * HOUR and part.time % 900 == 0]
    assert shut == [0.0] * len(shut) and len(shut) == 10


@pytest.mark.parametrize("kind", ["bias", "drift", "factor", "stuck", "missing", "nan", "late", "clock", "repeated"])
def test_a_fault_does_what_it_is_called_and_touches_nothing_else(written: dict[str, Any], kind: str) -> None:
    needs = {"bias": {"size": "5 t"}, "drift": {"size": "24 t"}, "factor": {"factor": 1000}, "late": {"by": "10 min"}, "clock": {"by": "-1 h"}}
    chance = {"missing": {"chance": 0.5}, "nan": {"chance": 0.5}, "repeated": {"chance": 0.5}}
    fault = {"signal": "YARD", "kind": kind, "from": "2 h", "to": "4 h", **needs.get(kind, {}), **chance.get(kind, {})}
    _, clean = slices(written, until=6 * HOUR)
    emulator, parts = slices(written, {"faults": [fault]}, until=6 * HOUR)
    start = emulator.tags.start
    for signal in ("STEEL_BAY", "MAGNET_POWER", "TRUCKS"):
        assert of(parts, signal) == of(clean, signal)
    before, found = of(clean, "YARD"), of(parts, "YARD")
    struck = [reading for reading in before if 2 * HOUR <= reading.time - start < 4 * HOUR]
    free = {(r.time, r.value) for r in before} - {(r.time, r.value) for r in struck}
    assert free <= {(r.time, r.value) for r in found}
    during = [reading for reading in found if (reading.time, reading.value) not in free]
    if kind == "bias":
        assert [r.value for r in during] == pytest.approx([r.value + 5 for r in struck])
    elif kind == "drift":
        assert [r.value for r in during] == pytest.approx([r.value + (r.time - start - 2 * HOUR) / HOUR for r in struck])
    elif kind == "factor":
        assert [r.value for r in during] == pytest.approx([r.value * 1000 for r in struck])
    elif kind == "stuck":
        assert len({r.value for r in during}) == 1 and len(during) == 120
    elif kind in ("missing", "repeated"):
        assert 30 < abs(len(during) - 120) < 90
    elif kind == "nan":
        lost = [r for r in during if math.isnan(r.value)]
        assert 30 < len(lost) < 90 and not any(r.good for r in lost)
    elif kind == "late":
        left = {r.sequence: part.time for part in parts for r in part.readings if r.signal == "YARD"}
        assert [left[r.sequence] - (r.time - start) for r in struck if r.sequence in left] == [600.0] * 120
    else:
        assert [r.time for r in during] == [r.time - 3600 for r in struck]


def test_the_hidden_is_drawn_by_the_seed(written: dict[str, Any]) -> None:
    hidden = {"truth": {"drawn": {"units.magnet.rate": {"uniform": ["8 t/h", "12 t/h"]}}, "change": {"units.yard.capacity": "90 t"}}}
    first, second = slices(written, hidden, HOUR, seed=1)[0], slices(written, hidden, HOUR, seed=2)[0]
    assert first.emulation.hidden != second.emulation.hidden
    assert slices(written, hidden, HOUR, seed=1)[0].emulation.hidden == first.emulation.hidden
    more = {"truth": {**hidden["truth"], "drawn": {"units.magnet.field": {"uniform": ["0.3 T", "0.6 T"]}, **hidden["truth"]["drawn"]}}}
    assert slices(written, more, HOUR, seed=1)[0].emulation.hidden["units.magnet.rate"] == first.emulation.hidden["units.magnet.rate"]


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ({"faults": [{"signal": "YRAD", "kind": "stuck"}]}, "YARD"),
        ({"faults": [{"signal": "YARD", "kind": "bias"}]}, "needs 'size'"),
        ({"faults": [{"signal": "YARD", "kind": "bias", "size": "5 kW"}]}, "a mass is needed"),
        ({"faults": [{"signal": "YARD", "kind": "stuck", "from": "2 h", "to": "1 h"}]}, "before"),
        ({"stops": [{"machine": "yard", "from": "1 h", "to": "2 h"}]}, "'yard' is no machine"),
        ({"truth": {"drawn": {"units.magnet.rat": {"uniform": ["8 t/h", "9 t/h"]}}}}, "rate"),
        ({"truht": {}}, "did you mean 'truth'"),
    ],
)
def test_what_is_wrong_is_said(written: dict[str, Any], hidden: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        slices(written, hidden)


def test_times_that_do_not_fit_are_refused(written: dict[str, Any]) -> None:
    written["tags"]["YARD"]["every"] = "100 ms"
    with pytest.raises(UsageError, match="at least 1 s"):
        slices(written)


def test_the_command_writes_the_same_files_for_a_seed(written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tags.yaml").write_text(yaml.safe_dump(written))
    scenario = written["plant"]["scenario"]
    for name in ("a", "b"):
        files = ["--csv", str(tmp_path / f"{name}.csv"), "--truth", str(tmp_path / f"{name}.jsonl")]
        assert main(["emulate", scenario, "--tags", str(tmp_path / "tags.yaml"), "--until", "12 h", "--speed", "max", *files]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["time", "signal", "value", "good", "sequence"] and len(rows) > 1440
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["truth"] == 1
    again = ["emulate", scenario, "--tags", str(tmp_path / "tags.yaml"), "--until", "1 h", "--speed", "max"]
    assert main([*again, "--csv", str(tmp_path / "a.csv")]) == 2 and "exists already" in capsys.readouterr().err
    assert main(again) == 2 and "where to send" in capsys.readouterr().err
    assert main([*again, "--mqtt", "http://x"]) == 2 and "is no address" in capsys.readouterr().err
    assert main([*again, "--mqtt", "mqtt://127.0.0.1:9"]) == 2 and "does not answer" in capsys.readouterr().err


def test_the_plant_becomes_another_at_a_time(written: dict[str, Any], tmp_path: Path) -> None:
    later = [{"from": "12 h", "change": {"units.magnet.rate": "3 t/h"}}, {"from": "18 h", "change": {"units.deliveries.mass": "4 t"}}]
    emulator, parts = slices(written, {"truth": {"later": later}})
    _, same = slices(written)
    assert [part.truth for part in parts[:720]] == [part.truth for part in same[:720]]
    power = {part.time: part.truth["power.magnet"] for part in parts}
    assert np.nanmean([power[t] for t in power if t > 13 * HOUR]) < 0.6 * np.nanmean([power[t] for t in power if t < 12 * HOUR])  # 3 of 10 t/h, and 5 kW idle
    trucks = {happened.mass for part in parts if part.time > 18 * HOUR for happened in part.happened if happened.what == "delivery"}
    assert trucks == {4000.0}
    assert [own.cause for own in emulator.emulation.later] == ["machine", "feed"]
    with pytest.raises(ScenarioError, match=r"truth.later.0.change"):
        slices(written, {"truth": {"later": [{"from": "1 h", "change": {"units.yard.initial.mass": "5 t"}}]}})


def test_a_machine_that_never_fails_is_stopped_by_its_operators(written: dict[str, Any]) -> None:
    """The eddy-current separator does not fail; where it stands its line stands, and its tag tells of it."""
    written["tags"]["EDDY_STOP"] = {"input": "eddy"}
    emulator, parts = slices(written, {"stops": [{"machine": "eddy", "from": "3 h", "to": "6 h"}]})
    told = of(parts, "EDDY_STOP")
    assert [(reading.time - emulator.tags.start, reading.value) for reading in told] == [(3 * HOUR, 1.0), (6 * HOUR, 0.0)]
    runs = {part.time: part.truth["state.magnet"] for part in parts if part.time % 900 == 0}
    assert {runs[t] for t in runs if 3 * HOUR < t <= 6 * HOUR} == {0.0} and max(runs[t] for t in runs if t > 6 * HOUR) == 1.0
