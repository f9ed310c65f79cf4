"""What probes read of a run, against the run's own figures and arrays, and how what is not known is told apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import twin
from twin.errors import UsageError
from twin.scenario import Scenario
from twin.study.apart import apart
from twin.study.batch_test import batch_test
from twin.study.ensemble import Ensemble, read_ensemble, write_ensemble
from twin.study.probes import Probe, outside_steps, take
from twin.study.runs import Job, job_key, run_job

DAY = 86_400.0
PLANT = """\
twin: 1
name: probed
time: {horizon: 6 d, warmup: 2 d}
lot: 2 t
record: {every: 1 d}
catalogue: [weee]
size_bounds: "5 20 80 200 mm"
units:
  trucks: {kind: feed, every: 4 h, mass: 9 t, composition: {steel: 60 %, plastics: 40 %}, variability: {concentration: 50},
           size: {rosin_rammler: {x63: 60 mm, n: 1.4}}}
  yard: {kind: bunker, from: trucks, capacity: 300 t}
  sort:
    kind: separator
    from: yard
    rate: 2.4 t/h
    ports: [steel, rest]
    partition: {steel: {steel: [70 %, 80 %, 90 %, 95 %], plastics: [2 %, 3 %, 4 %, 5 %]}}
    failures: {mtbf: 10 h, mttr: 30 min}
  steel: {kind: product, from: sort.steel}
  rest: {kind: product, from: sort.rest}
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return twin.load(PLANT)


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> Iterator[twin.Result]:
    with twin.run(scenario) as found:
        yield found


def read(probe: Probe, result: twin.Result, scenario: Scenario) -> float:
    return take([probe], result, scenario)[probe.name].value


def test_a_figure_without_a_window_is_the_runs_own_and_windows_add_up(result: twin.Result, scenario: Scenario) -> None:
    whole = read(Probe("x", "figure", "product_mass.steel"), result, scenario)
    assert whole == result.kpis["product_mass.steel"].value
    assert read(Probe("x", "figure", "product_mass.steel", 2 * DAY, 6 * DAY), result, scenario) == whole
    days = [read(Probe("x", "figure", "product_mass.steel", k * DAY, (k + 1) * DAY), result, scenario) for k in range(2, 6)]
    assert math.fsum(days) == pytest.approx(whole, rel=1e-12)
    assert len(set(days)) == 4


def test_a_mean_a_sum_and_an_instant_are_those_of_the_arrays(result: twin.Result, scenario: Scenario) -> None:
    flow: NDArray[np.float64] = result.quantity("flow.sort.steel")
    assert read(Probe("x", "quantity", "flow.sort.steel", DAY, 3 * DAY), result, scenario) == pytest.approx(flow[1:3].mean(), rel=1e-12)
    assert read(Probe("x", "quantity", "flow.sort.steel", DAY, 3 * DAY, "sum"), result, scenario) == pytest.approx(flow[1:3].sum() * DAY, rel=1e-12)
    assert read(Probe("x", "quantity", "level.yard", None, 3 * DAY, "instant"), result, scenario) == result.quantity("level.yard")[2]


def test_an_assay_is_of_what_flowed_not_of_the_hours(result: twin.Result, scenario: Scenario) -> None:
    iron, flow = result.quantity("flow.sort.steel.Fe"), result.quantity("flow.sort.steel")
    assert read(Probe("x", "quantity", "share.sort.steel.Fe", 0.0, 6 * DAY), result, scenario) == pytest.approx(iron.sum() / flow.sum(), rel=1e-12)


def test_a_partition_curve_lies_between_those_of_the_materials(result: twin.Result, scenario: Scenario) -> None:
    ports = ("sort.steel", "sort.rest")
    found = [read(Probe("x", "passage", "sort.steel", streams=ports, size=k), result, scenario) for k in range(4)]
    assert found == sorted(found)
    for share, low, high in zip(found, (0.02, 0.03, 0.04, 0.05), (0.7, 0.8, 0.9, 0.95), strict=True):
        assert low < share < high
    rest = [read(Probe("x", "passage", "sort.rest", streams=ports, size=k), result, scenario) for k in range(4)]
    assert [a + b for a, b in zip(found, rest, strict=True)] == pytest.approx([1.0] * 4)


