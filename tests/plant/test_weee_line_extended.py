"""The WEEE line with machines in the place of tables: what it is, its troubles, and what its two changes do; three replications of each."""

from __future__ import annotations

import numpy as np
import pytest
from plant_outcomes import Outcome, longest, mean, paired, replicated, scenario_of

import twin
from twin.plant.topology import derive

BASE, LARGER, PICKERS = "weee_line_extended", "weee_line_extended_larger_shredder", "weee_line_extended_more_pickers"
REPLICATIONS = 3
FINE = "more than 20 % finer than the smallest piece that is seen"
EXPLAINED = {
    ("eddy", "more than 2 % ferromagnetic"),
    ("fines_screen", "loading so low that Karra's cut size exceeds the throughfall aperture"),
    *((sorter, FINE) for sorter in ("sorter_a", "sorter_b", "inductor", "nir_sorter")),
    ("table", "more than 20 % finer than 'fine_size'"),
    ("roll", "more than one layer on the roll"),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    return replicated((BASE, LARGER, PICKERS), REPLICATIONS)


def test_it_has_what_its_header_says() -> None:
    scenario = scenario_of(BASE)
    lines = derive(scenario).lines
    assert (len(lines), sum(len(line.machines) for line in lines)) == (5, 19)
    kinds = [scenario.units[machine].kind for line in lines for machine in line.machines]
    assert kinds.count("sensor_sorter") == 4
    assert {"manual_picking", "granulator", "density_separator", "corona_separator", "magnetic_drum"} <= set(kinds)
    assert "separator" not in kinds


@pytest.mark.parametrize("name", [BASE, LARGER, PICKERS])
def test_every_number_that_it_writes_has_a_basis_and_a_source(name: str) -> None:
    missing = [p.path for p in scenario_of(name).parameters() if p.source in ("", "not stated")]
    assert missing == [], missing


@pytest.mark.soak
@pytest.mark.parametrize("name", [BASE, LARGER, PICKERS])
def test_balances_close_and_warnings_are_explained(outcomes: dict[str, list[Outcome]], name: str) -> None:
    for run in outcomes[name]:
        assert run.residual < 1e-12
        assert run.warned <= EXPLAINED, run.warned - EXPLAINED


@pytest.mark.soak
def test_its_troubles(outcomes: dict[str, list[Outcome]]) -> None:
    for run in outcomes[BASE]:
        assert run.kpis["bottleneck_share.shredder"] > 0.99
        assert {"steel_bay", "fluff_bay", "copper_bay"} <= run.empty
    for line in ("shredder", "steel_sifter", "fines_screen", "divider"):
        assert mean(outcomes, BASE, f"blocked.{line}") > 0.01
        assert line == "shredder" or mean(outcomes, BASE, f"starved.{line}") > 0.01  # it waits for bays, and hardly for trucks
    assert all({"yard", "steel_bay", "plastics_bay"} <= run.full for run in outcomes[BASE])


@pytest.mark.soak
def test_composites_come_apart_and_their_copper_is_recovered(outcomes: dict[str, list[Outcome]]) -> None:
    for run in outcomes[BASE]:
        assert run.kpis["grade.copper.Cu"] > 0.4
        assert run.kpis["recovery.Cu"] > 0.35
        assert run.kpis["grade.stainless_steel.stainless"] > 0.5


@pytest.mark.soak
def test_a_larger_shredder_moves_the_bottleneck(outcomes: dict[str, list[Outcome]]) -> None:
    assert longest(outcomes, BASE) == "shredder"
    assert longest(outcomes, LARGER) == "steel_sifter"
    assert (paired(outcomes, BASE, LARGER, "blocked.shredder") > 0).all()
    assert (paired(outcomes, BASE, LARGER, "grade.steel.Fe") < 0).all()
    assert paired(outcomes, BASE, LARGER, "throughput").mean() < 0.1 * mean(outcomes, BASE, "throughput")


@pytest.mark.soak
@pytest.mark.parametrize(("kpi", "sign"), [("grade.steel.Cu", -1), ("grade.steel.Fe", 1)])
def test_more_pickers_do_what_the_file_says(outcomes: dict[str, list[Outcome]], kpi: str, sign: int) -> None:
    assert (sign * paired(outcomes, BASE, PICKERS, kpi) > 0).all()
    assert paired(outcomes, BASE, PICKERS, "recovery.Cu").mean() > 0.0  # of one run it hangs on which bays are full in the end
    assert np.abs(paired(outcomes, BASE, PICKERS, "throughput")).mean() < 0.03 * mean(outcomes, BASE, "throughput")


@pytest.mark.soak
@pytest.mark.parametrize("name", [BASE, "weee_line"])
def test_results_converge_as_lots_shrink(name: str) -> None:
    """The same trucks in ever smaller lots, of one mass each: what is recovered moves less with each halving."""
    quiet = {"time.horizon": "5 d", "time.warmup": "1 d", "units.deliveries.every": "45 min", "units.deliveries.mass": "7.5 t"}
    found = []
    for lot in ("400 kg", "200 kg", "100 kg"):
        with twin.run(scenario_of(name).change({**quiet, "lot": lot})) as result:
            found.append(np.array([result.kpis[key].value for key in ("recovery.Fe", "grade.steel.Fe", "yield.fines", "yield.fluff", "recovery.Al")]))
    first, second = np.abs(found[1] - found[0]), np.abs(found[2] - found[1])
    assert second.max() < 0.02
    assert second.mean() < max(first.mean(), 0.002)
