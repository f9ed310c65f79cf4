"""What a twin said against what came: figures by hand, through the commands, and files that are none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import twin
from twin.cli import main
from twin.errors import FileError, UsageError
from twin.live.ensemble.forecast import crps
from twin.live.tags import load_tags

DAY, WINDOW = 86400.0, 900.0
WINDOWS = 2 * 96


def made(written: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """A twin whose yard is always 2 t too high and whose bay is right in every second window; the truth rises by 100 kg a window."""
    tags = load_tags(written)
    head = {"estimates": 1, "scenario": "", "tags": tags.sha256, "start": tags.start, "window": WINDOW, "capacities": {"yard": 100e3, "steel_bay": 50e3}}
    said: list[dict[str, Any]] = [head | {"measured": ["level.yard"]}]
    hidden = {"units.magnet.rate": "11 t/h"}
    faults = [{"signal": "YARD", "kind": "stuck", "from": 1.5 * DAY, "to": 1.6 * DAY}]
    true: list[dict[str, Any]] = [{"truth": 1, "seed": 1, "start": tags.start, "hidden": hidden, "faults": faults, "stops": []}]
    for k in range(1, WINDOWS + 1):
        time, level = tags.start + k * WINDOW, 100.0 * k
        yard, bay = [level + 2000.0, level - 5000.0, level + 5000.0], [level + (500.0 if k % 2 else -500.0), level, level + 600.0 * (k % 2)]
        rate = [9.9 / 3.6, 9.0 / 3.6, 10.0 / 3.6]
        said.append({"time": time, "levels": {"level.yard": yard, "level.steel_bay": bay}, "parameters": {"units.magnet.rate": rate}})
        true.append({"time": time, "values": {"level.yard": level, "level.steel_bay": level + (0.0 if k % 2 else 2000.0)}})
    at = tags.start + DAY
    members = [9600.0 + 500.0, 9600.0 + 1000.0, 9600.0 - 500.0]
    said.insert(100, {"time": at, "forecast": {"leads": [3600.0], "quantities": ["level.yard"], "values": [[members]]}})
    alarms = [(1.2 * DAY, "YARD", "sensor"), (1.55 * DAY, "POWER", "machine"), (1.6 * DAY, "YARD", "sensor")]
    said += [{"time": tags.start + time, "alarm": {"time": 0.0, "signal": s, "kind": kind, "text": ""}} for time, s, kind in alarms]
    for name, rows in (("estimates.jsonl", said), ("truth.jsonl", true)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder, folder / "truth.jsonl"


def test_figures_by_hand(written: dict[str, Any], tmp_path: Path) -> None:
    written["estimate"]["parameters"] = {"units.magnet.rate": {"low": "8 t/h", "high": "12 t/h"}}
    found = twin.score(written, *made(written, tmp_path), inputs_alone=False)
    assert found.against == "truth" and found["days"].value == 1.0 and found["days"].count == 96
    assert found["error, levels read"].value == pytest.approx(0.02) and found["error, levels read"].count == 96
    assert found["inside 90 %, levels read"].value == 1.0
    bay = math.sqrt((0.01**2 + 0.05**2) / 2.0)  # half of the windows off by 500 kg, half by -2,500 kg, of 50 t
    assert found["error, levels not read"].value == pytest.approx(bay)
    assert found["inside 90 %, levels not read"].value == 0.5
    assert found["error of units.magnet.rate"].value == pytest.approx(0.1)  # 9.9 of 11 t/h
    assert found["inside 90 %, units.magnet.rate"].value == 0.0
    came, moved = 9600.0 + 400.0, np.full(92, 400.0)  # every hour so far the truth rose by 400 kg: persistence errs by nothing
    assert found["score (fair CRPS), 1 h ahead"].value == pytest.approx(crps(np.array([10_100.0, 10_600.0, 9_100.0]), came) / 100e3)
    assert found["score of persistence, 1 h ahead"].value == pytest.approx(crps(9600.0 + moved, came) / 100e3)
    assert found["alarms a month"].value == pytest.approx(90.0)
    assert found["false alarms a month"].count == 1  # the one before the fault
    assert found["delay of stuck of YARD from 36 h"].value == pytest.approx(0.1 * DAY)
    assert found["cause named right, stuck of YARD from 36 h"].value == 1.0
    assert math.isnan(found["error of inputs alone, levels read"].value)


def test_the_commands_from_plant_to_score(written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written["estimate"] |= {"forecasts": {"every": "6 h", "leads": ["1 h", "2 h"]}}
    scenario, tags = written["plant"]["scenario"], str(tmp_path / "tags.yaml")
    Path(tags).write_text(yaml.safe_dump(written))
    truth = str(tmp_path / "truth.jsonl")
    (tmp_path / "hidden.yaml").write_text("emulate: 1\ntruth: {change: {units.magnet.rate: 7 t/h}}\n")
    hidden = ["--hidden", str(tmp_path / "hidden.yaml")]
    assert (
        main(["emulate", scenario, "--tags", tags, *hidden, "--until", "0.6 d", "--speed", "max", "--csv", str(tmp_path / "readings.csv"), "--truth", truth])
        == 0
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    common = [scenario, tags, "--no-alarms", "--json"]
    assert main(["live", *common, "--until", "0.55 d", "--folder", str(whole)]) == 0
    for until in ("0.2 d", "0.37 d", "0.55 d"):  # stopped and begun again
        assert main(["live", *common, "--until", until, "--folder", str(parts)]) == 0
    assert (whole / "estimates.jsonl").read_bytes() == (parts / "estimates.jsonl").read_bytes()
    capsys.readouterr()
    asked = ["score", scenario, tags, "--folder", str(whole), "--warmup", "4 h", "--json"]
    assert main([*asked, "--truth", truth]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["figures"]}
    assert rows["error, levels read"]["value"] < 0.02 < rows["error of inputs alone, levels read"]["value"]  # its rate is hidden, and nobody learns it
    assert rows["inside 90 %, 1 h ahead"]["count"] == 4 and rows["score over that of persistence, 1 h ahead"]["count"] == 4
    assert main(asked) == 0
    real = {row["name"]: row for row in json.loads(capsys.readouterr().out)["figures"]}
    assert real["error, levels read"]["value"] is None and "nobody knows" in real["error, levels read"]["note"]
    assert abs(real["score (fair CRPS), 1 h ahead"]["value"] - rows["score (fair CRPS), 1 h ahead"]["value"]) < 0.02  # a reading's error apart
    assert main([*asked[:-1], "--no-inputs-alone", "--truth", truth]) == 0
    assert "not asked for" in capsys.readouterr().out


def test_files_that_are_none_are_told(written: dict[str, Any], tmp_path: Path) -> None:
    folder, truth = made(written, tmp_path)
    with pytest.raises(UsageError, match="got to 2 d"):
        twin.score(written, folder, truth, warmup="3 d", inputs_alone=False)
    with pytest.raises(FileError, match="cannot be read"):
        twin.score(written, folder / "nowhere")
    with pytest.raises(FileError, match="'truth': 1"):
        twin.score(written, folder, folder / "estimates.jsonl", inputs_alone=False)
    with pytest.raises(FileError, match="other tags"):
        twin.score(written | {"title": "another"}, folder, inputs_alone=False)
    lines = truth.read_text().splitlines()
    truth.write_text(json.dumps(json.loads(lines[0]) | {"start": 0.0}) + "\n")
    with pytest.raises(FileError, match="same run"):
        twin.score(written, folder, truth, inputs_alone=False)
    said = folder / "estimates.jsonl"
    rows = said.read_text().splitlines()
    for bad, words in (("}{", "no JSON"), ("[]", "no JSON object"), ('{"time": 1e9, "levels": {"level.yard": [1]}, "parameters": {}}', "damaged")):
        said.write_text("\n".join([*rows, bad]) + "\n")
        with pytest.raises(FileError, match=words):
            twin.score(written, folder, inputs_alone=False)
