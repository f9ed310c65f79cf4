"""What one slag-metal-gas equilibrium costs, its coefficients at a new temperature included."""

from __future__ import annotations

import time

import numpy as np
import pytest
from figures import Figures
from size import size

from twin.kernels.compile import Floats, kernel
from twin.kernels.smelting import prepare_smelting, smelt
from twin.kernels.smelting_space import Chemistry, Melt, new_melt
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry

CHARGE = (
    {"Cu": 1000.0, "Fe": 100.0, "Si": 28.0, "Sn": 20.0, "Pb": 30.0, "Zn": 40.0, "Ni": 10.0, "Ag": 1.0, "Au": 0.1, "Sb": 1.0, "As": 1.0, "C": 20.0}
    | {"H": 2.0, "N": 100.0, "S": 5.0, "Al": 10.0, "Ca": 8.0, "Mg": 3.0, "Na": 2.0, "Cr": 1.0, "Mn": 1.0, "Co": 1.0, "Ge": 0.1, "Pd": 0.05}
    | {"In": 0.1, "Te": 0.1, "Bi": 0.2, "P": 0.3, "Cl": 1.0}
)
"""29 elements and oxygen, kg."""
OXYGEN = {"reduction": 120.0, "black_copper": 140.0, "oxidation": 160.0, "converter": 200.0}
SOLVES, ROUNDS = size((2000, 9), (50, 1))


@kernel()
def _solve(mass: Floats, oxygen: int, solves: int, warm: bool, chemistry: Chemistry, melt: Melt) -> int:
    """Solve as a furnace does, which is compiled too: a call from Python costs half as much as a solution. Returns how many did not converge."""
    charged, failed = mass[oxygen], 0
    for step in range(solves):
        mass[oxygen] = charged * (1.0 + 1e-5 * (step % 10))  # never quite the same melt twice
        if not warm:
            melt.state[0].log_po2 = 0.0
        prepare_smelting(chemistry, 1573.15 + 0.01 * (step % 10), 1.0, melt)
        failed += 1 if smelt(mass, 1573.15, chemistry, melt) != 0 else 0
    mass[oxygen] = charged
    return failed


@pytest.mark.parametrize("warm", [False, True])
def test_solve(figures: Figures, warm: bool) -> None:
    """CPU time, median of rounds: with the fixed first guess, and beside it with the last state as the guess, as a furnace has it."""
    data = thermochemistry().smelting()
    melt = new_melt(len(ELEMENTS))
    _solve(np.zeros(len(ELEMENTS)), 0, 1, warm, data, melt)  # compiled
    times = {}
    for name, oxygen in OXYGEN.items():
        mass = np.array([{**CHARGE, "O": oxygen}.get(element, 0.0) for element in ELEMENTS])
        rounds = []
        for _ in range(ROUNDS):
            start = time.process_time()
            assert _solve(mass, ELEMENTS.index("O"), SOLVES, warm, data, melt) == 0
            rounds.append(1e6 * (time.process_time() - start) / SOLVES)
        times[name] = float(np.median(rounds))
        figures.beside(f"smelting.{'warm_' if warm else ''}{name}_us", times[name], "us")
        figures.beside(f"smelting.{'warm_' if warm else ''}{name}_steps", float(melt.state["steps"][0]))
    mean = float(np.mean(list(times.values())))
    if warm:
        figures.beside("smelting.warm_solve_us", mean, "us")
    else:
        figures.figure("smelting.solve_us", mean, at_most=20.0)
