"""Stop logs to mean times between failures and to repair: a published case, known answers, simulated logs, and the change file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from twin.cli import main
from twin.errors import UsageError
from twin.fit.lifetimes import FORMS, fit, fits
from twin.scenario import load

NIST = np.array([54, 187, 216, 240, 244, 335, 361, 373, 375, 386.0])
"""Hours to failure; ten more units ran to 500 h (NIST/SEMATECH e-Handbook, 8.4.1)."""
STILL = np.full(10, 500.0)
NOTHING = np.zeros(0)


def test_the_weibull_fit_is_that_of_the_nist_handbook() -> None:
    best, second, third = fits(NIST, STILL)
    assert best.form == "weibull"
    assert best.parameters["scale"].value == pytest.approx(606.528, abs=5e-4)
    assert best.parameters["shape"].value == pytest.approx(1.7208, abs=5e-5)
    assert best.aic == pytest.approx(154.27, abs=5e-3)
    assert (second.form, second.aic) == ("lognormal", pytest.approx(154.39, abs=5e-3))
    assert third.parameters["mean"].value == pytest.approx((NIST.sum() + STILL.sum()) / 10)


def test_fits_are_those_of_scipy() -> None:
    data = stats.CensoredData.right_censored(np.concatenate([NIST, STILL]), np.repeat([False, True], 10))
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    found = fit("weibull", NIST, STILL).parameters
    assert (found["shape"].value, found["scale"].value) == (pytest.approx(shape, rel=1e-5), pytest.approx(scale, rel=1e-5))
    sigma, _, median = stats.lognorm.fit(data, floc=0)
    lognormal = fit("lognormal", NIST, STILL).parameters
    assert lognormal["mean"].value == pytest.approx(median * math.exp(sigma**2 / 2), rel=1e-3)


def test_an_exponential_interval_is_on_the_logarithmic_scale() -> None:
    """Of n failures the logarithm of the mean has a standard deviation of 1/sqrt(n)."""
    mean = fit("exponential", np.full(16, 10.0), NOTHING, 0.95).mean
    assert mean.value == pytest.approx(10.0)
    assert mean.high / mean.value == pytest.approx(math.exp(1.959964 / 4), rel=1e-5)
    assert mean.low * mean.high == pytest.approx(mean.value**2)


def test_intervals_cover_as_often_as_they_say() -> None:
    """400 samples of 30 times of Weibull shape 1.7, cut at 1.2 scales: 90 % intervals hold the shape in 90 % of them, within 4 standard deviations."""
    random = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        times = 5.0 * random.weibull(1.7, 30)
        shape = fit("weibull", times[times < 6.0], np.full((times >= 6.0).sum(), 6.0)).parameters["shape"]
        held += shape.low <= 1.7 <= shape.high
    assert 0.84 <= held / 400 <= 0.96


@given(st.lists(st.floats(0.01, 1e4), min_size=5, max_size=40, unique=True), st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_another_unit_of_time_only_scales(times: list[float], factor: float) -> None:
    for form in FORMS:
        one, other = fit(form, np.array(times), NOTHING), fit(form, np.array(times) * factor, NOTHING)
        assert other.mean.value == pytest.approx(one.mean.value * factor, rel=1e-5)
        assert other.distance == pytest.approx(one.distance, abs=1e-6)


def test_few_times_are_exponential_and_none_are_refused() -> None:
    assert [found.form for found in fits(np.array([1.0, 2.0]), NOTHING)] == ["exponential"]
    with pytest.raises(UsageError, match="one time that ended"):
        fit("exponential", NOTHING, STILL)


# -- the command --------------------------------------------------------------------------------------------------------------------------

LOG = """\
machine,begin,end,reason
mill,2026-01-05T06:00,2026-01-05T07:00,jam
mill,2026-01-05T17:00,2026-01-05T18:00,belt
mill,2026-01-05T17:30,2026-01-05T19:00,jam
mill,2026-01-06T07:00,2026-01-06T08:00,service
mill,2026-01-06T15:00,2026-01-06T16:00,jam
"""
PLANT = """\
twin: 1
name: plant
lot: 500 kg
time: {start: 2026-01-05, horizon: 30 d}
materials: {rock: {}}
calendars: {day: {daily: ["06:00-18:00"]}}
units:
  yard: {kind: bunker, capacity: 9 kt, initial: {mass: 900 t, composition: {rock: 1}}}
  mill: {kind: splitter, from: yard, rate: 1 t/h, shares: {out: 1}, calendar: day}
  out: {kind: product, from: mill.out}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "plant.yaml").write_text(PLANT)
    return tmp_path


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["stops", "log.csv", "--json", *arguments]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_log_by_calendar_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Up for 10, 12 and 7 h between four stops, of which two overlap; the log goes on for 8 h after the last."""
    answer = found(capsys, "--to", "2026-01-07T00:00")
    every = answer["machines"][0]
    assert (every["cause"], every["stops"], every["clock"]) == ("all causes", 4, "calendar")
    assert every["down"] == pytest.approx(5.0)
    assert every["up_times"] == {"ended": 3, "censored": 1}
    assert every["between"][0]["mean"][0] == pytest.approx((10 + 12 + 7 + 8) / 3)
    assert any("overlap" in note for note in answer["notes"])
    causes = {row["cause"]: row for row in answer["machines"][1:]}
    assert causes["belt"]["up_times"] == {"ended": 1, "censored": 3}
    assert causes["belt"]["between"][0]["mean"][0] == pytest.approx(37.0)


def test_a_planned_stop_pauses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """12 h before the service and 7 h after it are one up time of 19 h."""
    every = found(capsys, "--planned", "service", "--to", "2026-01-07T00:00")["machines"][0]
    assert every["stops"] == 3
    assert every["between"][0]["mean"][0] == pytest.approx((10 + 19 + 8) / 2)


def test_closed_hours_do_not_count_with_a_plant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Open from 06:00 to 18:00: 10 h, then nothing of the evening and 1 h of the morning, 7 h, and 2 h to the end of the last day."""
    every = found(capsys, "--plant", "plant.yaml", "--to", "2026-01-07T00:00")["machines"][0]
    assert every["clock"] == "operating"
    assert every["between"][0]["mean"][0] == pytest.approx((10 + 1 + 7 + 2) / 3)