def test_a_batch_is_that_of_the_batch_test(result: twin.Result, scenario: Scenario) -> None:
    own = batch_test(scenario, 10_000.0)
    assert read(Probe("x", "batch", "Fe", streams=("steel",), mass=10_000.0), result, scenario) == pytest.approx(own.recovery("Fe")["steel"], rel=1e-12)
    assert read(Probe("x", "batch", "", streams=("steel",), mass=10_000.0), result, scenario) == pytest.approx(own.products[0] / 10_000.0, rel=1e-9)


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (Probe("a", "figure", "product_mass.gold"), "no key figure 'product_mass.gold'"),
        (Probe("a", "quantity", "flow.nowhere"), "unknown quantity"),
        (Probe("a", "passage", "sort.gold", streams=("sort.steel", "sort.gold"), size=0), "no stream 'sort.gold'"),
        (Probe("a", "batch", "Zz", streams=("steel",), mass=1000.0), "no material or element 'Zz'"),
    ],
)
def test_what_a_run_does_not_have_is_said(probe: Probe, said: str, result: twin.Result, scenario: Scenario) -> None:
    with pytest.raises(UsageError, match=said):
        read(probe, result, scenario)


def test_a_window_lies_in_the_run_and_ends_with_steps(scenario: Scenario) -> None:
    assert outside_steps(Probe("x", "figure", "throughput", DAY, 2 * DAY), scenario) == ""
    assert "record step" in outside_steps(Probe("x", "figure", "throughput", 0.5 * DAY, 2 * DAY), scenario)
    assert "leaves the run" in outside_steps(Probe("x", "figure", "throughput", DAY, 7 * DAY), scenario)


def test_probes_are_part_of_a_runs_key_and_take_the_place_of_its_figures(scenario: Scenario) -> None:
    plain, probed = Job(scenario), Job(scenario, probes=(Probe("x", "figure", "throughput"),))
    assert job_key(plain) != job_key(probed)
    outcome = run_job(probed)
    assert list(outcome.kpis or {}) == ["x"]
    assert outcome.digest == run_job(plain).digest


def test_chance_and_parameters_are_told_apart() -> None:
    """Chance of deviation 3, parameters of 1 and 2: over 400 pairs the parts are right within 12 %; without parameters theirs is near 0."""
    generator = np.random.Generator(np.random.Philox(1))
    values = generator.standard_normal((400, 2)) * np.array([10.0, 0.5])
    chance, other = generator.standard_normal(400) * 3.0, generator.standard_normal(400) * 0.5
    moved = values @ np.array([0.1, 4.0])
    found = apart(chance.tolist(), (chance + other + moved).tolist(), values, 0.95)
    assert found is not None
    assert found.one / 1.966 == pytest.approx(3.0, rel=0.12)
    assert found.parameters / 1.966 == pytest.approx(math.sqrt(5.0), rel=0.12)
    still = apart(chance.tolist(), (chance + other).tolist(), values, 0.95)
    assert still is not None
    assert still.parameters < 0.15
    assert apart([1.0] * 5, [1.0] * 5, values[:5], 0.95) is None


def test_an_ensemble_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    ensemble = Ensemble(("units.sort.rate", "units.x.share"), ("kg/s", "1"), ((0.1 + 0.2, 1 / 3), (2.0 / 3.0, 0.9)))
    write_ensemble(tmp_path / "e.csv", ensemble, ("of a test",))
    assert read_ensemble(tmp_path / "e.csv") == ensemble
    assert ensemble.changes(3) == {"units.sort.rate": "0.6666666666666666 kg/s", "units.x.share": 0.9}
    assert ensemble.without(["units.sort.rate"]).paths == ("units.x.share",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1,2\n", "is no ensemble"),
        ("member,x [kg]\n0,1\n", "2 to 100000 members"),
        ("member,x [kg]\n0,1\n1\n", ":3 has 1 values"),
        ("member,x [kg]\n0,1\n1,nan\n", ":3: "),
        ("member,x [kg],x [kg]\n0,1,2\n1,2,3\n", "stands twice"),
    ],
)
def test_a_file_that_is_no_ensemble_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_ensemble(tmp_path / "e.csv")


def test_a_window_shows_what_was_sampled_in_it() -> None:
    """Two loads of 10 t, the first found pure, the second half so, on two days: each day shows its own, both together three quarters."""
    from twin.results.sampled import SampleTable

    table = SampleTable(("steel", "steel"), (3600.0, 90000.0), (1e4, 1e4), np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.9], [0.4]]))
    day = 86400.0
    for begin, end, expected in ((0.0, day, 1.0), (day, 2 * day, 0.5), (0.0, 2 * day, 0.75)):
        found = table.found("steel", begin, end)
        assert found is not None
        assert found[0][0] == pytest.approx(expected, rel=1e-12)
    assert table.found("steel", 2 * day, 3 * day) is None
    assert table.found("steel", 0.0, 3600.0) is None
