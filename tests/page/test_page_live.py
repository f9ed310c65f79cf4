"""The page of a twin at work: what its files say, what it is asked while it runs, and what is refused."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served_pages import Served

from twin.live.alarm import Alarm
from twin.live.emulator.emulate import emulate
from twin.live.emulator.emulator import Emulator
from twin.live.emulator.sinks import CsvSink
from twin.live.emulator.study_file import load_emulation
from twin.live.estimates_file import alarm_row
from twin.live.following import RowFollower
from twin.live.running import LiveTwin
from twin.live.tags import load_tags

pytest.importorskip("fastapi", reason="no REST: pip install 'twin[live]'")
expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect

SCENARIO = Path(__file__).parents[1] / "live" / "small_line.yaml"
DAY, TOKEN = 86400.0, "the-token-of-this-twin"
TAGS: dict[str, Any] = {
    "live": 1,
    "plant": {"scenario": str(SCENARIO), "start": "2026-01-05T06:00+01:00"},
    "estimate": {"members": 10, "forecasts": {"every": "1 h", "leads": ["1 h", "8 h"]}},
    "sources": {"log": {"file": "readings.csv"}},
    "tags": {
        "YARD": {"quantity": "level.yard", "unit": "t", "error": "3 %", "bias": "500 kg", "every": "1 min"},
        "MAGNET_RUNS": {"quantity": "state.magnet", "unit": "%", "error": "1 %", "every": "15 min"},
        "TRUCKS": {"input": "deliveries", "unit": "t"},
        "STEEL_TRUCKS": {"input": "steel", "unit": "t"},
    },
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveTwin, int]]:
    """A twin that has followed two hours of its plant, and is asked at a port."""
    from twin.live.serving.rest import RestServer

    folder = tmp_path_factory.mktemp("live")
    (folder / "tags.yaml").write_text(json.dumps(TAGS), encoding="utf-8")
    tags = load_tags(folder / "tags.yaml")
    sink = CsvSink(folder / "readings.csv")
    emulate(Emulator(tags, load_emulation(None, tags, 5)), [sink], None, 0.12 * DAY, math.inf)
    sink.close()
    twin = LiveTwin(tags, RowFollower(tags, watched=False), folder / "live")
    twin.run(0.1 * DAY)
    first = Alarm(5100.0, "YARD", "cannot tell", "the yard is below what is expected", 7, ("YARD",))
    cause = Alarm(6000.0, "YARD", "sensor", "the sensor <b>stands</b> still", 7, ("YARD", "POWER"))
    twin.estimates.add(alarm_row(tags.start + first.time, first))
    twin.estimates.add(alarm_row(tags.start + cause.time, cause, joins=True))
    twin.estimates.flush()
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port = int(own.getsockname()[1])
    server = RestServer(twin, TOKEN, "127.0.0.1", port)
    yield twin, port
    server.close()


@pytest.fixture
def beside(shared: Served, followed: tuple[LiveTwin, int]) -> Served:
    """The page of a folder in which that twin has its own."""
    twin, port = followed
    shutil.copytree(twin.folder, shared.folder / "live")
    shutil.copy(SCENARIO, shared.folder)
    (shared.folder / "live" / "token").write_text(TOKEN, encoding="utf-8")
    (shared.folder / "live" / "address").write_text(f"127.0.0.1:{port}\n", encoding="utf-8")
    return shared


def test_where_the_plant_stands_is_what_the_twin_says(beside: Served, followed: tuple[LiveTwin, int]) -> None:
    twin, _ = followed
    ensemble = twin.follower.follower.ensemble
    found = beside.ask("live")
    assert found["names"] == ["live"] and found["file"] == "small_line.yaml" and 'data-unit="magnet"' in found["svg"]
    said = {row["name"]: (row["mean"], row["low"], row["high"], row["capacity"], row["measured"]) for row in found["twin"]["levels"]}
    for row in ensemble.levels():
        mean, low, high, capacity, measured = said[row.quantity]
        assert (mean, low, high) == pytest.approx((row.mean, row.low, row.high), rel=1e-6, abs=1e-3)
        assert capacity == ensemble.capacities[row.quantity.removeprefix("level.")] and measured == row.measured
    assert found["twin"]["time"] == twin.follower.follower.time and len(found["twin"]["past"]["level.yard"]) == round(ensemble.time / 900.0)
    (alarm,) = found["twin"]["alarms"]  # one event: when it was first told, and the cause that was found out since
    assert (alarm["signal"], alarm["kind"], alarm["time"]) == ("YARD", "sensor", twin.tags.start + 5100.0)
    assert found["twin"]["fan"]["leads"] == [3600.0, 28800.0]
    works = {one["unit"]: one["works"] for one in found["running"]["states"]}
    (magnet,) = ensemble.of(["state.magnet"])
    assert works["magnet"] == [magnet.mean, magnet.low, magnet.high]
    assert all(0.99 < sum(one["shares"].values()) < 1.01 for one in found["running"]["states"])


def test_what_comes_and_what_if_are_asked_of_the_twin_itself(beside: Served, followed: tuple[LiveTwin, int]) -> None:
    twin, _ = followed
    before = twin.follower.follower.state()
    ahead = beside.ask("fan", name="live", hours=6)
    leads = [1800.0 * (k + 1) for k in range(12)]
    by_python = twin.follower.follower.forecast(["level.yard"], leads)
    assert ahead["leads"] == leads and ahead["fan"]["level.yard"] == [list(row) for row in by_python.fan("level.yard")]
    asked = beside.ask("what_if", name="live", change={"units.magnet.rate": "4,5 t/h"}, hours=2, pairs=12, language="de")
    (yard,) = twin.follower.follower.what_if({"units.magnet.rate": "4.5 t/h"}, ["level.yard"], [7200.0], 12)
    row = next(one for one in asked["rows"] if one["name"] == "level.yard")
    assert row["sure"] == (not yard.low <= 0.0 <= yard.high) and row["texts"][0].split()[0] == f"{yard.mean / 1000:.4g}".replace(".", ",")
    assert twin.follower.follower.state() == before
    for change, words in (({"units.magnet.rate": "1.200 t/h"}, "as 1.2 t/h or as 1200 t/h"), ({"units.magnet.rade": "4 t/h"}, "rate"), ({}, "is needed")):
        assert words in beside.ask("what_if", name="live", change=change, hours=2)["error"]
    for wrong in ({"hours": 0}, {"hours": 1e9}, {"hours": True}, {"pairs": 1}, {"pairs": 201}):
        assert "error" in beside.ask("what_if", name="live", change={"units.magnet.rate": "4 t/h"}, **wrong)


def test_a_twin_is_asked_on_this_computer_alone(beside: Served, tmp_path: Path) -> None:
    own = beside.folder / "live"
    for address in ("192.0.2.1:80", "evil.example:80", "127.0.0.1:99999999", "127.0.0.1@evil.example:80", ""):
        (own / "address").write_text(address, encoding="utf-8")
        assert beside.ask("live")["running"] is None
        assert "no twin answers" in beside.ask("fan", name="live", hours=2)["error"], address
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        (own / "address").write_text(f"127.0.0.1:{closed.getsockname()[1]}", encoding="utf-8")
        assert "no twin answers" in beside.ask("fan", name="live", hours=2)["error"]


def test_another_token_is_said(beside: Served) -> None:
    (beside.folder / "live" / "token").write_text("another", encoding="utf-8")
    assert beside.ask("live")["running"] is None
    assert "another token" in beside.ask("fan", name="live", hours=2)["error"]
    (beside.folder / "live" / "token").write_text("two\r\nlines", encoding="utf-8")
    assert "no twin answers" in beside.ask("fan", name="live", hours=2)["error"]


def test_nothing_of_a_twin_outside_the_folder_is_read(beside: Served) -> None:
    elsewhere = beside.folder.parent / "elsewhere"
    shutil.move(beside.folder / "live", elsewhere)
    (beside.folder / "live").symlink_to(elsewhere)
    assert beside.ask("live")["names"] == []
    (beside.folder / "live").unlink()
    (beside.folder / "live").mkdir()
    (beside.folder / "live" / "estimates.jsonl").symlink_to(elsewhere / "estimates.jsonl")
    for name in ("../elsewhere", "live", "..", str(elsewhere)):
        assert "there is no folder" in beside.ask("live", name=name)["error"]
    (beside.folder / "live" / "estimates.jsonl").unlink()
    os.mkfifo(beside.folder / "live" / "estimates.jsonl")
    assert beside.ask("live")["names"] == []


def test_files_of_a_twin_may_be_damaged(beside: Served) -> None:
    file = beside.folder / "live" / "estimates.jsonl"
    whole = file.read_bytes()
    windows = beside.ask("live")["twin"]["past"]["level.yard"]
    file.write_bytes(whole + b'{"time": 17')  # being written
    assert beside.ask("live")["twin"]["past"]["level.yard"] == windows
    for content in (
        b"",
        b"x\n",
        b"[" * 100_000 + b"\n",
        b'{"estimates": 1}\n',
        whole.split(b"\n")[0] + b'\n{"time": 1, "levels": {"level.yard": 3}}\n',
        b"\0" * 100,
    ):
        file.write_bytes(content)
        assert "estimates.jsonl" in beside.ask("live")["error"], content[:40]


@pytest.mark.soak
def test_a_twin_is_looked_at_and_asked_in_the_browser(beside: Served, tab: Callable[..., Any]) -> None:
    one = tab(beside)
    page = one.drawn()
    page.goto(f"{beside.root}/#live")
    expect(page.locator("#l-alarms + ul")).to_contain_text("the sensor <b>stands</b> still", timeout=30_000)
    page.locator(".film [data-unit=magnet][data-state]").wait_for()
    assert page.locator(".spans svg").first.get_attribute("aria-label").startswith("level.yard")
    page.locator(".levels canvas").wait_for()
    expect(page.locator("#l-fan ~ .note")).to_contain_text("in 8 h nine of ten futures", timeout=30_000)
    page.get_by_role("button", name="Look 24 h ahead").click()
    expect(page.locator("#l-fan ~ .note")).to_contain_text("in 24 h nine of ten futures", timeout=60_000)
    page.get_by_label("Which").fill("units.magnet.rate")
    page.get_by_label("New value").fill("4 t/h")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("section[aria-labelledby=l-if] tbody")).to_contain_text("level.yard", timeout=60_000)