def test_stops_outside_the_calendar_are_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "log.csv").write_text(LOG + "mill,2026-01-06T20:00,2026-01-06T21:00,jam\n")
    assert any(note.startswith("1 of 5 stops of mill begin while its calendar is closed") for note in found(capsys, "--plant", "plant.yaml")["notes"])


def test_a_stop_that_is_not_over_is_censored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "log.csv").write_text(LOG + "mill,2026-01-06T20:00,,jam\n")
    every = found(capsys, "--to", "2026-01-07T00:00")["machines"][0]
    assert every["repairs"] == {"ended": 4, "censored": 1}
    assert every["down"] == pytest.approx(9.0)


def test_the_change_file_runs_and_says_where_its_numbers_come_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(capsys, "--plant", "plant.yaml", "-o", "measured.yaml")
    text = (folder / "measured.yaml").read_text()
    assert text.startswith("# change file of twin\n")
    scenario = load(folder / "measured.yaml")
    mill = scenario.units["mill"]
    assert mill.failures.clock == "operating"
    assert mill.failures.mtbf.mean == pytest.approx(3600 * (10 + 1 + 7) / 3)
    numbers = {number.path: number for number in scenario.parameters() if ".failures." in number.path}
    mtbf = numbers["units.mill.failures.mtbf.exponential.mean"]
    assert (mtbf.basis, mtbf.source[:16]) == ("measured", "stop log log.csv")
    assert mtbf.low < mtbf.value < mtbf.high
    found(capsys, "--plant", "plant.yaml", "-o", "measured.yaml")
    assert (folder / "measured.yaml").read_text() == text
    (folder / "plant.yaml").write_text(PLANT.replace("1 t/h", "2 t/h"))
    assert main(["validate", "measured.yaml"]) == 2
    assert "is not the file that was changed" in capsys.readouterr().err


def test_a_file_written_by_hand_is_not_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.yaml").write_text("twin: 1\nextends: plant.yaml\n")
    assert main(["stops", "log.csv", "--plant", "plant.yaml", "-o", "mine.yaml"]) == 2
    assert "not a change file of twin" in capsys.readouterr().err
    assert (folder / "mine.yaml").read_text() == "twin: 1\nextends: plant.yaml\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--planned", "servise"], "did you mean 'service'"),
        (["-o", "x.yaml"], "say which with --plant"),
        (["--from", "05.01.2026"], "--from is a date"),
        (["--from", "2027-01-01"], "must end after it begins"),
        (["--plant", "plant.yaml", "--unit", "mil=mill"], "did you mean 'mill'"),
        (["--plant", "plant.yaml", "--unit", "mill=mühle"], "with a machine of the log"),
    ],
)
def test_wrong_arguments_are_named(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["stops", "log.csv", *arguments]) == 2
    assert words in capsys.readouterr().err
