"""The shredder for end-of-life vehicles: what it is, its troubles, and what its two changes do; four replications of each."""

from __future__ import annotations

import numpy as np
import pytest
from plant_outcomes import Outcome, longest, mean, paired, replicated, scenario_of

import twin
from twin.plant.topology import derive
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.machine import MachineModel

BASE, SECOND_DRUM, GRATE = "elv_shredder", "elv_shredder_second_fluff_drum", "elv_shredder_smaller_grate"
REPLICATIONS = 4
EXPLAINED = {
    ("sifter", "pieces near the cut beyond a Reynolds number of 260000"),
    ("heavies_air", "pieces near the cut beyond a Reynolds number of 260000"),
    *((eddy, "more than 2 % ferromagnetic") for eddy in ("eddy", "fines_eddy", "fluff_eddy", "fluff_fines_eddy")),
    *((eddy, "more than 20 % finer than 2 mm") for eddy in ("fines_eddy", "fluff_eddy", "fluff_fines_eddy")),
    ("bath_screen", "loading so low that Karra's cut size exceeds the throughfall aperture"),
    ("fluff_inductor", "more than 20 % finer than the smallest piece that is seen"),
    ("table", "more than 20 % finer than 'fine_size'"),
}
"""What the header of the file explains."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    return replicated((BASE, SECOND_DRUM, GRATE), REPLICATIONS)


def test_it_has_what_its_header_says() -> None:
    scenario = scenario_of(BASE)
    lines = derive(scenario).lines
    assert sum(len(line.machines) for line in lines) == 25
    assert len(lines) == 7
    assert sum(isinstance(model, Bunker) for model in scenario.units.values()) == 10
    assert len([model for model in scenario.units.values() if isinstance(model, MachineModel)]) >= 12


@pytest.mark.parametrize("name", [BASE, SECOND_DRUM, GRATE])
def test_every_number_has_a_basis_and_a_source(name: str) -> None:
    for parameter in scenario_of(name).parameters():
        assert parameter.basis in ("measured", "literature", "assumed"), parameter.path
        assert parameter.source not in ("", "not stated"), parameter.path


@pytest.mark.soak
def test_the_mill_limits_its_line_and_bunkers_are_empty_and_full(outcomes: dict[str, list[Outcome]]) -> None:
    for run in outcomes[BASE]:
        assert run.kpis["bottleneck_share.mill"] > 0.99
        assert {"yard", "steel_belt", "steel_bay", "zorba", "fluff", "fibre_bay"} <= run.empty
    full = [bunker for bunker in outcomes[BASE][0].empty if sum(bunker in run.full for run in outcomes[BASE]) >= REPLICATIONS - 1]
    assert "fibre_bay" in full
    assert len(full) >= 2


@pytest.mark.soak
def test_lines_are_blocked_and_starved(outcomes: dict[str, list[Outcome]]) -> None:
    for line in ("mill", "picking", "trommel", "fluff_drum"):
        assert mean(outcomes, BASE, f"blocked.{line}") > 0.01
        assert mean(outcomes, BASE, f"starved.{line}") > 0.01


@pytest.mark.soak
def test_products_are_plausible(outcomes: dict[str, list[Outcome]]) -> None:
    assert 0.80 < mean(outcomes, BASE, "recovery.Fe") < 0.95
    assert 0.93 < mean(outcomes, BASE, "grade.steel.Fe") < 0.985
    assert mean(outcomes, BASE, "grade.copper.Cu") > 0.9
    residues = sum(mean(outcomes, BASE, f"yield.{name}") for name in ("fibre", "fines", "shredder_rest", "heavy_fines", "insulation"))
    assert 0.20 < residues < 0.35  # 25 % of a car is residue (science: 16 cars); some metal goes along


@pytest.mark.soak
@pytest.mark.parametrize("name", [BASE, SECOND_DRUM, GRATE])
def test_balances_close_and_warnings_are_explained(outcomes: dict[str, list[Outcome]], name: str) -> None:
    for run in outcomes[name]:
        assert run.residual < 1e-12
        fuller = {("fluff_inductor", "more than half a layer on the belt"), ("fluff_eddy", "more than one layer on the belt")}
        explained = EXPLAINED | (fuller if name == SECOND_DRUM else set())
        assert run.warned <= explained, run.warned - explained


@pytest.mark.soak
def test_a_second_drum_halves_the_time_of_the_first_and_wins_nothing(outcomes: dict[str, list[Outcome]]) -> None:
    """The lines of the heavy fraction and of the heavy metals work longest, so no drum is what the plant waits for."""
    assert longest(outcomes, BASE) in ("trommel", "colour")
    shorter = mean(outcomes, SECOND_DRUM, "utilisation.fluff_drum") / mean(outcomes, BASE, "utilisation.fluff_drum")
    assert 0.4 < shorter < 0.65  # half, and what both let through at once
    assert (paired(outcomes, BASE, SECOND_DRUM, "recovery.granulate.Cu") < 0).all()
    assert abs(paired(outcomes, BASE, SECOND_DRUM, "throughput").mean()) < 0.02 * mean(outcomes, BASE, "throughput")


@pytest.mark.soak
@pytest.mark.parametrize(("kpi", "sign"), [("grade.steel.Cu", -1), ("yield.meatballs", -1), ("yield.fines", 1)])
def test_a_finer_grate_does_what_its_file_says(outcomes: dict[str, list[Outcome]], kpi: str, sign: int) -> None:
    assert (sign * paired(outcomes, BASE, GRATE, kpi) > 0).all()


def test_a_tonne_through_the_mill_costs_more_with_a_finer_grate() -> None:
    assert scenario_of(GRATE).units["mill"].power.specific > scenario_of(BASE).units["mill"].power.specific


@pytest.mark.soak
def test_results_converge_as_lots_shrink() -> None:
    """What fails and varies is left out, so that the lot alone makes the difference; recoveries differ less with each halving."""
    quiet = {
        "units.hulks.every": "50 min", "units.hulks.mass": "16 t", "time.horizon": "5 d", "time.warmup": "1 d",
    }  # fmt: skip
    found = []
    for lot in ("1 t", "500 kg", "250 kg"):
        scenario = scenario_of(BASE).change({**quiet, "lot": lot})
        with twin.run(scenario) as result:
            found.append(np.array([result.kpis[key].value for key in ("recovery.Fe", "grade.steel.Fe", "yield.fines")]))
    first, second = np.abs(found[1] - found[0]), np.abs(found[2] - found[1])
    assert second.max() < 0.02
    assert second.sum() < first.sum() + 0.015
