"""Every kernel that twin brings keeps the rules; each wrong one of this file breaks one, which is found and named with its place."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import KernelError, UsageError
from twin.kernels.compile import MachineKernel, Response, Spread, kernel, machine_kernel, settling, splitting
from twin.kernels.partition import not_reacting
from twin.testing import KernelCheckError, Monotone, Report, check_kernel

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))
from machine_bench import PROPERTIES, SIZES, VALUES

DENSITY = {"density": np.array([1080.0, 2700.0, 8930.0])}
TWO = ("a", "b")


def shipped(name: str) -> tuple[MachineKernel, int, dict[str, Any]]:
    own, ports, values = VALUES[name]
    if name == "separator":
        shares = np.arange(1.0, 1.0 + 3 * len(PROPERTIES["density"]) * len(SIZES.mean)).reshape(3, len(PROPERTIES["density"]), len(SIZES.mean))
        values = {**values, "partition": shares / shares.sum(axis=0)}
    return own, ports, values


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_kernel_that_twin_brings_keeps_the_rules(name: str) -> None:
    own, ports, values = shipped(name)
    report = check_kernel(own, values, PROPERTIES, SIZES, ports=ports)
    assert set(report.microseconds) == {"settle", "split"}
    assert report.refused == ()
    assert set(report.warned) <= set(own.warnings)


@pytest.mark.parametrize("name", ["shredder", "hammer_mill", "granulator"])
def test_a_mill_in_which_a_composite_comes_apart_keeps_mass_in_all(name: str) -> None:
    own, ports, values = shipped(name)
    constituents = np.zeros((6, 6))
    constituents[3, [2, 4]] = 0.3, 0.7
    check_kernel(own, {**values, "constituents": constituents}, {**PROPERTIES, "grain": np.full(6, 2e-3)}, SIZES, ports=ports)


# -- claims -----------------------------------------------------------------------------------------------------------------------------------


def test_a_claim_is_held() -> None:
    own, _, values = shipped("density_separator")
    dense = Monotone("sink", "down", over="cut", low=1200.0, high=4000.0)
    assert "claims" in check_kernel(own, values, PROPERTIES, SIZES, ports=("sink", "float"), claims=[dense]).checks
    wrong = Monotone("sink", "up", over="cut", low=1200.0, high=4000.0)
    with pytest.raises(KernelCheckError, match=r"claims: the share at port 'sink' is said to go up with cut, and is 0\.\d+ at 1200 and 0\.\d+ at 1550"):
        check_kernel(own, values, PROPERTIES, SIZES, ports=("sink", "float"), claims=[wrong])
    still = Monotone("float", "up", over="shape_effect", low=0.0, high=0.0)
    with pytest.raises(KernelCheckError, match=r"and stays at 0\.\d+ from 0 to 0"):
        check_kernel(own, values, PROPERTIES, SIZES, ports=("sink", "float"), claims=[still])


def test_more_throughput_makes_a_shredder_no_claim_of_a_port_that_it_has_not() -> None:
    own, _, values = shipped("shredder")
    with pytest.raises(UsageError, match="a claim names the port 'fines', and the ports are out"):
        check_kernel(own, values, PROPERTIES, SIZES, ports=("out",), claims=[Monotone("fines", "up")])


# -- wrong ones -------------------------------------------------------------------------------------------------------------------------------


def _prepare(values: Any, properties: Any, sizes: Any) -> Any:
    return np.array([values.get("share", 0.5), *properties["density"]])


def whole(function: Any, **more: Any) -> MachineKernel:
    return MachineKernel(apply=function, prepare=_prepare, **more)


def by(settle: Any, split: Any, settings: tuple[str, ...] = (), **more: Any) -> MachineKernel:
    tables = {key: more.pop(key) for key in ("spread", "pour") if key in more}
    return MachineKernel(response=Response(settle, split, settings, **tables), prepare=_prepare, **more)


def faults_of(wrong: MachineKernel, ports: tuple[str, ...] = TWO, values: Any = None, properties: Any = DENSITY) -> str:
    with pytest.raises(KernelCheckError) as caught:
        check_kernel(wrong, values or {}, properties, SIZES, ports=ports)
    assert isinstance(caught.value, KernelError)
    assert str(caught.value).count("\n") == len(caught.value.faults)
    return "\n".join(caught.value.faults)


@machine_kernel
def _fair(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * coefficients[0]
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@kernel()
def _put(out, x, p, m, s):  # type: ignore[no-untyped-def]
    out[p, m, s] = x[m, s]


@machine_kernel
def _third_port(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s]
            out[1, m, s] = 0.0
            _put(out, x, 2, m, s)
    return 0


@machine_kernel
def _all_ports(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[:] = 0.0
    out[1] = x
    return 0


@machine_kernel
def _second_warning(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    if load > 1.0:
        warn[1] += 1
    return 0


@machine_kernel
def _sets_warning(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    warn[0] = 1
    return 0


@machine_kernel
def _wraps(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            finer = x[m, s - 1]
            out[0, m, s] = 0.0 * finer
            out[1, m, s] = x[m, s]
    return 0


@machine_kernel
def _reads_on(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * min(coefficients[2 + m] * 0.0, 0.5)
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@machine_kernel
def _writes_back(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    x[0, 0] = 0.0
    return 0


@machine_kernel
def _loses(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = 0.5 * x
    out[1] = 0.499999 * x
    return 0


@machine_kernel
def _makes(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = 0.5 * x
    out[1] = 0.5 * x
    out[1, 1, 0] += 1e-3
    return 0


@machine_kernel
def _below_zero(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = 1.5 * x
    out[1] = -0.5 * x
    return 0


@machine_kernel
def _looks_at_the_lot(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    total = 0.0
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            total += x[m, s]
    share = total / (total + 100.0)
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * share
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@machine_kernel
def _by_composition(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    total, first = 0.0, 0.0
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            total += x[m, s]
            first += x[m, s] if m == 0 else 0.0
    share = first / total if total > 0.0 else 0.5
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * share
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@machine_kernel
def _no_number(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    total = 0.0
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            total += at[m, s]
    share = total / total  # of an empty stream
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s] * share
            out[1, m, s] = x[m, s] - out[0, m, s]
    return 0


@machine_kernel
def _status(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    return 2 if load > 1.0 else 0


@machine_kernel
def _adds_to(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[1] = 0.0
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] += x[m, s]
    return 0


@machine_kernel
def _by_chance(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    share = np.random.random()  # noqa: NPY002 - what it must not do
    out[0] = share * x
    out[1] = x - out[0]
    return 0


@machine_kernel
def _warns_of_nothing(x, at, coefficients, parameters, load, out, warn):  # type: ignore[no-untyped-def]
    out[0] = x
    out[1] = 0.0
    warn[0] += 1
    return 0


WRONG = {
    "beyond its ports, in a function that it calls": (_third_port, r"^bounds: apply writes to port 2 of out, which has 0 to 1 .*, at test_checks\.py:\d+"),
    "beyond its ports, where the buffer is longer": (_all_ports, "^buffers: it writes beyond its 2 ports where the buffer has room for more"),
    "beyond its warnings": (_second_warning, r"^bounds: apply reads counter 1 of warn, which has 0 to 0 \(a counter for each of the kernel's warnings\)"),
    "over its warnings": (_sets_warning, "^statuses: counter 0 of its warnings fell by 6; add 1, and set nothing"),
    "by a negative index": (_wraps, "^bounds: apply reads size class -1 of x, which has 0 to 9 .*; an index below 0 counts from the end"),
    "beyond its coefficients": (_reads_on, r"^bounds: apply reads number 4 of coefficients, which has 0 to 3 \(what prepare returns\)"),
    "to what it is given": (_writes_back, "^bounds: apply writes to x, which it is only given"),
    "less than came": (_loses, r"^mass: it loses 3\.33333e-05 kg of 33\.3333 kg of material 0 "),
    "more than came": (_makes, r"^mass: it makes 0\.001 kg of .* kg of material 1 "),
    "something of nothing": (_makes, "^no feed: without a lot 0.001 kg come at port 'b', material 1, size class 0"),
    "less than nothing": (_below_zero, "^sign: at port 'b', material 0, size class 0 come -1.66667 kg"),
    "by the lot": (_looks_at_the_lot, "^linear: of a thousand times a lot in the same stream .*; conditions must follow from the stream"),
    "by the composition of the lot": (_by_composition, "^linear: of the sum of two lots in the same stream"),
    "no number": (_no_number, r"^finite: the mass at port 'a', material 0, size class 0 is nan \(no lot and no stream\)"),
    "a status that is not declared": (_status, r"^statuses: it returned 2, and the kernel has none; name each in its statuses, .*1e5 kg/s"),
    "on top of what was there": (_adds_to, "^buffers: the mass at port 'a', material 0, size class 0 depends on what was in the buffer before"),
    "by chance": (_by_chance, "^same again: called again it gives other bits"),
    "a warning of nothing": (_warns_of_nothing, "^no feed: it counts warning 0 of a stream that is empty"),
}


@pytest.mark.parametrize("which", WRONG)
def test_a_wrong_apply_is_found(which: str) -> None:
    function, said = WRONG[which]
    faults = faults_of(whole(function, warnings=("too much",)))
    assert any(re.search(said, line) for line in faults.splitlines()), faults


def test_a_right_apply_is_reported() -> None:
    report = check_kernel(whole(_fair, warnings=("too much",)), {}, DENSITY, SIZES, ports=TWO)
    assert isinstance(report, Report)
    assert (report.warned, report.refused, report.trials > 25) == ((), (), True)
    assert str(report).startswith(f"{__name__} (_fair): keeps the rules of a machine kernel\nheld: prepare, compiled, bounds")
    assert 0.0 < report.microseconds["apply"] < 1e4


def test_a_share_that_prepare_takes_as_it_is_is_found() -> None:
    """The share 1.2 of a port leaves less than nothing for the other."""
    assert "sign: at port 'b'" in faults_of(whole(_fair), values={"share": 1.2})


def test_a_kernel_that_refuses_with_a_declared_status_keeps_the_rules() -> None:
    report = check_kernel(whole(_status, statuses=("first", "it is overloaded")), {}, DENSITY, SIZES, ports=TWO)
    assert len(report.refused) == 9  # 1e5 kg/s, and two of each load of 1.5, 2, 2.5 and 3
    assert "refused in 9, the first: 1e7 kg at 1e5 kg/s" in str(report)


def test_a_kernel_that_is_not_compiled_is_found() -> None:
    assert "compiled: apply is not compiled; decorate it with @machine_kernel" in faults_of(whole(_fair.py_func))


def test_what_prepare_does_wrong_is_found() -> None:
    def twice(values: Any, properties: Any, sizes: Any) -> Any:
        values["calls"] += 1.0
        return np.array([values["calls"]])

    def raises(values: Any, properties: Any, sizes: Any) -> Any:
        return np.array([properties["hardness"]])

    for prepare, said in (
        (twice, "prepare: gives other coefficients when it is called again"),
        (raises, "prepare: raises KeyError: 'hardness', at test_checks.py:"),
        (lambda *_: np.array([1.0, math.inf]), "prepare: number 1 of the 2 coefficients is inf"),
    ):
        assert said in faults_of(MachineKernel(apply=_fair, prepare=prepare), values={"calls": 0.0})
    assert "prepare: the kernel names the parameters speed, which are not among" in faults_of(whole(_fair, parameters=("speed",)))


# -- responses --------------------------------------------------------------------------------------------------------------------------------


@settling
def _mean(at, coefficients, parameters, load, settings, warn):  # type: ignore[no-untyped-def]
    total = 0.0
    for m in range(at.shape[0]):
        for s in range(at.shape[1]):
            total += at[m, s]
    settings[0] = total / (1.0 + total)
    return 0


@settling
def _adds_setting(at, coefficients, parameters, load, settings, warn):  # type: ignore[no-untyped-def]
    settings[0] = 0.5 * settings[0] + 0.1 * load
    return 0


@settling
def _second_setting(at, coefficients, parameters, load, settings, warn):  # type: ignore[no-untyped-def]
    settings[0] = 0.5
    settings[1] = 0.5
    return 0


@settling
def _no_setting(at, coefficients, parameters, load, settings, warn):  # type: ignore[no-untyped-def]
    total = 0.0
    for m in range(at.shape[0]):
        for s in range(at.shape[1]):
            total += at[m, s]
    settings[0] = math.log(total)
    return 0


@splitting
def _half(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 0.5
    shares[1] = 0.5
    return 0


@splitting
def _by_setting(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = settings[0]
    shares[1] = 1.0 - settings[0]
    return 0


@splitting
def _above_one(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 1.0 + settings[0]
    shares[1] = -settings[0]
    return 0


@splitting
def _too_little(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 0.5
    shares[1] = 0.4
    return 0


@splitting
def _one_left_out(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    for m in range(shares.shape[1]):
        for s in range(1, shares.shape[2]):
            shares[0, m, s] = 0.5
            shares[1, m, s] = 0.5
    return 0


@splitting
def _stays(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 0.25
    shares[0, :, 0] = 1.0
    return 0


@splitting
def _all_breaks(settings, coefficients, shares):  # type: ignore[no-untyped-def]
    shares[0] = 0.25
    return 0


WRONG_RESPONSES = {
    "a setting on top of the last": (_adds_setting, _by_setting, ("cut",), "buffers: the setting at number 0 depends on what was in the buffer before"),
    "a setting that it has not": (_second_setting, _by_setting, ("cut",), "bounds: settle writes to number 1 of settings, which has 0 to 0"),
    "a setting that is none": (_no_setting, _by_setting, ("cut",), "finite: the setting at number 0 is -inf"),
    "a setting that nobody declares": (not_reacting, _by_setting, (), "bounds: split reads number 0 of settings, which is empty"),
    "a share above 1": (_mean, _above_one, ("cut",), "shares: the share at port 'a', material 0, size class 0 is 1.5; it must be from 0 to 1"),
    "a sum below 1": (not_reacting, _too_little, (), "shares: the shares of material 0, size class 0 sum to 0.9 over the ports"),
    "a cell that is left out": (not_reacting, _one_left_out, (), "buffers: the share at port 'a', material 0, size class 0 depends on what was in the buffer"),
}


@pytest.mark.parametrize("which", WRONG_RESPONSES)
def test_a_wrong_response_is_found(which: str) -> None:
    settle, split, settings, said = WRONG_RESPONSES[which]
    assert said in faults_of(by(settle, split, settings))


def test_right_responses_are_reported() -> None:
    assert set(check_kernel(by(_mean, _by_setting, ("cut",)), {}, DENSITY, SIZES, ports=TWO).microseconds) == {"settle", "split"}
    check_kernel(by(not_reacting, _half), {}, DENSITY, SIZES, ports=TWO)


def halves(coefficients: Any, materials: int, classes: int) -> Spread:
    table = np.zeros((classes, classes))
    for j in range(1, classes):
        table[j, :j] = 1.0 / j
    return Spread(table)


def test_a_spread_lets_all_fall_into_finer_classes() -> None:
    check_kernel(by(not_reacting, _stays, spread=halves), {}, DENSITY, SIZES, ports=1)
    assert "shares: of material 0 the share 0.25 of the finest class stays" in faults_of(by(not_reacting, _all_breaks, spread=halves), ("out",))

    def keeps(coefficients: Any, materials: int, classes: int) -> Spread:
        found = halves(coefficients, materials, classes)
        found.breakage[3, 3] = 0.1
        return found

    def loses(coefficients: Any, materials: int, classes: int) -> Spread:
        return Spread(0.9 * halves(coefficients, materials, classes).breakage)

    def apart(coefficients: Any, materials: int, classes: int) -> Spread:
        return Spread(halves(coefficients, materials, classes).breakage, (1,), np.zeros((1, classes, classes)), np.full((1, materials), 0.3))

    def of_one_material(coefficients: Any, materials: int, classes: int) -> Spread:
        return Spread(halves(coefficients, materials, classes).breakage[:, :, None] * np.array([1.0, 1.0, 0.0]))

    def sized(shape: tuple[int, ...]) -> Spread:
        """Material 1 comes apart into the others, half of it in sizes of its own of which the finest class has none."""
        sizes = np.zeros(shape)
        sizes[0, 0, 1] = 1.0
        return Spread(halves(0, 3, 10).breakage, (1,), np.zeros((1, 10, 10)), np.array([[0.5, 0.0, 0.5]]), sizes)

    for spread, said in (
        (keeps, "tables: of what is broken in class 3 a share goes to class 3, which is not finer"),
        (loses, "tables: what is broken in class 1 sums to 0.9 over the finer classes; it must sum to 1"),
        (apart, "tables: the parts of material 1 sum to 0.9; they must sum to 1"),
        (lambda *_: Spread(np.zeros((2, 2))), "tables: the breakage of spread has the shape (2, 2); it must be (10, 10) or (10, 10, 3)"),
        (of_one_material, "tables: what is broken in class 1 of material 2 sums to 0 over the finer classes; it must sum to 1"),
        (lambda *_: sized((1, 3, 2)), "tables: sizes of spread must have the shape (1, 3, 10)"),
        (lambda *_: sized((1, 3, 10)), "tables: the sizes of the parts of material 1 must not be below 0, and above it in the finest class"),
        (lambda *_: 1 / 0, "tables: spread raises ZeroDivisionError"),
    ):
        assert said in faults_of(by(not_reacting, _stays, spread=spread), ("out",))
    assert "tables: a machine with a spread has one port, and not 2" in faults_of(by(not_reacting, _half, spread=halves))


def test_a_pour_places_all() -> None:
    check_kernel(by(not_reacting, _all_breaks, pour=lambda c, m, s: np.full((m, s), 1.0 / s)), {}, DENSITY, SIZES, ports=1)
    for pour, said in (
        (lambda c, m, s: np.full((m, s), 1.0), "tables: what is poured of material 0 sums to 10 over the size classes"),
        (lambda c, m, s: np.full((m, 2), 0.5), "tables: pour has the shape (3, 2); it must be (3, 10)"),
    ):
        assert said in faults_of(by(not_reacting, _all_breaks, pour=pour), ("out",))
