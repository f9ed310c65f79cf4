"""The packaging plant: real trouble, and two changes that do what their files say; four replications of 30 days each."""

from __future__ import annotations

import math
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import stdtrit

import twin
from twin.plant.topology import Topology, derive
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BASE, FASTER, BIN = "lvp_line", "lvp_line_faster_film_sorter", "lvp_line_yellow_bin"
PLANTS = (BASE, FASTER, BIN)
REPLICATIONS = 4
REYNOLDS = ("sifter", "pieces near the cut beyond a Reynolds number of 260000")
FERROMAGNETIC = {("eddy", "more than 2 % ferromagnetic"), ("fines_eddy", "more than 2 % ferromagnetic")}
COVERED = {
    *((sorter, "more than half a layer on the belt") for sorter in ("nir_film", "nir_flat")),
    ("film_picking", "belt covered by more than two layers"),
    ("fines_eddy", "more than one layer on the belt"),
}
"""The warnings that the header of the scenario explains."""
RECEIVERS = {
    "carton": "carton_box",
    "pet_clear": "pet_clear_box",
    "hdpe": "pe_box",
    "pp": "pp_box",
    "mixed_plastics": "mixed_box",
    "ldpe_film": "film_box",
    "tinplate": "tinplate_bay",
    "aluminium": "aluminium_bay",
    "paper": "paper_out",
}
"""Where each material is to go."""


def scenario_of(name: str) -> twin.Scenario:
    return twin.load(SCENARIOS / f"{name}.yaml")


@pytest.fixture(scope="module")
def base() -> twin.Scenario:
    return scenario_of(BASE)


@pytest.fixture(scope="module")
def topology(base: twin.Scenario) -> Topology:
    return derive(base)


# -- what the plant is ---------------------------------------------------------------------------------------------------------------------


def machines_of(scenario: twin.Scenario) -> dict[str, MachineModel]:
    return {name: model for name, model in scenario.units.items() if isinstance(model, MachineModel)}


def bunkers_between_lines(topology: Topology) -> list[str]:
    return [name for line in topology.lines for name in line.bunkers if any(name in other.destinations for other in topology.lines)]


def test_it_has_machines_on_lines_with_bunkers_between(base: twin.Scenario, topology: Topology) -> None:
    machines = machines_of(base)
    sorting = [name for name, machine in machines.items() if machine.kind != "baler"]
    assert len(sorting) >= 20
    assert len({topology.line_of(name).name for name in sorting}) == 6
    assert len(machines) - len(sorting) == 7
    assert {"fines", "middle", "flat", "rolling", "plastics"} <= set(bunkers_between_lines(topology))


def test_it_has_the_machines_of_such_a_plant(base: twin.Scenario) -> None:
    machines = machines_of(base).values()
    kinds = {machine.kind for machine in machines}
    assert {"bag_opener", "trommel", "air_classifier", "ballistic_separator", "screen", "overband_magnet", "eddy_current", "manual_picking", "baler"} <= kinds
    assert sum(machine.kind == "sensor_sorter" for machine in machines) >= 7


def test_bags_still_closed_come_back_to_the_opener(base: twin.Scenario, topology: Topology) -> None:
    assert machines_of(base)["opener"].recycle == ("coarse_ballistic.rolling",)
    line = topology.line_of("opener")
    assert any(loops and {"opener", "coarse_ballistic"} <= set(line.machines[first:last]) for first, last, loops in line.blocks)


def test_it_has_shifts_failures_wear_hazards_pick_ups_and_shared_resources(base: twin.Scenario, topology: Topology) -> None:
    machines = machines_of(base)
    assert all(machines[line.name].calendar == "two_shift" for line in topology.lines)
    assert sum(machine.failures is not None for machine in machines.values()) >= 3
    assert {machine.wear.parameter for machine in machines.values() if machine.wear is not None} == {"opened", "open_area", "free_area", "blocked_valves"}
    assert machines["opener"].hazards
    products = [unit for unit in base.units.values() if isinstance(unit, Product)]
    assert sum(product.pickup is not None and product.pickup.unit is not None for product in products) == 7
    assert sum(bool(product.spec.limits) for product in products) >= 7
    users = [machine.needs for machine in machines.values()] + [machine.repair.needs for machine in machines.values()]
    users += [unit.unload.needs for unit in base.units.values() if isinstance(unit, Feed) and unit.unload is not None]
    for resource in ("loader", "fitter", "press"):
        assert sum(resource in needs for needs in users) >= 2, resource
    feed = base.units["deliveries"]
    assert isinstance(feed, Feed)
    assert feed.season and feed.trend and feed.sampling and {"rain", "batteries"} == set(feed.hazards)


@pytest.mark.parametrize("name", PLANTS)
def test_every_number_has_a_basis_and_a_source(name: str) -> None:
    parameters = scenario_of(name).parameters()
    assert [p.path for p in parameters if p.basis not in ("literature", "assumed") or p.source in ("", "not stated", "a change")] == []


# -- what it does --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """One run: key figures; bunkers that were empty and full after the warm-up; range warnings; arrivals by record step; fires; lots through ``eddy``."""

    kpis: dict[str, float]
    empty: frozenset[str]
    full: frozenset[str]
    warnings: dict[tuple[str, str], int]
    arrivals: tuple[float, ...]
    fires: int
    eddy_lots: float
    residual: float


def mass_of(result: twin.Result, stream: str) -> NDArray[np.float64]:
    """Mass of a stream over the run by material, kg."""
    hours = np.diff(result.array("time_bounds"), axis=1)[:, 0]
    flow: NDArray[np.float64] = result.array("streams/mass_flow")[:, [str(name) for name in result.array("stream")].index(stream)]
    masses: NDArray[np.float64] = hours @ flow
    return masses


def outcome(job: tuple[str, int]) -> Outcome:
    name, replication = job
    scenario = scenario_of(name)
    topology = derive(scenario)
    with twin.run(scenario, replication=replication) as result:
        counted = result.array("time") > scenario.warmup
        bunkers = [str(bunker) for bunker in result.array("bunker")]
        lowest = dict(zip(bunkers, result.array("units/level_min")[counted].min(axis=0).tolist(), strict=True))
        highest = dict(zip(bunkers, result.array("units/level_max")[counted].max(axis=0).tolist(), strict=True))
        capacity = {bunker: model.capacity for bunker, model in scenario.units.items() if isinstance(model, Bunker)}
        between = bunkers_between_lines(topology)
        lots = {bunker: line.lot for line in topology.lines for bunker in line.bunkers}
        bale = {bunker: min(line.lot for line in topology.lines if bunker in line.destinations) for bunker in bunkers if bunker.endswith("_store")}
        warnings = result.array("units/range_warnings")
        units, kinds = result.array("unit"), result.array("warning")
        feed = [str(gate) for gate in result.array("gate")].index("deliveries")
        return Outcome(
            kpis={kpi: value.value for kpi, value in result.kpis.items()},
            empty=frozenset(bunker for bunker in between if lowest[bunker] < lots[bunker]),
            full=frozenset(bunker for bunker in bunkers if capacity[bunker] - highest[bunker] < bale.get(bunker, 1.0)),
            warnings={(str(units[i]), str(kinds[j])): int(warnings[i, j]) for i, j in zip(*np.nonzero(warnings), strict=True)},
            arrivals=tuple(result.array("gates/arrivals")[:, feed].tolist()),
            fires=sum(str(what).startswith("struck") for what in result.array("events/what")),
            eddy_lots=float(mass_of(result, "rolling").sum()) / topology.line_of("eddy").lot,
            residual=float(result.attrs["worst_residual"]),
        )


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """Replications of each scenario, with the same random numbers for all three."""
    jobs = [(name, replication) for name in PLANTS for replication in range(REPLICATIONS)]
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(outcome, jobs))
    return {name: [run for (other, _), run in zip(jobs, done, strict=True) if other == name] for name in PLANTS}


def mean(runs: list[Outcome], kpi: str) -> float:
    return math.fsum(run.kpis[kpi] for run in runs) / len(runs)


def paired(before: list[Outcome], after: list[Outcome], kpi: str) -> tuple[float, float]:
    """Mean difference of a key figure, and the half-width of its 95 % confidence interval (Student's t over the replications)."""
    differences = np.array([b.kpis[kpi] - a.kpis[kpi] for a, b in zip(before, after, strict=True)])
    count = len(differences)
    return float(differences.mean()), float(stdtrit(count - 1, 0.975) * differences.std(ddof=1) / math.sqrt(count))


def busiest(topology: Topology, runs: list[Outcome]) -> str:
    """The line that runs most."""
    return max((line.name for line in topology.lines), key=lambda name: mean(runs, f"utilisation.{name}"))


@pytest.mark.soak
@pytest.mark.slow
def test_the_film_sorter_limits_the_plant(topology: Topology, outcomes: dict[str, list[Outcome]]) -> None:
    assert busiest(topology, outcomes[BASE]) == "nir_film"
    assert mean(outcomes[BASE], "utilisation.nir_film") > 0.8
    for run in outcomes[BASE]:
        assert run.kpis["bottleneck_share.nir_film"] > 0.9
        assert min(run.kpis[f"bottleneck_share.{name}"] for name in ("nir_pe", "nir_pp")) > 0.2  # the limit by turns


@pytest.mark.soak
@pytest.mark.slow
def test_bunkers_are_empty_and_full_at_some_time(outcomes: dict[str, list[Outcome]]) -> None:
    """Never counting the warm-up; the lines of fines and of rolling plastics mostly have room for all that comes."""
    for bunker in ("middle", "flat", "rolling"):
        for state in ("empty", "full"):
            assert sum(bunker in getattr(run, state) for run in outcomes[BASE]) >= 2, (bunker, state)
    assert all({"fines", "plastics"} <= run.empty for run in outcomes[BASE])
    for run in outcomes[BASE]:
        assert sum(name.endswith("_store") for name in run.full) >= 2


@pytest.mark.soak
@pytest.mark.slow
def test_lines_are_blocked_and_starved(outcomes: dict[str, list[Outcome]]) -> None:
    for kpi, low, high in [
        ("blocked.opener", 0.1, 0.5),
        ("blocked.sifter", 0.1, 0.5),
        ("starved.nir_carton", 0.1, 0.5),
        ("starved.fines_screen", 0.3, 0.8),
        ("waiting.opener", 0.01, 0.15),
        ("turned_away_share.deliveries", 0.05, 0.45),
    ]:
        assert low < mean(outcomes[BASE], kpi) < high, kpi
    assert all(3 <= run.fires <= 30 for run in outcomes[BASE])


@pytest.mark.soak
@pytest.mark.slow
def test_products_are_plausible(outcomes: dict[str, list[Outcome]]) -> None:
    for run in outcomes[BASE]:
        assert 0.36 < run.kpis["yield.residue"] < 0.44  # the trade press: 30 to 40 %
        assert run.kpis["recovery.tinplate"] > max(run.kpis["recovery.ldpe_film"], run.kpis["recovery.hdpe"]) > run.kpis["recovery.pp"] > 0.35
        assert run.kpis["grade.tinplate_out.tinplate"] > 0.98
        for kpi in ("grade.pe_out.hdpe", "grade.pp_out.pp", "grade.pet_clear_out.pet_clear"):
            assert run.kpis[kpi] > 0.93, kpi
        for kpi in ("grade.mixed_out.plastics_all", "grade.carton_out.carton"):
            assert run.kpis[kpi] > 0.85, kpi
        for kpi in ("grade.film_out.ldpe_film", "grade.aluminium_out.aluminium"):  # .71 of both; it was .85 and more before belts and air were set anew
            assert 0.6 < run.kpis[kpi] < 0.9, kpi
        assert 25 < run.kpis["specific_energy"] / 3600.0 < 60  # kWh/t


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_the_models_work_in_their_valid_ranges_but_for_what_the_header_explains(outcomes: dict[str, list[Outcome]], name: str) -> None:
    for run in outcomes[name]:
        faster = {("nir_paper", "more than half a layer on the belt")} if name == FASTER else set()
        assert set(run.warnings) <= {REYNOLDS, *FERROMAGNETIC, *COVERED, *faster}
        assert sum(run.warnings.get(warning, 0) for warning in FERROMAGNETIC) < 0.15 * run.eddy_lots


