"""A plant with a machine of others: its kernel is held to its bounds when the plant is built, and what it does wrong names it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import BalanceError, KernelError
from twin.kernels.compile import MachineKernel, Response, Spread, machine_kernel, settling, splitting
from twin.kernels.partition import not_reacting
from twin.plant.build import build
from twin.scenario import Scenario
from twin.scenario.kind import find
from twin.testing import rehearsal

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "others",
    "time": {"horizon": "1 d"},
    "lot": "150 kg",
    "catalogue": ["weee"],
    "size_bounds": "10 100 mm",
    "units": {
        "trucks": {"kind": "feed", "every": "2 h", "mass": "3 t", "composition": {"steel": "60 %", "plastics": "40 %"}, "size": ["40 %", "60 %"]},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "50 t"},
        "first": {"kind": "splitter", "from": "yard", "rate": "2 t/h", "shares": {"left": "50 %", "right": "50 %"}},
        "bath": {"kind": "splitter", "from": "first.left", "shares": {"a": "50 %", "b": "50 %"}},
        "a": {"kind": "product", "from": ["bath.a", "first.right"]},
        "b": {"kind": "product", "from": "bath.b"},
    },
}


def _shares(values: Any, properties: Any, sizes: Any) -> Any:
    return np.array([0.5])


@machine_kernel
def _fair(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * coefficients[0]
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@machine_kernel
def _third_port(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    out[2] = 0.0
    return 0


@machine_kernel
def _divides(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    zero = 0.0
    return 0 if 1.0 / zero > 1.0 else 1


@machine_kernel
def _leaks(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = 0.5 * x
    out[1] = 0.499 * x
    return 0


@machine_kernel
def _mixes(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = 0.0
            out[1, m, s] = x[x.shape[0] - 1 - m, s]
    return 0


@machine_kernel
def _loops(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    total = 0.0
    for _ in range(1_000_000):
        total += coefficients[0]
    out[0] = x
    out[1] = 0.0 * total * x
    return 0


@settling
def _settles(at, coefficients, parameters, load, settings, warn):  # type: ignore[no-untyped-def]
    settings[0] = coefficients[1]
    return 0


@splitting
def _halves(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 0.5
    shares[1] = 0.5
    return 0


KERNEL: MachineKernel
"""What the kind of the machine ``bath`` names; each test sets its own."""


def plant_with(kernel: MachineKernel, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """The plant above, in which ``bath`` is of a kind that does not come with twin."""
    monkeypatch.setattr(sys.modules[__name__], "KERNEL", kernel, raising=False)
    scenario = twin.load(PLANT)
    foreign = replace(find("splitter"), kernel=f"{__name__}:KERNEL")
    object.__setattr__(scenario, "kinds", MappingProxyType({**scenario.kinds, "bath": foreign}))
    return scenario


def said_of(kernel: MachineKernel, monkeypatch: pytest.MonkeyPatch) -> str:
    with pytest.raises(KernelError) as caught:
        build(plant_with(kernel, monkeypatch))
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (
            MachineKernel(apply=_third_port, prepare=_shares),
            r"line 'first', machine 'bath': apply writes to port 2 of out, which has 0 to 1 (a matrix for each port that the kind names), at test_rehearsal.py:",
        ),
        (
            MachineKernel(response=Response(_settles, _halves, ("cut",)), prepare=_shares),
            "line 'first', machine 'bath': settle reads number 1 of coefficients, which has 0 to 0 (what prepare returns), at test_rehearsal.py:",
        ),
        (
            MachineKernel(response=Response(not_reacting, _halves, spread=lambda *_: Spread(np.zeros((2, 2)))), prepare=_shares),
            "line 'first', machine 'bath': a machine with a spread has one port, and not 2",
        ),
        (MachineKernel(response=Response(not_reacting, _halves, spread=lambda *_: None), prepare=_shares), "bath: its coefficients cannot be computed (Attri"),
    ],
)
def test_a_kernel_that_reaches_beyond_its_arrays_stops_before_it_is_run(kernel: MachineKernel, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said in said_of(kernel, monkeypatch)


def test_a_kernel_is_rehearsed_once_for_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(rehearsal, "Bare", lambda *given, own=rehearsal.Bare: calls.append(given) or own(*given))
    shares = [0.25]
    kernel = MachineKernel(apply=_fair, prepare=lambda *_: np.array(shares))
    for _ in range(3):
        build(plant_with(kernel, monkeypatch))
    assert len(calls) == 1
    shares[0] = 0.75
    build(plant_with(kernel, monkeypatch))
    assert len(calls) == 2


def test_what_only_plain_python_stumbles_over_stops_no_plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """1/0 is infinite where it is compiled."""
    result = twin.run(plant_with(MachineKernel(apply=_divides, prepare=_shares), monkeypatch))
    assert result.attrs["worst_residual"] < 1e-9


def test_a_rehearsal_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million looks would take a second; after 60 000 it is left at that. Plain Python makes a million in far more than the bound below."""
    scenario = plant_with(MachineKernel(apply=_loops, prepare=_shares), monkeypatch)
    build(twin.load(PLANT))
    begin = time.process_time()
    build(scenario)
    assert time.process_time() - begin < 0.5


