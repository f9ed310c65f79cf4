"""Dated stops from a list: replayed at their time for their time, beside or instead of drawn breakdowns, and booked under their reason."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from plants import departures, share
from random_plants import random_plant

import twin
from twin.cli.parser import main
from twin.errors import ScenarioError
from twin.plant.cautions import cautions
from twin.plant.topology import derive
from twin.results.stops import pareto
from twin.study.batch_test import batch_test

H = 3600 * 10**9
START = "2026-01-05T00:00"
FAR = {"constant": "100000 h"}
Stops = list[dict[str, Any]]


def plant(horizon: str, stops: Any, log: str = "", top: dict[str, Any] | None = None, **machine: Any) -> twin.Scenario:
    """One machine that takes 1 h for a part of 1 kg, from a stock that never ends; ``log`` is the text of stops.csv."""
    own = {"kind": "splitter", "from": "stock", "cycle_time": "1 h", "shares": {"out": 1}, **({"stops": stops} if stops else {}), **machine}
    units = {
        "stock": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}}},
        "m": {key: value for key, value in own.items() if value is not None},
        "done": {"kind": "product", "from": "m"},
    }
    more = {"record": {"every": "1 h", "genealogy": True}, **(top or {})}
    tree = {"twin": 1, "name": "log", "time": {"start": START, "horizon": horizon}, "lot": "1 kg", "materials": {"part": {}}, **more, "units": units}
    return twin.load(tree, files={"stops.csv": log}) if log else twin.load(tree)


LISTED = {"list": "stops.csv"}


def ends(result: twin.Result) -> list[float]:
    """When parts are done, h."""
    return [time / H for time in departures(result, "done")]


def happened(result: twin.Result) -> list[tuple[int, str, str]]:
    """The table of events: ns, unit, what."""
    return list(zip(*(result.array(f"events/{name}").tolist() for name in ("event_time", "event_unit", "what")), strict=True))


def booked(result: twin.Result) -> dict[str, tuple[int, float]]:
    """Number and hours down by reason, over the window."""
    return {row.reason: (row.number, round(row.seconds / 3600.0, 9)) for row in pareto(result.totals)}


def test_a_log_is_replayed_to_the_nanosecond() -> None:
    """Parts of 1 h: the third is stopped at 2.5 h and 1 ns for 30 min and 3 ns; then 6 s after an hour's work, for a quarter of an hour."""
    log = "time_s,duration_s,reason\n9000.000000001,1800.000000003,jam\n16200,900,operator away\n"
    with twin.run(plant("6 h", LISTED, log)) as result:
        third = 3 * H + 1800 * 10**9 + 3
        assert departures(result, "done") == [H, 2 * H, third, third + H + 900 * 10**9, third + 2 * H + 900 * 10**9]
        assert happened(result) == [
            (9000 * 10**9 + 1, "m.stops", "stopped: jam"),
            (10800 * 10**9 + 4, "m.stops", "over"),
            (16200 * 10**9, "m.stops", "stopped: operator away"),
            (17100 * 10**9, "m.stops", "over"),
        ]
        assert share(result, "m", "down") * 21600 == pytest.approx(2700.000000003, abs=1e-9)
        assert result.array("stops/number").tolist() == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 1], [0, 0]]
        assert result.array("stops/down").sum(axis=0).tolist() == pytest.approx([1800.000000003, 900.0], abs=1e-9)


