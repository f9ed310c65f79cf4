"""The twin at work: from an emulated plant's signals to estimates; stopped, killed, lied to; served."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hidden_partner import unblaming
from servers import free_port, until

from twin.cli import main
from twin.errors import FileError, UsageError
from twin.live.alarm import Alarm
from twin.live.emulator.emulate import emulate
from twin.live.emulator.emulator import Emulator
from twin.live.emulator.sinks import CsvSink
from twin.live.emulator.study_file import load_emulation
from twin.live.following import RowFollower
from twin.live.history import History, HistoryReader, Row
from twin.live.readings import Reading
from twin.live.running import LiveTwin
from twin.live.state_file import read_state, write_state
from twin.live.tags import Tags, load_tags

DAY = 86400.0


def rows_of(tags: Tags, hidden: dict[str, Any] | None = None, days: float = 1.0) -> list[Row]:
    emulator = Emulator(tags, load_emulation({"emulate": 1, **(hidden or {})}, tags, 5))
    readings = [reading for part in emulator.run(days * DAY) for reading in part.readings]
    return [Row(k + 1, reading, reading.time) for k, reading in enumerate(readings)]


def answer(follower: RowFollower) -> list[Any]:
    return [tuple(row) for row in follower.follower.ensemble.levels()] + [tuple(alarm) for alarm in follower.follower.alarms]


def test_the_answer_hangs_on_the_rows_alone(written: dict[str, Any], tmp_path: Path) -> None:
    tags = load_tags(written)
    rows = rows_of(tags)
    whole = RowFollower(tags, watched=False)
    whole.take(rows)
    assert whole.ensemble_time >= 0.97 * DAY
    parts = RowFollower(tags, watched=False)
    for first in range(0, len(rows), 617):  # put away and taken up again each time
        parts.take(rows[first : first + 617])
        write_state(tmp_path / "state", parts.save())
        parts = RowFollower(tags, watched=False)
        parts.load(read_state(tmp_path / "state"))
    assert answer(parts) == answer(whole) and parts.number == whole.number


def test_a_seen_level_is_followed(written: dict[str, Any]) -> None:
    tags = load_tags(written)
    emulator = Emulator(tags, load_emulation(None, tags, 5))
    follower = RowFollower(tags, watched=False)
    truth = {}
    number = 0
    for part in emulator.run(DAY):
        truth[part.time] = part.truth
        rows = [Row(number + k + 1, reading, reading.time) for k, reading in enumerate(part.readings)]
        number += len(rows)
        follower.take(rows)
    bay = next(row for row in follower.follower.ensemble.levels() if row.quantity == "level.steel_bay")
    assert abs(bay.mean - truth[follower.ensemble_time]["level.steel_bay"]) < 600.0  # three deviations of a reading; a bay holds 60 t


@pytest.mark.parametrize("lie", ["nan", "future", "past", "unknown", "infinite", "huge"])
def test_lies_do_not_stop_it(written: dict[str, Any], lie: str) -> None:
    tags = load_tags(written)
    rows = rows_of(tags, days=0.25)
    lies = {
        "nan": Reading("YARD", 0.0, math.nan),
        "future": Reading("YARD", tags.start + 1e8, 20.0),
        "past": Reading("YARD", tags.start - 1e8, 20.0),
        "unknown": Reading("'; drop table", 0.0, 1.0),
        "infinite": Reading("YARD", 0.0, math.inf),
        "huge": Reading("YARD", 0.0, 1e300),
    }
    told = lies[lie]
    mixed = [r for row in rows for r in (row, row._replace(reading=told if told.time else told._replace(time=row.reading.time)))]
    follower = RowFollower(tags, watched=False)
    follower.take(mixed)
    assert 0.2 * DAY < follower.ensemble_time < 0.3 * DAY  # one clock that lies does not run away with it
    assert all(math.isfinite(row.mean) and row.low <= row.mean <= row.high for row in follower.follower.ensemble.levels())


def test_readings_whose_sum_is_beyond_every_number_do_not_stop_it(written: dict[str, Any]) -> None:
    """Two of a window of an averaged tag, each of them a number."""
    written["tags"]["MAGNET_POWER"]["unit"] = "W"
    tags = load_tags(written)
    follower = RowFollower(tags, watched=False)
    wild = [Row(k + 1, Reading("MAGNET_POWER", tags.start + 60.0 * (k + 1), 1.7e308, True, k), 0.0) for k in range(2)]
    follower.take([*wild, *(row for row in rows_of(tags, days=0.1) if row.reading.signal != "MAGNET_POWER")])
    assert 0.05 * DAY < follower.ensemble_time < 0.15 * DAY
    assert all(math.isfinite(row.mean) for row in follower.follower.ensemble.levels())


def test_clocks_that_show_another_year_for_minutes_do_not_take_the_estimate_with_them(written: dict[str, Any]) -> None:
    """All of them at once, as of one server; half of the signals then say that the plant is ten years on."""
    tags = load_tags(written)
    rows = rows_of(tags, days=0.25)
    begin, year = tags.start + 0.1 * DAY, 3650.0 * DAY
    mad = [row._replace(reading=row.reading._replace(time=row.reading.time + year)) if 0.0 < row.reading.time - begin < 400.0 else row for row in rows]
    assert sum(row.reading.time > tags.start + year for row in mad) > 1
    follower = RowFollower(tags, watched=False)
    follower.take(mad)
    assert 0.2 * DAY < follower.ensemble_time < 0.3 * DAY


def test_after_weeks_of_silence_it_goes_on(written: dict[str, Any]) -> None:
    tags = load_tags(written)
    rows = rows_of(tags, days=0.2)
    away = 9.0 * DAY
    gap = [row._replace(reading=row.reading._replace(time=row.reading.time + away)) if row.reading.time > tags.start + 0.1 * DAY else row for row in rows]
    follower = RowFollower(tags, watched=False)
    follower.take(gap)
    assert away + 0.15 * DAY < follower.ensemble_time < away + 0.2 * DAY


def at(tags: Tags, signal: str, times: list[float]) -> list[Row]:
    """Rows of a signal at times, s from the start."""
    return [Row(k + 1, Reading(signal, tags.start + time, 20.0), tags.start + time) for k, time in enumerate(times)]


def test_a_reading_that_strays_again_after_weeks_is_not_believed(written: dict[str, Any]) -> None:
    """Two of an instrument that is silent, far apart: the plant has not gone on between them."""
    follower = RowFollower(load_tags(written), watched=False)
    for name in [tag.signal for tag in follower.tags.shown]:
        follower.take(at(follower.tags, name, [10.0 * DAY, 24.0 * DAY]))
    assert follower.ensemble_time == 0.0


def test_a_reading_that_strays_does_not_keep_those_after_it_from_being_believed(written: dict[str, Any], tmp_path: Path) -> None:
    """The first says a year on; the plant goes on ten days on, through a restart, and is followed."""
    tags = load_tags(written)
    follower = RowFollower(tags, watched=False)
    names = [tag.signal for tag in tags.shown]
    for name in names:
        follower.take(at(tags, name, [365.0 * DAY, 10.0 * DAY, 10.0 * DAY + 300.0]))
    assert follower.reached == -math.inf
    write_state(tmp_path / "state", follower.save())
    follower = RowFollower(tags, watched=False)
    follower.load(read_state(tmp_path / "state"))
    for name in names:
        follower._reach(name, 10.0 * DAY + 600.0)
        follower._reach(name, 10.0 * DAY + 900.0)
    assert follower.reached == 10.0 * DAY + 900.0


def test_states_are_plain_files(tmp_path: Path) -> None:
    state = {"a": np.arange(3.0), "b": (1, [2.5, None, True, "x"]), "c": {"d": np.float64(2.0)}, "n": math.inf}
    write_state(tmp_path / "s", state)
    found = read_state(tmp_path / "s")
    assert found["a"].tolist() == [0, 1, 2] and found["b"] == (1, [2.5, None, True, "x"]) and found["c"]["d"] == 2.0 and found["n"] == math.inf
    raw = bytearray((tmp_path / "s").read_bytes())
    raw[-20] ^= 1
    (tmp_path / "s").write_bytes(raw)
    with pytest.raises(FileError, match="damaged"):
        read_state(tmp_path / "s")
    (tmp_path / "x").write_text("something")
    with pytest.raises(FileError, match="no state"):
        read_state(tmp_path / "x")
    with pytest.raises(FileError):
        write_state(tmp_path / "x", state)


def emulated(written: dict[str, Any], folder: Path, days: float) -> Path:
    (folder / "tags.yaml").write_text(yaml.safe_dump(written))
    tags = load_tags(written)
    sink = CsvSink(folder / "readings.csv")
    emulate(Emulator(tags, load_emulation(None, tags, 5)), [sink], None, days * DAY, math.inf)
    sink.close()
    return folder / "tags.yaml"


def test_the_command_killed_twice_gives_the_same_answer(written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tags = emulated(written, tmp_path, 0.4)
    scenario = written["plant"]["scenario"]
    common = [scenario, str(tags), "--until", "0.3 d", "--no-alarms", "--json"]
    assert main(["live", *common, "--folder", str(tmp_path / "whole")]) == 0
    whole = json.loads(capsys.readouterr().out)
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-m", "twin", "live", *common, "--folder", str(tmp_path / "killed")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert until(lambda: (tmp_path / "killed" / "history.sqlite").exists())
        time.sleep(0.4)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert main(["live", *common, "--folder", str(tmp_path / "killed")]) == 0
    killed = json.loads(capsys.readouterr().out)
    assert killed["estimates"] == whole["estimates"]
    tags.write_text(tags.read_text() + "title: another\n")
    assert main(["live", *common, "--folder", str(tmp_path / "killed")]) == 2
    assert "other tags" in capsys.readouterr().out
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert kinds[0] == "started" and kinds[-1] == "stopped" and "source up" in kinds


def test_a_disk_that_is_full_for_a_while_costs_nothing(written: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = load_tags(emulated(written, tmp_path, 0.2))
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    monkeypatch.setattr("twin.live.running.RETRY", 0.05)
    append, failures = History.append, [3]

    def failing(self: History, readings: Any, received: float) -> Any:
        if failures[0]:
            failures[0] -= 1
            raise FileError("the disk is full")
        return append(self, readings, received)

    monkeypatch.setattr(History, "append", failing)
    twin.run(0.15 * DAY)
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "live" / "log.jsonl").read_text().splitlines()]
    assert "fault" in kinds and "recovered" in kinds
    with HistoryReader(tmp_path / "live" / "history.sqlite") as reader:
        assert not reader.never_came()


def test_alarms_after_a_time_without_them_have_numbers_of_their_own_and_what_changes_is_logged(written: dict[str, Any], tmp_path: Path) -> None:
    """An alarm of before stays as it is; a cause that is found out later comes into the log."""
    tags = load_tags(emulated(written, tmp_path, 0.02))
    quiet = RowFollower(tags, watched=False)
    old = Alarm(100.0, "YARD", "sensor", "stands still", 1, ("YARD",))
    quiet.follower.alarms.append(old)
    write_state(tmp_path / "state", quiet.save())
    follower = RowFollower(tags)
    follower.load(read_state(tmp_path / "state"))
    twin = LiveTwin(tags, follower, tmp_path / "live")
    follower.follower.watch_with(unblaming(follower.follower, 3.0))
    monitor = follower.follower._monitor
    assert monitor is not None

    def tell(end: float, signal: str, kind: Any, subject: str) -> None:
        told = monitor._events.told(Alarm(end, signal, kind, f"{signal}: {kind}"), subject)
        assert told is not None
        follower.follower._raise(end, told)

    tell(1800.0, "STEEL_BAY", "cannot tell", "")
    tell(9000.0, "STEEL_BAY", "machine", "units.magnet.rate")
    tell(9900.0, "MAGNET_POWER", "cannot tell", "")
    assert [alarm.event for alarm in follower.follower.alarms] == [1, 2] and follower.follower.alarms[0] == old
    twin.run(0.0)
    rows = [json.loads(line) for line in (tmp_path / "live" / "log.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["kind"].startswith("alarm")]
    said = [(row["kind"], row["event"], row["alarm"], row["at"] - tags.start) for row in rows]
    assert said == [("alarm", 2, "cannot tell", 1800.0), ("alarm changed", 2, "machine", 1800.0), ("alarm changed", 2, "machine", 1800.0)]
    assert "Shown by MAGNET_POWER too" in rows[-1]["text"]


def test_rest_and_opcua(written: dict[str, Any], tmp_path: Path) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    from twin.live.serving.opcua import EstimateServer
    from twin.live.serving.rest import RestServer, make_app

    tags = load_tags(emulated(written, tmp_path, 0.1))
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    address = f"opc.tcp://127.0.0.1:{free_port()}/twin"
    served = EstimateServer(twin, address)
    try:
        twin.run(0.08 * DAY, served.update)
        assert _read(address, "level.yard.mean") == pytest.approx(twin.follower.follower.ensemble.levels()[0].mean)
        assert _read(address, "level.yard.in_8_h.low") <= _read(address, "level.yard.in_8_h.high")
        assert _read(address, "content.steel_bay.steel.low") <= _read(address, "content.steel_bay.steel.mean") <= 1.0
        assert _read(address, "alarms") == 0.0 and _read(address, "health.ok") == 1.0
        twin.follower.follower.alarms.append(Alarm(100.0, "YARD", "sensor", "stands still"))
        served.update()
        assert _read(address, "alarm.text") == "stands still" and _read(address, "alarm.time") == tags.start + 100.0
    finally:
        served.close()
    client = testclient.TestClient(make_app(twin, "secret-token"))
    assert client.get("/estimates").status_code == 401
    assert client.get("/estimates", headers={"Authorization": "Bearer wrong"}).status_code == 401
    client.headers["Authorization"] = "Bearer secret-token"
    levels = client.get("/estimates").json()["estimates"]
    assert [row["quantity"] for row in levels] == ["level.yard", "level.steel_bay"] and levels[0]["measured"]
    inside = {row["quantity"]: row for row in client.get("/inside").json()["inside"]}
    assert inside["content.yard.steel"]["low"] <= inside["content.yard.steel"]["mean"] <= inside["content.yard.steel"]["high"]
    assert client.get("/estimates?names=power.magnet").json()["estimates"][0]["quantity"] == "power.magnet"
    wrong = client.get("/estimates?names=level.yart")
    assert wrong.status_code == 422 and "level.yard" in wrong.json()["detail"]
    assert client.get("/weighed").json()["weighed"] == []  # too few trucks so far
    ahead = client.get("/forecast?hours=2").json()
    assert ahead["forecast"]["level.yard"]["low"] <= ahead["forecast"]["level.yard"]["high"]
    assert client.get("/forecast?hours=1e9").status_code == 422
    fan = client.get("/fan?hours=2&steps=2&quantity=level.yard").json()
    assert fan["leads"] == [3600.0, 7200.0] and fan["fan"]["level.yard"][1] == list(ahead["forecast"]["level.yard"].values())
    assert client.get("/fan?hours=2&steps=49").status_code == client.get("/fan?hours=0").status_code == 422
    (magnet,) = client.get("/states").json()["states"][:1]
    assert magnet["unit"] == "magnet" and 0.0 <= magnet["works"][1] <= magnet["works"][0] <= magnet["works"][2] <= 1.0
    assert math.fsum(magnet["shares"].values()) == pytest.approx(1.0)
    assert client.get("/alarms").json()["alarms"][0]["text"] == "stands still"
    assert client.get("/health").json()["rows"] > 0
    assert client.post("/estimates").status_code == 405  # nothing can be set
    assert {"/estimates", "/forecast", "/alarms", "/health"} <= set(client.get("/openapi.json").json()["paths"])
    with pytest.raises(UsageError, match="--open"):
        RestServer(twin, "t", "0.0.0.0", free_port())


def _read(address: str, name: str) -> Any:
    import asyncio

    asyncua = pytest.importorskip("asyncua")

    async def read() -> Any:
        async with asyncua.Client(address) as client:
            return await client.get_node(f"ns=2;s={name}").read_value()

    return asyncio.run(read())


def test_what_if_over_rest(written: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    from twin.live.serving import rest

    tags = load_tags(emulated(written, tmp_path, 0.1))
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    twin.run(0.08 * DAY)
    before = twin.follower.follower.state()
    client = testclient.TestClient(rest.make_app(twin, "secret-token"))
    asked = {"change": {"units.magnet.rate": "4 t/h"}, "hours": 2, "pairs": 12, "quantities": ["level.yard"]}
    assert client.post("/what-if", json=asked).status_code == 401
    client.headers["Authorization"] = "Bearer secret-token"
    found = client.post("/what-if", json=asked)
    assert found.status_code == 200, found.text
    (by_python,) = twin.follower.follower.what_if({"units.magnet.rate": "4 t/h"}, ["level.yard"], [7200.0], 12)
    row = found.json()["difference"]["level.yard"]
    assert (row["mean"], row["low"], row["high"]) == (by_python.mean, by_python.low, by_python.high) and row["mean"] > 0.0
    assert twin.follower.follower.state() == before
    for wrong, words in (
        ({"change": {"units.magnet.rade": "4 t/h"}}, "rate"),
        ({"change": {"units.magnet.rate": "4 t"}}, "units.magnet.rate"),
        ({"change": {}}, "values by path"),
        ({"change": "x"}, "values by path"),
        ({"hours": 1e9}, "at most 168"),
        ({"hours": True}, "at most 168"),
        ({"pairs": 1}, "from 2 to"),
        ({"hours": 168, "pairs": 31}, "from 2 to 30"),
        ({"quantities": ["level.yart"]}, "level.yard"),
        ({"quantities": []}, "list of 1 to"),
        ({"set": 1}, "is not asked for"),
    ):
        bad = client.post("/what-if", json=asked | wrong)
        assert bad.status_code == 422 and words in bad.json()["detail"], (wrong, bad.text)
    assert client.post("/what-if", json=asked | {"quantities": ["x" * 70_000]}).status_code == 413
    assert client.post("/what-if", content=b"{").status_code == 422
    assert client.post("/what-if", json=[1]).status_code == 422

    def while_answering(*arguments: Any) -> Any:
        again = testclient.TestClient(client.app, headers=dict(client.headers)).post("/what-if", json=asked)
        assert again.status_code == 429 and again.headers["retry-after"] == "5"
        return []

    monkeypatch.setattr(rest, "what_if", while_answering)
    assert client.post("/what-if", json=asked).json()["difference"] == {}


def test_silence_of_all_signals_is_told(written: dict[str, Any], tmp_path: Path) -> None:
    tags = load_tags(emulated(written, tmp_path, 0.02))
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    twin.run(0.01 * DAY)
    for source in twin.sources:
        source.health.state = "up"
    assert twin.health()["ok"] and not twin.health()["silent"] and twin.silence == 600.0
    twin.began -= 700.0
    for source in twin.sources:
        source.health.last -= 700.0
    found = twin.health()
    assert found["silent"] and not found["ok"] and found["silent_for"] >= 700.0
    twin._listen_for_silence()
    twin._listen_for_silence()
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "live" / "log.jsonl").read_text().splitlines()]
    assert kinds.count("silent") == 1
    json.dumps(found)


def test_the_history_as_parquet_by_the_command(written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    tags = str(emulated(written, tmp_path, 0.1))
    common = ["live", written["plant"]["scenario"], tags, "--folder", str(tmp_path / "live")]
    assert main([*common, "--until", "0.08 d", "--no-alarms"]) == 0
    capsys.readouterr()
    out = tmp_path / "all.parquet"
    assert main([*common, "--archive", str(out), "--json"]) == 0
    count = json.loads(capsys.readouterr().out)["readings"]
    assert count == parquet.read_table(out).num_rows > 100
    part = tmp_path / "part.parquet"
    assert main([*common, "--archive", str(part), "--from", "2026-01-05T06:30+01:00", "--to", "2026-01-05T07:00+01:00"]) == 0
    times = parquet.read_table(part).column("time").to_pylist()
    assert times and min(times) >= load_tags(written).start + 1800.0 and max(times) < load_tags(written).start + 3600.0
    assert main([*common, "--archive", str(out)]) != 0  # it exists
    assert main([*common, "--archive", str(tmp_path / "x"), "--from", "soon"]) == 2
    assert main([*common, "--from", "2026-01-05"]) == 2
    assert main([*common[:3], "--folder", str(tmp_path / "none"), "--archive", str(tmp_path / "y")]) != 0


def test_the_address_of_rest_stands_in_the_folder_while_it_serves(written: dict[str, Any], tmp_path: Path) -> None:
    tags, port, folder = emulated(written, tmp_path, 0.1), free_port(), tmp_path / "live"
    command = [sys.executable, "-m", "twin", "live", written["plant"]["scenario"], str(tags), "--folder", str(folder), "--no-alarms", "--rest", str(port)]
    twin = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until((folder / "address").exists, 60.0) and (folder / "address").read_text() == f"127.0.0.1:{port}\n"
    finally:
        twin.send_signal(signal.SIGINT)
        twin.wait(30)
    assert (folder / "token").exists() and not (folder / "address").exists()


def test_rest_over_a_port(written: dict[str, Any], tmp_path: Path) -> None:
    httpx = pytest.importorskip("httpx")
    from twin.live.serving.rest import RestServer

    tags = load_tags(emulated(written, tmp_path, 0.01))
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    port = free_port()
    server = RestServer(twin, "secret", "127.0.0.1", port)
    try:
        assert httpx.get(f"http://127.0.0.1:{port}/health", headers={"Authorization": "Bearer secret"}).json()["fault"] == ""
        with pytest.raises(FileError, match="taken"):
            RestServer(twin, "secret", "127.0.0.1", port)
    finally:
        server.close()
        twin.run(0.0)
    assert (tmp_path / "live" / "state").exists()