def test_a_plant_of_twins_own_machines_imports_none_of_it() -> None:
    program = f"import sys, twin; from twin.plant.build import build; build(twin.load({PLANT!r})); print([n for n in sys.modules if 'twin.testing' in n])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _asks_for_hardness(values: Any, properties: Any, sizes: Any) -> Any:
    return np.array([properties["hardness"]])


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_asks_for_hardness, "bath: its coefficients cannot be computed (KeyError: 'hardness', at test_rehearsal.py:"),
        (lambda *_: [0.0][3], "bath: its coefficients cannot be computed (IndexError: list index out of range, at test_rehearsal.py:"),
        (lambda *_: 1.0 + "1", "bath: its coefficients cannot be computed (TypeError: unsupported operand type(s) for +: 'float' and 'str', at"),
        (lambda *_: {"cut": 1.0}, "bath: its coefficients cannot be computed (TypeError: float() argument must be"),
        (lambda *_: np.zeros(2) / np.ones(3), "bath: its coefficients cannot be computed (operands could not be broadcast together"),
    ],
)
def test_whatever_a_prepare_raises_names_the_machine(prepare: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said in said_of(MachineKernel(apply=_fair, prepare=prepare), monkeypatch)


def test_a_parameter_that_the_kernel_names_and_the_machine_has_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said_of(MachineKernel(apply=_fair, prepare=_shares, parameters=("speed",)), monkeypatch)
    assert text.startswith("bath: its kernel names the parameter 'speed', which it does not have; it has ")


def test_a_run_that_does_not_close_names_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a lot of 150 kg goes through the bath, which loses a thousandth: 0.075 kg."""
    with pytest.raises(
        BalanceError, match=r"does not close .*\. Machine 'bath' of line 'first' loses mass: of the 75 kg .* come out 74\.925 kg; hold its kern"
    ):
        twin.run(plant_with(MachineKernel(apply=_leaks, prepare=_shares), monkeypatch))


def test_a_machine_that_turns_materials_into_others_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BalanceError, match="Machine 'bath' of line 'first' turns materials into others: of the 75 kg"):
        twin.run(plant_with(MachineKernel(apply=_mixes, prepare=_shares), monkeypatch))


def test_a_machine_in_a_loop_that_makes_mass_is_named_and_not_those_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    units: dict[str, Any] = {
        **PLANT["units"],
        "first": {**PLANT["units"]["first"], "recycle": ["bath.a"]},
        "a": {"kind": "product", "from": "first.right"},
    }
    monkeypatch.setitem(PLANT, "units", units)
    with pytest.raises(BalanceError, match="Machine 'bath' of line 'first' loses mass"):
        twin.run(plant_with(MachineKernel(apply=_leaks, prepare=_shares), monkeypatch))