FORMS = {
    "dates": "begin,end,reason\n2026-01-05T02:30,2026-01-05T03:00,jam\n2026-01-05 04:30:00,2026-01-05 04:45:30,cleaning\n",
    "not in order": "reason,end,begin\ncleaning,2026-01-05T04:45:30,2026-01-05T04:30\njam,2026-01-05T03:00,2026-01-05T02:30\n",
    "hours since the start": "time_h,duration_min,reason\n2.5,30,jam\n4.5,15.5,cleaning\n",
    "date and length": "begin,duration_h,reason\n2026-01-05T02:30,0.5,jam\n2026-01-05T04:30,15.5 min,cleaning\n",
    "of several machines": "machine,time_h,duration_min,reason\nSchredder 1,2.5,30,jam\nSieb,1,600,screen torn\nSchredder 1,4.5,15.5,cleaning\n",
    "with copies": "time_h,duration_min,reason,copy\n2.5,30,jam,1\n4.5,15.5,cleaning,1\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_log_is_the_same_stops(form: str) -> None:
    written: Stops = [{"at": "2026-01-05T02:30", "for": "30 min", "reason": "jam"}, {"at": "4.5 h", "for": "15.5 min", "reason": "cleaning"}]
    stops = {**LISTED, "machine": "Schredder 1"} if form == "of several machines" else LISTED
    listed, inline = plant("6 h", stops, FORMS[form]), plant("6 h", written)
    spans = [[(stop.begin, stop.length, stop.reason, stop.copy) for stop in each.units["m"].stops.stops] for each in (listed, inline)]
    assert spans[0] == spans[1] == [(9000.0, 1800.0, "jam", 1), (16200.0, 930.0, "cleaning", 1)]


def test_lengths_in_the_scenario_are_parameters() -> None:
    found = {p.path: (p.value, p.unit, p.basis) for p in plant("6 h", [{"at": "1 h", "for": {"value": "30 min", "basis": "measured"}}]).parameters()}
    assert found["units.m.stops.0.for"] == (1800.0, "s", "measured")


def test_a_stop_at_night_is_off_shift_and_counts_what_is_left_of_it() -> None:
    """Open from 6 to 14: of a stop from 13 to 16 one hour is down time, one at 20 for an hour is none; each is a stop. The list has 5 h, results 2."""
    log = "time_h,duration_h,reason\n8,1,jam\n13,3,motor\n20,1,cleaning\n"
    early = {"calendars": {"early": {"daily": ["06:00-14:00"]}}}
    with twin.run(plant("24 h", LISTED, log, early, calendar="early")) as result:
        assert ends(result) == [7.0, 8.0, 10.0, 11.0, 12.0, 13.0]
        assert booked(result) == {"jam": (1, 1.0), "motor": (1, 1.0), "cleaning": (1, 0.0)}
        assert result.kpis["availability.m"].value == pytest.approx(6 / 8, abs=1e-12)
        assert [share(result, "m", state) for state in ("off_shift", "down", "running")] == pytest.approx([16 / 24, 2 / 24, 6 / 24], abs=1e-12)


@pytest.mark.parametrize(
    ("rule", "done"), [("suspend", [6.0, 27.0]), ("finish", [6.0, 11.5, 29.0]), ("do_not_start", [6.0, 29.0]), ("run_empty", [6.0, 8.0, 27.0])]
)
def test_a_stop_in_a_shift_and_one_after_its_end(rule: str, done: list[float]) -> None:
    """Lots of 5 h, open the first 8 h of a day. The first is done at 6 h, an hour late. The second is taken up in the morning, or finished from 8 to 11 h with
    half an hour's stop in it, which is no down time, as it is off shift; or not begun; or handed over as far as it is, and the rest in the morning."""
    log = "time_h,duration_h,reason\n3,1,jam\n9,0.5,motor\n"
    early = {"calendars": {"early": {"daily": ["00:00-08:00"]}}}
    with twin.run(plant("30 h", LISTED, log, early, cycle_time="5 h", calendar="early", at_shift_end=rule)) as result:
        assert ends(result) == done
        assert booked(result) == {"jam": (1, 1.0), "motor": (1, 0.0)}
        assert share(result, "m", "down") == pytest.approx(1 / 30, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_the_down_time_of_a_log_is_its_sum_in_the_results(seed: int) -> None:
    """A hundred stops at random seconds, end to end some of them; by reason, over the whole run and over a window, which counts stops where they begin."""
    chance, now = random.Random(seed), 0
    rows: list[tuple[int, int, str]] = []
    for _ in range(100):
        begin = now + chance.choice([0, chance.randrange(1, 9000)])
        now = begin + chance.randrange(1, 4000)
        rows.append((begin, now - begin, chance.choice(["jam", "motor", "no forklift"])))
    log = "time_s,duration_s,reason\n" + "".join(f"{begin},{length},{reason}\n" for begin, length, reason in rows)
    horizon, warmup = now + 3600, 3600 * chance.randrange(5, 30)
    scenario = plant(f"{horizon} s", LISTED, log, cycle_time="7 min")
    for warm in (0, warmup):
        with twin.run(scenario.change({"time.warmup": f"{warm} s"})) as result:
            found = {row.reason: (row.number, row.seconds) for row in pareto(result.totals)}
        for reason in ("jam", "motor", "no forklift"):
            own = [(begin, length) for begin, length, why in rows if why == reason]
            down = sum(max(0, begin + length - max(begin, warm)) for begin, length in own)
            assert found[reason] == (sum(begin >= warm for begin, _ in own), pytest.approx(down, abs=1e-6))


def test_between_two_stops_end_to_end_nothing_starts() -> None:
    """Without material on the line at 1 h: a machine that were free for an instant would draw the next part."""
    log = "time_h,duration_h,reason\n1,1,jam\n2,1,motor\n"
    with twin.run(plant("6 h", LISTED, log)) as result:
        assert ends(result) == [1.0, 4.0, 5.0]
        assert [(time / H, what) for time, _, what in happened(result)] == [(1, "stopped: jam"), (2, "over"), (2, "stopped: motor"), (3, "over")]
        assert booked(result) == {"jam": (1, 1.0), "motor": (1, 1.0)}


def test_what_lies_outside_the_run_is_left_out_and_said() -> None:
    log = (
        "begin,end,reason\n2026-01-04T10:00,2026-01-04T11:00,jam\n2026-01-04T23:00,2026-01-05T00:30,motor\n2026-01-05T05:30,2026-01-05T09:00,jam\n"
        "2026-01-05T06:00:01,2026-01-05T07:00,jam\n"
    )
    with pytest.raises(ScenarioError, match=r"stops.csv:5 begins before stops.csv:4 is over, by 59.98\d* min"):
        plant("6 h", LISTED, log)
    scenario = plant("6 h", LISTED, log.replace("2026-01-05T06:00:01,", "2026-01-05T09:00,").replace("T07:00", "T10:00"))
    assert cautions(scenario, derive(scenario)) == [
        "m: 1 stop of stops.csv is over before the start, 2026-01-05T00:00:00, and left out",
        "m: 1 stop of stops.csv is under way at the start, 2026-01-05T00:00:00: what is left of it counts",
        "m: 1 stop of stops.csv is after the end of the run, 6 h, and left out",
    ]
    with twin.run(scenario) as result:
        assert ends(result) == [1.5, 2.5, 3.5, 4.5, 5.5]
        assert booked(result) == {"motor": (1, 0.5), "jam": (1, 0.5)}


# -- copies, and what is drawn beside -----------------------------------------------------------------------------------------------------


def test_one_copy_of_two_stops_as_if_it_had_broken_down() -> None:
    """2 kg/h until 2 h, then 1 kg/h for 2 h from the next lot on; both stop from 6 to 7 h."""
    stops: Stops = [
        {"at": "2 h", "for": "2 h", "reason": "knives", "copy": 2},
        {"at": "6 h", "for": "1 h", "reason": "power", "copy": 1},
        {"at": "6 h", "for": "1 h", "reason": "power", "copy": 2},
    ]
    with twin.run(plant("8 h", stops, count=2, cycle_time=None, rate="1 kg/h")) as result:
        assert ends(result) == [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5, 5.0, 5.5, 6.0, 7.5]
        assert booked(result) == {"knives": (1, 2.0), "power": (2, 2.0)}
        assert result.kpis["availability.m"].value == pytest.approx(1 - 4 / 16, abs=1e-12)
        assert share(result, "m", "down") == pytest.approx(1 / 8, abs=1e-12)
        assert [unit for _, unit, what in happened(result) if what == "stopped: power"] == ["m.stops", "m.1.stops"]


def test_a_copy_that_is_broken_and_listed_at_once_is_one_copy() -> None:
    """It fails at 3 h for 4 h, and a list stops it from 4 h to 5 h and from 6 h to 9 h: out from 3 to 9 h; the other copy works on. The log's hours are its own."""
    failing = {"mtbf": {"discrete": {"values": ["3 h", "1000 h"], "weights": [1, 1]}}, "mttr": {"constant": "4 h"}, "clock": "calendar", "reason": "rotor"}
    stops: Stops = [{"at": "4 h", "for": "1 h", "reason": "jam"}, {"at": "6 h", "for": "3 h", "reason": "jam"}]
    scenario = plant("12 h", stops, count=2, cycle_time=None, rate="1 kg/h", failures=failing)
    for seed in range(30):  # one by which the first copy fails at 3 h and the second never does
        with twin.run(scenario, seed=seed) as result:
            failed = [unit for _, unit, what in happened(result) if what == "failed"]
            if failed == ["m.breakdown"]:
                assert booked(result) == {"jam": (2, 4.0), "rotor": (1, 2.0)}
                assert share(result, "m", "down") == 0.0
                assert result.array("units/down_share")[:, 0].tolist() == pytest.approx([0.0] * 3 + [0.5] * 6 + [0.0] * 3, abs=1e-12)
                assert ends(result)[-6:] == pytest.approx([9.0, 9.5, 10.0, 10.5, 11.0, 11.5])
                return
    raise AssertionError("no such seed")


def test_a_single_machine_that_is_broken_and_listed_at_once_works_when_both_are_over() -> None:
    failing = {"mtbf": {"constant": "2 h"}, "mttr": {"constant": "3 h"}, "clock": "calendar"}
    with twin.run(plant("9 h", [{"at": "3 h", "for": "4 h", "reason": "jam"}], failures=failing)) as result:
        assert ends(result) == [1.0, 2.0]  # fails again at 7 h, as the list is over
        assert booked(result) == {"jam": (1, 4.0), "breakdown": (2, 3.0)}
        assert share(result, "m", "down") == pytest.approx(7 / 9, abs=1e-12)


def test_hazards_bear_their_name_and_stand_behind_a_list() -> None:
    """Every lot strikes, which stops the line for an hour; from 1.5 h to 3 h a list holds it: of the hazard's first hour half is its own."""
    hazards = {"fire": {"per": {"constant": "0.9 kg"}, "stop": {"constant": "1 h"}}}
    with twin.run(plant("6 h", [{"at": "1.5 h", "for": "1.5 h", "reason": "inspection"}], hazards=hazards)) as result:
        assert ends(result) == [1.0, 4.0]
        assert booked(result) == {"fire": (2, 1.5), "inspection": (1, 1.5)}
        assert result.array("units/down_share").sum() == pytest.approx(3.0, abs=1e-9)


def test_a_bypassed_machine_lets_everything_through_while_its_list_stops_it() -> None:
    second = {
        "kind": "separator", "from": "m", "ports": ["good", "rest"], "partition": {"good": {"part": "100 %"}}, "when_down": "bypass",
        "bypass_to": "rest", "stops": [{"at": "1.5 h", "for": "2 h"}],
    }  # fmt: skip
    units = {"units.n": second, "units.done": {"kind": "product", "from": "n.good"}, "units.past": {"kind": "product", "from": "n.rest"}}
    with twin.run(plant("6 h", None).change(units)) as result:
        assert ends(result) == [1, 2, 5]
        assert [time / H for time in departures(result, "past")] == [3, 4]
        assert booked(result) == {"not stated": (1, 2.0)}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(40))
def test_in_any_plant_the_reasons_of_a_machine_add_up_to_its_down_time(seed: int) -> None:
    scenario = random_plant(seed)
    try:
        result = twin.run(scenario)
    except twin.errors.DeadlockError:
        pytest.skip("a plant that stands still is reported, which is right")
    with result:
        lengths = np.diff(result.array("time_bounds"), axis=1)
        shares = dict(zip(result.array("machine").tolist(), (result.array("units/down_share") * lengths).sum(axis=0).tolist(), strict=True))
        assert all(0.0 <= value <= 1.0 for value in result.array("units/down_share").reshape(-1).tolist())
        found = dict.fromkeys(shares, 0.0)
        for label, seconds in zip(result.array("stop").tolist(), result.array("stops/down").sum(axis=0).tolist(), strict=True):
            found[label.partition(":")[0]] += seconds
        for machine, seconds in found.items():
            count = scenario.copies(machine)[1]
            assert seconds == pytest.approx(shares[machine] * count, abs=1e-6), machine


# -- saved and resumed --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [2.5, 2.7, 3.0, 3.5, 7.0, 7.25])
def test_saved_before_in_and_after_a_stop_the_rest_is_the_same(tmp_path: Path, moment: float) -> None:
    log = "time_h,duration_h,reason,copy\n2.5,0.5,jam,1\n3,1,motor,1\n2.6,1,knives,2\n7,0.5,jam,2\n"
    failing = {"mtbf": "3 h", "mttr": "1 h"}
    scenario = plant("12 h", LISTED, log, count=2, failures=failing, hazards={"fire": {"per": "6 kg", "stop": "20 min"}})
    whole = twin.run(scenario).digest
    twin.run_until(scenario, moment * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole


# -- results, run and report --------------------------------------------------------------------------------------------------------------


def test_a_pareto_of_reasons_stands_in_run_json_and_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    log = "time_h,duration_min,reason\n2,30,[red]jam\n5,90,motor\n8,30,[red]jam\n"
    Path("plant.yaml").write_text(plant("12 h", LISTED, log).to_yaml(), encoding="utf-8")
    Path("stops.csv").write_text(log, encoding="utf-8")
    assert main(["run", "plant.yaml", "-o", "run.h5"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    place = lines.index("stopped because of machine stops time down share cumulative")
    assert lines[place + 1 : place + 3] == ["motor m 1 1.5 h 60 % 60 %", "[red]jam m 2 1 h 40 % 100 %"]
    assert main(["run", "plant.yaml", "-o", "run.h5", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["stops"]
    assert rows[0] == {"reason": "motor", "machine": "m", "number": 1, "seconds": 5400.0, "share": 0.6, "cumulative": 0.6}
    assert main(["report", "run.h5", "-o", "page.html"]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Why machines stopped" in page
    assert "<td>1.5 h</td>" in page


def test_a_batch_goes_through_a_plant_without_its_stops() -> None:
    units = {
        "units.trucks": {"kind": "feed", "every": "1 h", "mass": "1 kg", "composition": {"part": 1}},
        "units.stock.from": "trucks",
        "units.stock.initial": {"mass": "1 kg"},
    }
    batches = [batch_test(plant("6 h", stops).change(units), feed="trucks", mass=5.0) for stops in (None, [{"at": "1 h", "for": "9 h"}])]
    assert batches[0].seconds == batches[1].seconds


def test_a_plant_that_never_stops_says_nothing_of_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no reasons, no rows and no unit more than before."""
    path = tmp_path / "plant.yaml"
    path.write_text(plant("4 h", None).to_yaml(), encoding="utf-8")
    assert main(["run", str(path), "-o", str(tmp_path / "run.h5")]) == 0
    assert "stopped because of" not in capsys.readouterr().out
    with twin.open(tmp_path / "run.h5") as result:
        assert result.array("stop").tolist() == []
        assert result.array("stops/down").shape == (4, 0)


def test_a_file_of_before_there_were_reasons_is_read(tmp_path: Path) -> None:
    twin.run(plant("4 h", [{"at": "1 h", "for": "1 h"}]), out=tmp_path / "run.h5").close()
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        del file["stops"], file["stop"]
        file.attrs["digest"] = twin.results.digest.file_digest(file, str(file.attrs["scenario_sha256"]))
    with twin.open(tmp_path / "run.h5") as result:
        assert pareto(result.totals) == []
        assert result.kpis["availability.m"].value == pytest.approx(0.75)


# -- what is wrong ------------------------------------------------------------------------------------------------------------------------

WRONG = {
    "no list": ({}, "", "a list of stops is needed, {list: stops.csv} or"),
    "a bare name": ("stops.csv", "", "a list of stops is needed"),
    "a key more": ({**LISTED, "sheet": 1}, "time_h,duration_h,reason\n1,1,a\n", "unknown key 'sheet' beside 'list'"),
    "no such file": ({"list": "nowhere.csv"}, "", "nowhere.csv: no such file"),
    "no reason": (LISTED, "time_h,duration_h\n1,1\n", "stops.csv:1 the column 'reason' is needed; its cells may be empty (got time, duration)"),
    "no end": (LISTED, "begin,reason\n2026-01-05,a\n", "stops.csv:1 the column 'end' (dates) or 'duration' (e.g. duration_min) is needed, one of both (got begin, reason)"),
    "two begins": (LISTED, "begin,time_h,duration_h,reason\n2026-01-05,1,1,a\n", "stops.csv:1 the column 'begin' (dates) or 'time' (e.g. time_h) is needed, one of both"),
    "time and end": (LISTED, "time_h,end,reason\n1,2026-01-05,a\n", "stops.csv:1 'end' is a date and needs 'begin' beside it"),
    "a column more": (LISTED, "time_h,duration_h,reson\n1,1,a\n", "stops.csv:1 unknown column 'reson'; did you mean 'reason'?"),
    "a bad date": (LISTED, "begin,end,reason\n2026-01-05T01:00,2026-02-30T01:00,a\n", "stops.csv:2 column 'end': there is no such date"),
    "a number for a date": (LISTED, "begin,end,reason\n2026-01-05,2,a\n", "stops.csv:2 column 'end': a date is needed, e.g. 2026-02-01"),
    "an end before its begin": (LISTED, "begin,end,reason\n2026-01-05T02:00,2026-01-05T01:00,a\n", "stops.csv:2 a stop must end after it begins (got -1 h from begin to end)"),
    "no length": (LISTED, "time_h,duration_h,reason\n1,0,a\n", "stops.csv:2 column 'duration': must be more than 0 s (got '0 h')"),
    "not a time": (LISTED, "time_h,duration_h,reason\nnan,1,a\n", "stops.csv:2 column 'time'"),
    "overlap": (LISTED, "time_h,duration_h,reason\n5,1,a\n1,2,b\n2.5,1,c\n", "stops.csv:4 begins before stops.csv:3 is over, by 30 min: one machine stops once"),
    "inside another": (LISTED, "time_h,duration_h,reason\n1,5,a\n2,1,b\n6,2,c\n", "stops.csv:3 begins before stops.csv:2 is over, by 1 h"),
    "no such copy": (LISTED, "time_h,duration_h,reason,copy\n1,1,a,2\n", "there is no copy 2: 'count' is 1"),
    "a copy that is none": (LISTED, "time_h,duration_h,reason,copy\n1,1,a,0\n", "stops.csv:2 column 'copy': the number of a copy is needed, from 1 (got '0')"),
    "of which machine": (LISTED, "machine,time_h,duration_h,reason\nA,1,1,a\n", "stops.csv is of several machines: say which is meant, {list: stops.csv, machine: …} (there are 'A')"),
    "no such machine": ({**LISTED, "machine": "B"}, "machine,time_h,duration_h,reason\nBB,1,1,a\n", "stops.csv: no row is of the machine 'B'"),
    "a machine without a column": ({**LISTED, "machine": "B"}, "time_h,duration_h,reason\n1,1,a\n", "there is no column 'machine' to find 'B' in"),
    "a long reason": (LISTED, f"time_h,duration_h,reason\n1,1,{'a' * 81}\n", "stops.csv:2 column 'reason': a reason has at most 80 characters (got 81"),
    "a hidden character": (LISTED, "time_h,duration_h,reason\n1,1,a\x1b[2J\n", "stops.csv:2 column 'reason': a text of printable characters is needed"),
    "too many reasons": (LISTED, "time_h,duration_min,reason\n" + "".join(f"{k},1,r{k}\n" for k in range(201)), "has 201 different reasons, and 200 are told apart"),
    "no table": (LISTED, '"', "is not a table of comma-separated values"),
    "a stop that is none": (["jam"], "", "a stop is needed, e.g. {at: 2026-01-05T10:00"),
    "no length written": ([{"at": "1 h"}], "", "'for' is missing"),
    "a length without unit": ([{"at": "1 h", "for": 3}], "", "a time is needed, e.g. '15 min' (got 3, a bare number)"),
    "another key": ([{"at": "1 h", "for": "1 h", "why": "jam"}], "", "unknown key 'why'"),
    "a bad time": ([{"at": "2026-13-01", "for": "1 h"}], "", "a date or a time since the start is needed: there is no such date"),
    "two at once": ([{"at": "1 h", "for": "2 h"}, {"at": "2 h", "for": "1 h"}], "", "stop 2 begins before stop 1 is over, by 1 h"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_a_line(case: str) -> None:
    stops, log, message = WRONG[case]
    with pytest.raises(ScenarioError) as caught:
        plant("6 h", stops or {"list": ""} if case != "no list" else {"x": 1}, log)
    assert len(caught.value.problems) == 1
    problem = caught.value.problems[0]
    assert message in problem.message
    assert "\n" not in problem.message
    assert problem.path.startswith("units.m.stops")


def test_a_log_full_of_faults_names_the_first_and_is_soon_done() -> None:
    log = "begin,end,reason\n" + "x,y,z\n" * 50_000
    with pytest.raises(ScenarioError) as caught:
        plant("6 h", LISTED, log)
    assert len(caught.value.problems) <= 40


def test_any_damaged_log_is_stops_or_an_error() -> None:
    """Cells, lines and characters are changed, doubled, lost: what comes of it loads, or is refused in lines; it never ends otherwise."""
    chance, whole = random.Random(7), FORMS["of several machines"]
    odd = [
        "",
        "nan",
        "inf",
        "-1",
        "1e400",
        "9" * 400,
        "2026-01-05",
        "2026-01-05T25:00",
        "0001-01-01",
        "\x00",
        "\u202e",
        '"',
        ",",
        "\n",
        "\r",
        "ü" * 90,
        "1 kg",
        "1 h",
        "-0",
    ]
    refused = 0
    for _ in range(1500):
        text = whole
        for _ in range(chance.randrange(1, 4)):
            begin = chance.randrange(len(text) + 1)
            end = min(len(text), begin + chance.choice([0, 1, 3, 12]))
            text = text[:begin] + chance.choice([*odd, text[end : end + 9], ""]) + text[end:]
        try:
            plant("6 h", {**LISTED, "machine": "Schredder 1"}, text or "x")
        except ScenarioError as error:
            refused += 1
            assert all("\n" not in problem.message and len(problem.message) < 600 for problem in error.problems)
    assert 500 < refused < 1500


@pytest.mark.soak
def test_two_hundred_thousand_rows_are_read_and_replayed_one_by_one() -> None:
    """A stop of 5 s every 10 s: half of the time is down."""
    log = "time_s,duration_s,reason\n" + "".join(f"{10 * k},5,r{k % 7}\n" for k in range(199_999))
    scenario = plant("3 h", LISTED, log)
    assert len(scenario.units["m"].stops.stops) == 199_999
    with twin.run(scenario) as result:
        assert sum(row.number for row in pareto(result.totals)) == 1080
        assert share(result, "m", "down") == pytest.approx(0.5, abs=1e-12)
        assert ends(result) == [pytest.approx(2.0, abs=0.002)]


@pytest.mark.parametrize("what", ["number is gone", "NaN", "endless", "a label without a machine"])
def test_a_forged_group_of_stops_ends_in_rows_or_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """Sealed again with a right digest."""
    twin.run(plant("4 h", [{"at": "1 h", "for": "1 h"}]), out=tmp_path / "run.h5").close()
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        if what == "number is gone":
            del file["stops/number"]
        elif what == "a label without a machine":
            file["stop"][0] = b"x"
        else:
            file["stops/number"][:] = file["stops/down"][:] = np.nan if what == "NaN" else np.inf
        file.attrs["digest"] = twin.results.digest.file_digest(file, str(file.attrs["scenario_sha256"]))
    assert main(["report", str(tmp_path / "run.h5"), "-o", str(tmp_path / "page.html")]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_copies_that_stop_at_the_same_instant_do_so_in_their_order_and_after_a_resume_too(tmp_path: Path) -> None:
    """The second copy was mended first, so that its event was the first to be laid down."""
    stops = [
        {"at": "1 h", "for": "3 h", "copy": 1},
        {"at": "1 h", "for": "1 h", "copy": 2},
        {"at": "9 h", "for": "1 h", "copy": 1},
        {"at": "9 h", "for": "2 h", "copy": 2},
    ]
    units = {
        "yard": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"a": "100 %"}}},
        "mill": {"kind": "splitter", "from": "yard", "rate": "1 t/h", "count": 2, "shares": {"out": 1}, "stops": stops},
        "out": {"kind": "product", "from": "mill"},
    }
    case = twin.load({"twin": 1, "time": {"horizon": "20 h"}, "lot": "1 t", "materials": {"a": {}}, "units": units})
    whole = twin.run(case)
    happened = zip(whole.array("events/event_time").tolist(), whole.array("events/event_unit").tolist(), strict=True)
    assert [unit for time, unit in happened if time == 9 * 3600 * 10**9] == ["mill.stops", "mill.1.stops"]
    twin.run_until(case, 8 * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest
