"""What no output may claim: compliance with a law, a recycling rate in the place of a recovery, or an interval from one run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from twin.cli import main

ROOT = Path(__file__).parents[2]
FOLDERS = ("twin", "docs", "scenarios", "benchmarks")
READABLE = (".py", ".md", ".yaml", ".json", ".html", ".j2", ".css", ".js", ".csv", ".txt")
COMPLIANT = re.compile(r"\bcomplian(?:t|ce)\b", re.IGNORECASE)
RATE = re.compile(r"recycling[\s_-]+rate", re.IGNORECASE)
PLANT = """\
twin: 1
name: one
time: {horizon: 2 d}
lot: 200 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}, power: {idle: 5 kW}}
  good_out: {kind: product, from: sort.good, targets: [good], spec: {good: ">= 80 %"}, price: {value: 100 EUR/t}}
  bad_out: {kind: product, from: sort.bad}
"""
COMMANDS = (
    ["run", "one.yaml"],
    ["run", "one.yaml", "--json"],
    ["run", "one.yaml", "--replications", "1", "--executor", "serial"],
    ["run", "one.yaml", "--replications", "3", "--executor", "serial"],
    ["compare", "one.yaml", "two.yaml", "--replications", "3", "--executor", "serial"],
    ["compare", "one.yaml", "two.yaml", "--replications", "1", "--executor", "serial"],
    ["validate", "one.yaml"],
    ["schema"],
    ["run", "--help"],
    ["compare", "--help"],
    ["--help"],
)


def wrong_claims(text: str) -> list[str]:
    """Passages that claim what may not be claimed; that recovery is *not* the recycling rate may be said."""
    rates = [match for match in RATE.finditer(text) if not re.search(r"\b(?:not|no|never)\b[^.]{0,80}\Z", text[: match.start()])]
    return [text[max(0, match.start() - 60) : match.end() + 20] for match in (*COMPLIANT.finditer(text), *rates)]


def test_a_wrong_claim_is_found() -> None:
    assert wrong_claims("The plant is compliant.")
    assert wrong_claims("It is not new. Recycling rate: 91 %")
    assert wrong_claims('kpi_labels = {"recovery": "recycling_rate"}')
    assert not wrong_claims("Recovery is not the legal recycling rate.")


def test_no_text_of_the_project_claims_too_much() -> None:
    texts = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in READABLE]
    assert len(texts) > 100
    found = {str(path.relative_to(ROOT)): wrong_claims(path.read_text(encoding="utf-8")) for path in [*texts, ROOT / "README.md"]}
    assert {path: claims for path, claims in found.items() if claims} == {}


@pytest.fixture
def two_plants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(PLANT, encoding="utf-8")
    (tmp_path / "two.yaml").write_text("twin: 1\nextends: one.yaml\nname: two\nchange: {units.sort.rate: 1 t/h}\n", encoding="utf-8")


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_claims_too_much(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(command)
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    assert code == 0
    assert wrong_claims(printed.out + printed.err) == []


@pytest.mark.usefixtures("two_plants")
def test_a_number_of_one_run_stands_without_interval_and_is_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "one.yaml"]) == 0
    assert "one run, seed 1, replication 0: no interval" in capsys.readouterr().out
    assert main(["run", "one.yaml", "--replications", "1", "--executor", "serial"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^throughput +\S+ t/h +– +1 +one run: no interval *$", printed, re.MULTILINE)
    assert " to " not in printed.replace("from 0 s to 2 d", "")
    assert main(["run", "one.yaml", "--replications", "1", "--executor", "serial", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["kpis"]
    assert {kpi["interval"] for kpi in found.values()} == {None}
    assert {kpi["flag"] for kpi in found.values()} == {"one run: no interval", "no value"}
    assert main(["compare", "one.yaml", "two.yaml", "--replications", "1", "--executor", "serial"]) == 0
    printed = capsys.readouterr().out
    assert "one run each: a change has no interval and may be chance" in printed
    assert "±" not in printed
    assert "better" not in printed