@pytest.mark.soak
@pytest.mark.slow
def test_the_balances_close(outcomes: dict[str, list[Outcome]]) -> None:
    assert max(run.residual for runs in outcomes.values() for run in runs) < 1e-12


@pytest.mark.soak
@pytest.mark.slow
def test_the_three_plants_get_the_same_trucks(outcomes: dict[str, list[Outcome]]) -> None:
    for runs in zip(*outcomes.values(), strict=True):
        assert len({run.arrivals for run in runs}) == 1
    assert len({run.arrivals for run in outcomes[BASE]}) == REPLICATIONS


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kpi", "sign"),
    [
        (FASTER, "throughput", +1),
        (FASTER, "utilisation.nir_film", -1),
        (FASTER, "blocked.opener", -1),
        (FASTER, "turned_away_share.deliveries", -1),
        (FASTER, "grade.film_out.ldpe_film", -1),
        (BIN, "yield.residue", +1),
        (BIN, "yield.film_out", -1),
        (BIN, "yield.mixed_out", -1),
        (BIN, "yield.tinplate_out", -1),
        (BIN, "grade.carton_out.carton", -1),
        (BIN, "grade.pe_out.hdpe", -1),
    ],
)
def test_each_change_does_what_its_file_says(outcomes: dict[str, list[Outcome]], name: str, kpi: str, sign: int) -> None:
    """The file says which way, so one side of 95 % counts: 2.35 of 3.18 half-widths with four replications."""
    difference, half_width = paired(outcomes[BASE], outcomes[name], kpi)
    assert sign * difference > stdtrit(REPLICATIONS - 1, 0.95) / stdtrit(REPLICATIONS - 1, 0.975) * half_width > 0


@pytest.mark.soak
@pytest.mark.slow
def test_the_bottleneck_moves_to_the_bag_opener(topology: Topology, outcomes: dict[str, list[Outcome]]) -> None:
    assert busiest(topology, outcomes[FASTER]) == "opener"


@pytest.mark.soak
@pytest.mark.slow
def test_bins_bring_more_residue_by_more_than_ten_points(outcomes: dict[str, list[Outcome]]) -> None:
    difference, half_width = paired(outcomes[BASE], outcomes[BIN], "yield.residue")
    assert difference - half_width > 0.10


def recoveries(scenario: twin.Scenario, lot: str) -> NDArray[np.float64]:
    """What of each material in ``RECEIVERS`` gets there over four days."""
    with twin.run(scenario.change({"lot": lot, "time.horizon": "4 d", "time.warmup": "1 h"})) as result:
        assert result.attrs["worst_residual"] < 1e-12
        names, drawn = [str(name) for name in result.array("material")], mass_of(result, "hall")
        return np.array([mass_of(result, place)[names.index(name)] / drawn[names.index(name)] for name, place in RECEIVERS.items()])


@pytest.mark.soak
@pytest.mark.slow
def test_recoveries_move_less_each_time_the_lot_is_halved(base: twin.Scenario) -> None:
    coarse, plain, half, quarter = (recoveries(base, lot) for lot in ("500 kg", "250 kg", "125 kg", "62.5 kg"))
    moves = [float(np.abs(after - before).mean()) for before, after in ((coarse, plain), (plain, half), (half, quarter))]
    assert moves[0] > moves[1] > moves[2]
    assert moves[2] < 0.001
