"""The duration of a lot: the shortest that settles from empty loops and at which no machine exceeds its limit, against a scan over durations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from random_loops import LOT, random_loop, shortest

import twin
from twin.cli.parser import main

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STEP = 1.002
CLOSE = 2e-4
"""Where a loop floods, the duration is found to 1e-4; the scan takes a loop that has not settled after 20,000 sweeps for flooded."""


def differing(seeds: range, solved: bool) -> tuple[list[str], int, int]:
    """Loops whose duration is not between the last too short and the first possible of the scan; how many were in doubt, and slowed."""
    wrong, doubtful, slowed = [], 0, 0
    for seed in seeds:
        loop = random_loop(seed)
        network = loop.network(solved)
        network.evaluate(1, float(loop.feed.sum()), 0)
        short, possible = shortest(loop.feed, loop.mill, loop.sieve, loop.limits, STEP)
        if not short * (1 - CLOSE) <= network.duration <= possible * (1 + CLOSE):
            wrong.append(f"seed {seed}: {network.duration:.6g} s, scanned {short:.6g} to {possible:.6g} s")
        need = max(mass * loop.feed.sum() / limit for mass, limit in zip(network.flow_ratio.tolist(), loop.limits.tolist(), strict=True) if limit > 0)
        assert network.slowed == (network.duration > 1.001 * need), seed
        slowed += network.slowed
        doubtful += network.in_doubt
    return wrong, doubtful, slowed


@pytest.mark.sampled(1)
@pytest.mark.parametrize("solved", [True, False])
def test_a_thousand_random_loops_take_the_shortest_time_that_settles_from_empty(solved: bool) -> None:
    """A solver that keeps what a loose or warm pass left in the loops is wrong for dozens of these, and so is a solve that takes any way to settle."""
    wrong, doubtful, slowed = differing(range(1000), solved)
    assert not wrong, wrong
    assert doubtful > 100
    assert slowed > 50


def test_what_is_solved_is_what_a_search_finds() -> None:
    """Durations, flows and outlets to 1e-9 of the feed, for loops of which the search is sure; the rest it does itself."""
    solved = 0
    for seed in range(1000):
        loop = random_loop(seed)
        searched, found = loop.network(), loop.network(solved=True)
        for network in (searched, found):
            network.evaluate(1, LOT, 0)
        assert found.slowed == searched.slowed, seed
        if not found.searched:
            solved += 1
            assert not searched.in_doubt or found.duration == pytest.approx(searched.duration, rel=1e-4), seed
            if not searched.in_doubt:
                assert found.duration == pytest.approx(searched.duration, rel=3e-9), seed
                assert abs(found.out[..., ::-1] - searched.out).max() <= 3e-9 * LOT * searched.flow_ratio.max(), seed
        assert abs(found.outlet_mass.sum() - LOT) < 1e-10 * LOT, seed
    assert 700 < solved < 1000


def fine_screen(aperture: str, rate: str, **more: str) -> twin.Scenario:
    """The WEEE line's first two hours with a finer screen, whose oversize goes back to the shredder."""
    changes = {"units.screen.aperture": aperture, "units.shredder.rate": rate, "time.horizon": "2 h", "time.warmup": "0 h", "record.every": "1 h"}
    return twin.load(SCENARIOS / "weee_line.yaml").change({**changes, **{f"units.shredder.{name}": value for name, value in more.items()}})


@pytest.mark.soak
def test_a_larger_shredder_is_never_slower() -> None:
    """With a 24 mm screen a solver that took a loose pass from full loops for a flood gave 3.4 kg/s less throughput than 3.0, and 941 s a lot for 71.

    The shredder is full, so as much passes it as its rate says; how often it goes round hangs on what it does to a piece, and hardly on its size.
    """
    made = []
    for rate in (3.0, 3.4, 4.0):
        with twin.run(fine_screen("24 mm", f"{rate} kg/s").change({"record.streams": True})) as result:
            made.append(result.kpis["throughput"].value / result.kpis["utilisation.shredder"].value)
            assert result.kpis["load.shredder"].value == pytest.approx(1.0, rel=1e-6)
            assert int(result.array("units/recycle_limited_lots").sum()) == 0
            assert abs(result.attrs["worst_residual"]) < 1e-12
            passed = result.array("streams/mass_flow")[:, result.array("stream").tolist().index("shredder.out")].sum(axis=1)
            assert passed == pytest.approx(rate, rel=1e-6)
    assert made == sorted(made)
    assert np.array(made) / (3.0, 3.4, 4.0) == pytest.approx(made[0] / 3.0, rel=0.02)


@pytest.mark.soak
def test_lots_that_the_recycle_holds_up_are_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shredder worked far beyond its nominal rate breaks little, so more than a certain rate never leaves the loop."""
    path = tmp_path / "run.h5"
    with twin.run(fine_screen("30 mm", "10 kg/s", nominal="5 kg/s"), out=path) as result:
        row = result.array("unit").tolist().index("shredder")
        lots, slowed = (int(result.array(f"units/{name}")[row]) for name in ("lots", "recycle_limited_lots"))
        assert result.kpis["load.shredder"].value < 0.9
        assert lots == slowed > 50
    scenario = tmp_path / "fine.yaml"
    changes = (
        "{units.screen.aperture: 30 mm, units.shredder.rate: 10 kg/s, units.shredder.nominal: 5 kg/s, time.horizon: 2 h, time.warmup: 0 h, record.every: 1 h}"
    )
    scenario.write_text(f"twin: 1\nextends: {SCENARIOS / 'weee_line.yaml'}\nname: fine\nchange: {changes}\n")
    text = f"shredder: {slowed} of {lots} lots (100 %) took longer than any machine needs"
    assert main(["run", str(scenario), "-o", str(path)]) == 0
    assert text in capsys.readouterr().out
    assert main(["run", str(scenario), "-o", str(path), "--json"]) == 0
    assert any(line.startswith(text) for line in json.loads(capsys.readouterr().out)["warnings"])
    assert main(["report", str(path), "-o", str(tmp_path / "page.html")]) == 0
    assert "Held up by recycle" in (tmp_path / "page.html").read_text(encoding="utf-8")
