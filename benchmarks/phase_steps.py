"""What the steps of furnace phases cost, and how far the products of each phase are from those of a hundredth of the step.

``python benchmarks/phase_steps.py`` runs the shipped smelters for some days, keeps what each of their phases began with, runs each again alone with the
default choice of steps and with a hundredth of the longest step, and prints both. What counts as a product of a phase: metal, slag, fume and dust of
at least :data:`PRODUCT` of all that was in the furnace, and of each the shares of elements of at least :data:`TRACE` of it. Its error is the largest
relative difference of their masses and shares. The temperature stands beside it.

``--whole`` runs the plants themselves, with the default step and with a hundredth of it set in each furnace, and compares the masses of their products,
and of the elements that are at least :data:`TRACE` of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import twin
from twin.kernels import furnace
from twin.kernels.furnace_space import Given
from twin.materials import ELEMENTS

Floats = NDArray[np.float64]
HERE = Path(__file__).parent
PLANTS = {
    "copper": HERE.parent / "scenarios" / "copper_smelter.yaml",
    "weee": HERE.parent / "scenarios" / "weee_to_cathode.yaml",
    "bench": HERE / "smelter.yaml",
}
E = len(ELEMENTS)
PRODUCT = 2e-3
"""Of all that was in the furnace: what is less is no product."""
TRACE = 1e-3
"""Of a product: shares of elements below are not compared."""
FINER = 100.0
METAL, SLAG = furnace.PARTS.index("metal"), furnace.PARTS.index("slag")
FUME, DUST = furnace.STREAMS.index("fume"), furnace.STREAMS.index("dust")


@dataclass(frozen=True)
class Start:
    """What a phase began with: where and which, and the arguments of :func:`twin.kernels.furnace.run_phase`."""

    plant: str
    unit: str
    phase: str
    data: Any
    bath: Floats
    feed: Floats
    supplies: Floats
    tests: Any
    plan: Any
    state: Any

    def run(self, **changes: float) -> End:
        """The phase, with changes of its plan."""
        plan, bath, state = self.plan.copy(), self.bath.copy(), self.state.copy()
        for name, value in changes.items():
            plan[name] = value
        warned = np.zeros(len(furnace.WARNINGS), dtype=np.int64)
        begin = time.process_time()
        status, account = furnace.run_phase(self.data, furnace.Charge(bath, self.feed, self.supplies, self.tests), plan, state, warned)
        seconds = time.process_time() - begin
        if status != 0:
            raise SystemExit(f"{self.plant} {self.unit} {self.phase}: {furnace.STATUSES[status - 1]}")
        return End(bath, state, account, seconds)

    def finer(self) -> End:
        """The phase at a hundredth of its longest step."""
        return self.run(dt=float(self.plan["dt"][0]) / FINER)


@dataclass(frozen=True)
class End:
    """What a phase came to, and the CPU seconds that it took."""

    bath: Floats
    state: Any
    account: Given
    cpu: float

    def sum(self, name: str) -> float:
        return float(self.account.sums[name][0])

    @property
    def temperature(self) -> float:
        return float(self.state["temperature"][0])

    @property
    def outcome(self) -> str:
        return furnace.OUTCOMES[int(self.sum("outcome"))]

    @property
    def limit(self) -> str:
        """What it waited for longest."""
        return str(furnace.LIMITS[int(np.argmax(self.account.limits))])

    def products(self, trace: float = TRACE) -> dict[str, float]:
        """Mass of each product and its shares of elements, by name."""
        split, streams = self.account.split, self.account.streams
        rows = {"metal": split[METAL, :E], "slag": split[SLAG, :E], "fume": streams[FUME, :E], "dust": streams[DUST, :E]}
        everything = float(self.bath[:E].sum() + streams[furnace.STREAMS.index("gas") :, :E].sum())
        found: dict[str, float] = {}
        for name, masses in rows.items():
            total = float(masses.sum())
            if total > PRODUCT * everything:
                found[name] = total
                found |= {f"{name}.{ELEMENTS[i]}": float(masses[i]) / total for i in range(E) if masses[i] > trace * total}
        return found


@dataclass(frozen=True)
class Error:
    """How far a phase is from its finer self."""

    worst: float
    product: str
    seconds: float
    kelvin: float


def error(one: End, other: End, trace: float = TRACE) -> Error:
    """The largest relative difference in what is a product in either, and whose."""
    a, b = one.products(0.5 * trace), other.products(trace)
    worst, product = 0.0, ""
    for key, value in b.items():
        off = abs(a.get(key, 0.0) / value - 1.0)
        if off > worst:
            worst, product = off, key
    seconds = other.sum("seconds")
    return Error(worst, product, one.sum("seconds") / seconds - 1.0 if seconds > 0.0 else 0.0, one.temperature - other.temperature)


def captured(name: str, days: float) -> Iterator[Start]:
    """What the phases of a plant begin with, over some days from its start."""
    run_phase, found = furnace.run_phase, []

    def keep(data: Any, charge: Any, plan: Any, state: Any, warned: Any) -> Any:
        where = _place()
        found.append(Start(name, *where, data, charge.bath.copy(), charge.feed.copy(), charge.supplies.copy(), charge.tests.copy(), plan.copy(), state.copy()))
        return run_phase(data, charge, plan, state, warned)

    with patch.object(furnace, "run_phase", keep):
        twin.run(twin.load(PLANTS[name]).change({"time.horizon": f"{days:g} d", "time.warmup": "0 s", "record": "none"}))
    return iter(found)


def _place() -> tuple[str, str]:
    """Unit and phase by the words that the caller would put into an error."""
    frame = sys._getframe(2)
    where = str(frame.f_locals["where"])
    unit, _, rest = where.partition(", phase ")
    phase = rest.split("'")[1] if "'" in rest else rest.split()[0]
    return unit, "holding" if where.endswith("holding") else phase


@dataclass(frozen=True)
class Replay:
    """A phase that was run both ways."""

    start: Start
    end: End
    finer: End

    @property
    def error(self) -> Error:
        return error(self.end, self.finer)


def replayed(starts: list[Start], **changes: float) -> list[Replay]:
    """Each phase with the default steps, three times for its cost, and at a hundredth."""
    found = []
    for start in starts:
        ends = [start.run(**changes) for _ in range(3)]
        found.append(Replay(start, replace(ends[0], cpu=statistics.median(end.cpu for end in ends)), start.finer()))
    return found


def table(replays: list[Replay]) -> None:
    """Cost and error by unit and phase."""
    print("| plant, furnace, phase | phases | CPU ms | steps | equilibria | us an equilibrium | median error | worst | above 1 % | K |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    groups: dict[str, list[Replay]] = {}
    for r in replays:
        groups.setdefault(f"{r.start.plant} {r.start.unit} {r.start.phase}", []).append(r)
    for name, rows in [*sorted(groups.items()), ("all", replays)]:
        tried = sum(r.end.sum("tried") for r in rows)
        errors = [r.error for r in rows]
        cells = [name, f"{len(rows)}", f"{1e3 * sum(r.end.cpu for r in rows) / len(rows):.2f}", f"{sum(r.end.sum('steps') for r in rows) / len(rows):.1f}"]
        cells += [f"{tried / len(rows):.0f}", f"{1e6 * sum(r.end.cpu for r in rows) / tried:.1f}", f"{100 * statistics.median(e.worst for e in errors):.2f} %"]
        cells += [f"{100 * max(e.worst for e in errors):.2f} %", f"{sum(e.worst > 0.01 for e in errors)}", f"{max(abs(e.kelvin) for e in errors):.2g}"]
        print("| " + " | ".join(cells) + " |")


def worst(replays: list[Replay], above: float) -> None:
    """The phases that are off by more."""
    print(f"\nabove {100 * above:g} %: phase, product, error, time and temperature beside those of the finer, steps of both, what it waited for, how it ended")
    for k, r in sorted(enumerate(replays), key=lambda pair: -pair[1].error.worst):
        e = r.error
        if e.worst > above:
            names = f"{k:4d} {r.start.plant} {r.start.unit} {r.start.phase}"
            steps = f"{r.end.sum('steps'):.0f} / {r.finer.sum('steps'):.0f} steps"
            share = f"{100 * r.finer.products(0.0).get(e.product, 0.0):.3g} %" if "." in e.product else ""
            off = f"{100 * e.worst:.2f} % {e.product} ({share})"
            print(f"  {names:42s} {off:32s} {100 * e.seconds:+.2f} % {e.kelvin:+.2f} K  {steps}  {r.end.limit}  {r.end.outcome}")


def whole(name: str, days: float) -> None:
    """A plant with the default step and with a hundredth of it: how many phases, and by how much its products differ, the worst first."""
    found = []
    scenario = twin.load(PLANTS[name]).change({"time.horizon": f"{days:g} d", "time.warmup": "0 s"})
    steps = {p.path: f"{p.value / FINER:g} s" for p in scenario.parameters() if p.path.startswith("units.") and p.path.endswith(".step")}
    for changes in ({}, steps):
        begin = time.process_time()
        result = twin.run(scenario.change(changes) if changes else scenario)
        out, products = result.array("balance/out_by_product"), [str(product) for product in result.array("product")]
        found.append((out, products, len(result.array("batches/phase")), time.process_time() - begin))
    (one, products, count, cpu), (other, _, finer_count, finer_cpu) = found
    print(f"{name}: {count} and {finer_count} phases and taps, {cpu:.1f} and {finer_cpu:.1f} s of CPU")
    rows = []
    for k, product in enumerate(products):
        mass = float(other[:, k].sum())
        if mass > 0.0:
            rows.append((float(one[:, k].sum()) / mass - 1.0, product, "mass", mass))
            rows += [(float(one[i, k] / other[i, k]) - 1.0, product, ELEMENTS[i], float(other[i, k])) for i in range(E) if other[i, k] > TRACE * mass]
    for off, product, what, mass in sorted(rows, key=lambda row: -abs(row[0]))[:8]:
        print(f"  {product} {what}: {100 * off:+.3f} % of {mass:.0f} kg")


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=3.0, help="of each plant")
    parser.add_argument("--plants", default="copper,weee,bench")
    parser.add_argument("--tolerance", type=float, default=0.0, help="in place of the scenario's")
    parser.add_argument("--above", type=float, default=0.01, help="which phases to list")
    parser.add_argument("--whole", action="store_true", help="compare whole plants")
    options = parser.parse_args()
    if options.whole:
        for name in options.plants.split(","):
            whole(name, options.days)
        return 0
    starts = [start for name in options.plants.split(",") for start in captured(name, options.days)]
    replays = replayed(starts, **({"tolerance": options.tolerance} if options.tolerance else {}))
    table(replays)
    worst(replays, options.above)
    return 0


if __name__ == "__main__":
    sys.exit(main())
