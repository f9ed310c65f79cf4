"""Accounts: every run closes, by material, element and energy; one that does not fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin
from twin.errors import BalanceError, KernelError
from twin.kernels import partition
from twin.kernels.compile import MachineKernel, machine_kernel

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "accounts",
    "time": {"horizon": "3 d"},
    "lot": "150 kg",
    "record": {"every": "1 h"},
    "catalogue": ["weee"],
    "size_bounds": "10 100 mm",
    "units": {
        "trucks": {
            "kind": "feed",
            "every": "2 h",
            "mass": "3 t",
            "composition": {"steel": "50 %", "pcb": "20 %", "plastics": "30 %"},
            "size": ["40 %", "60 %"],
            "variability": {"concentration": 20},
        },
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "50 t", "initial": {"mass": "5 t"}},
        "m": {
            "kind": "separator",
            "from": "yard",
            "rate": "1.4 t/h",
            "ports": ["a", "b"],
            "partition": {"a": {"steel": "90 %", "default": "7 %"}},
            "power": {"idle": "3 kW", "specific": "7 kWh/t"},
        },
        "bay": {"kind": "bunker", "from": "m.a", "capacity": "9 t", "discharge": "mixed"},
        "a": {"kind": "product", "from": "bay", "pickup": {"every": "7 h", "mass": "2 t"}},
        "b": {"kind": "product", "from": "m.b"},
    },
}


def check_closed(result: twin.Result) -> None:
    initial, inflow, out, stored, residual = (result.array(f"balance/{name}") for name in ("initial", "in", "out", "stored", "residual"))
    assert np.array_equal(residual, initial + inflow - out - stored) or np.allclose(residual, initial + inflow - out - stored, atol=1e-9)
    big = initial + inflow > 1e-6 * (initial + inflow).sum()
    assert (np.abs(residual[big]) <= 1e-9 * (initial + inflow)[big]).all()
    assert result.attrs["worst_residual"] < 1e-9


def test_a_run_closes_by_element_material_and_carrier() -> None:
    result = twin.run(twin.load(PLANT))
    check_closed(result)
    assert float(result.array("balance/energy_in")[0]) == pytest.approx(float(result.array("balance/energy_used")[0]), rel=1e-12)
    assert float(result.array("balance/energy_in")[0]) == pytest.approx(result.kpis["energy.electricity"].value, rel=1e-12)
    recorded = result.array("gates/product_mass").sum()
    assert result.array("balance/material_out").sum() == pytest.approx(recorded, rel=1e-12)
    assert "Cu" in result.array("element").tolist()


def test_flows_recorded_in_and_out_of_a_machine_agree() -> None:
    result = twin.run(twin.load(PLANT))
    streams = result.array("stream").tolist()
    flow = result.array("streams/mass_flow")
    taken, made = flow[:, streams.index("yard")], flow[:, streams.index("m.a")] + flow[:, streams.index("m.b")]
    assert np.allclose(taken, made, rtol=1e-12, atol=1e-15)
    assert np.allclose(flow.sum(axis=2), result.array("streams/size_flow").sum(axis=2), rtol=1e-12)
    assert np.allclose(flow.sum(axis=2), result.array("streams/element_flow").sum(axis=2), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    lot=st.floats(20.0, 900.0),
    rate=st.floats(0.2, 5.0),
    capacity=st.floats(1.0, 20.0),
    share=st.integers(0, 100),
    mixed=st.booleans(),
    blocking=st.sampled_from(["before", "after"]),
)
def test_any_lot_rate_capacity_and_split_closes(lot: float, rate: float, capacity: float, share: int, mixed: bool, blocking: str) -> None:
    plant = twin.load(PLANT).change(
        {
            "lot": f"{lot} kg",
            "units.m.rate": f"{rate} t/h",
            "units.m.blocking": blocking,
            "units.bay.capacity": f"{capacity} t",
            "units.bay.discharge": "mixed" if mixed else "fifo",
            "units.m.partition": {"a": {"default": f"{share} %"}},
        }
    )
    result = twin.run(plant)
    check_closed(result)
    level = result.array("units/level_max")[:, result.array("bunker").tolist().index("bay")]
    assert level.max() <= capacity * 1000.0 * (1 + 2e-9)
    assert result.array("units/level_min").min() >= -1e-9
    assert (result.array("streams/mass_flow") >= 0.0).all()


@machine_kernel
def _leaky(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = 0.5 * x[m, s]
            out[1, m, s] = 0.5 * x[m, s] * (1.0 - 2e-6)
    return 0


@machine_kernel
def _not_a_number(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = 0.0
            out[1, m, s] = x[m, s] / (x[m, s] - x[m, s])
    return 0


@machine_kernel
def _refuses(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    return 2


def _replace(monkeypatch: pytest.MonkeyPatch, apply: Any, statuses: tuple[str, ...] = ()) -> None:
    kernel = MachineKernel(apply=apply, prepare=partition.SEPARATOR.prepare, statuses=statuses)
    monkeypatch.setattr(partition, "SEPARATOR", kernel)


def test_a_kernel_that_loses_a_millionth_fails_the_run_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _replace(monkeypatch, _leaky)
    with pytest.raises(BalanceError, match=r"does not close \(allowed is 1e-09\): .*element Fe by 5\.\d+e-07"):
        twin.run(twin.load(PLANT), out=tmp_path / "lost.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_whose_outlet_is_not_finite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _replace(monkeypatch, _not_a_number)
    with pytest.raises(KernelError, match=r"line 'm', machine 'm', lot 1 of 150 kg at 0 s: a stream is not finite at port m\.b"):
        twin.run(twin.load(PLANT))


def test_a_kernels_status_becomes_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    _replace(monkeypatch, _refuses, ("first reason", "the gap is closed"))
    with pytest.raises(KernelError, match="machine 'm', lot 1 of 150 kg at 0 s: the gap is closed"):
        twin.run(twin.load(PLANT))


def test_results_converge_as_lots_shrink() -> None:
    """Lot-size convergence: the product of a loaded plant tends to a limit, halving the lot about halves the distance."""
    made = []
    for lot in (1200, 600, 300, 150, 75):
        plant = twin.load(PLANT).change({"lot": f"{lot} kg", "units.bay.capacity": "3 t", "units.trucks.variability.concentration": 1_000_000})
        made.append(twin.run(plant).kpis["processed"].value)
    steps = np.abs(np.diff(made))
    assert steps[-1] <= steps[0]
    assert steps[-1] < 0.01 * made[-1]
