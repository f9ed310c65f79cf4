"""The particle mode for a machine of a scenario, beside the closed form that the runs of the plant use."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels.compile import MachineKernel, Sizes
from twin.kernels.particles import Sampled, eddy_partition, sensor_partition
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest

Floats = NDArray[np.float64]
MODES: dict[str, Callable[..., Sampled]] = {"sensor_sorter": sensor_partition, "eddy_current": eddy_partition}
"""The kinds that have a particle mode."""


def particle_partition(scenario: Scenario, unit: str, stream: Floats, *, pieces: int = 200_000, seed: int = 0, threads: int = 1) -> Sampled:
    """Return the partition (port, material, size) of a sensor sorter or an eddy-current separator, sampled on about ``pieces`` pieces.

    ``stream`` (material, size), kg/s, is what one machine takes, in the order of ``scenario.materials.names`` and of the size classes. The result
    depends on ``seed``, never on ``threads``. Raises ``UsageError`` for a unit without a particle mode and for a stream that does not fit.
    """
    if scenario.units[unit].kind not in MODES if unit in scenario.units else True:
        able = [name for name, model in scenario.units.items() if model.kind in MODES]
        raise UsageError(f"no unit {unit!r} with a particle mode ({', '.join(MODES)}); {nearest(unit, able)}")
    values, sizes, at = _prepared(scenario, unit, stream)
    return MODES[scenario.units[unit].kind](values, scenario.properties, sizes, at, pieces=pieces, seed=seed, threads=threads)


def closed_partition(scenario: Scenario, unit: str, stream: Floats) -> Floats:
    """Return the partition (port, material, size) that the kernel of a machine has at the ``stream`` (material, size), kg/s."""
    values, sizes, at = _prepared(scenario, unit, stream)
    kind = scenario.kinds[unit]
    module, _, attribute = str(kind.kernel).partition(":")
    kernel: MachineKernel = getattr(importlib.import_module(module), attribute)
    out = np.zeros((len(kind.ports(scenario.units[unit])), *at.shape))
    coefficients = kernel.prepare(values, scenario.properties, sizes)
    kernel.apply(np.ones_like(at), at, coefficients, np.zeros(len(kernel.parameters)), 0.0, out, np.zeros(len(kernel.warnings), dtype=np.int64))
    return out


def _prepared(scenario: Scenario, unit: str, stream: Floats) -> tuple[dict[str, float | Floats], Sizes, Floats]:
    model = scenario.units.get(unit)
    if not isinstance(model, MachineModel):
        machines = [name for name, other in scenario.units.items() if isinstance(other, MachineModel)]
        raise UsageError(f"no machine {unit!r}; {nearest(unit, machines)}")
    at = np.ascontiguousarray(stream, dtype=np.float64)
    shape = (len(scenario.materials.names), len(scenario.sizes))
    if at.shape != shape:
        raise UsageError(f"the stream must have the shape (material, size) {shape} (got {at.shape})")
    sizes = Sizes(*(np.array(values) for values in (scenario.sizes.lower, scenario.sizes.upper, scenario.sizes.mean)))
    return model.kernel_values(scenario.materials, scenario.sizes), sizes, at
