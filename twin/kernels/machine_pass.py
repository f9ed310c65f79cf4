"""One machine of a line: what it takes in, what that makes of its settings, and what it gives off at each port.

Kernels are called by address, so that a new one compiles alone. A machine with a response has its shares set first, by :func:`settle` and
:func:`set_shares`, and delivers by them as often as asked; one without does all in one call (:func:`apply`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np import arrayobj

from twin.kernels.compile import MACHINE_SIGNATURE, kernel, unsigned
from twin.kernels.line_tables import AS_A_WHOLE, BY_MATERIAL, BY_SIZE, LINE, MACHINES, MATRICES, MATRIX, PORTS, STREAMS, Floats, Line, Records

f8, i8 = types.float64, types.int64


def _call_by_address(typing_context: Any, address: Any, *arguments: Any) -> Any:
    signature = types.int64(address, *arguments)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(context.get_value_type(types.int64), [context.get_value_type(t) for t in sig.args[1:]])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return signature, generate


def _call_of_seven(typing_context: Any, address: Any, x: Any, at: Any, coefficients: Any, parameters: Any, load: Any, out: Any, warn: Any) -> Any:
    return _call_by_address(typing_context, address, x, at, coefficients, parameters, load, out, warn)


def _call_of_six(typing_context: Any, address: Any, at: Any, coefficients: Any, parameters: Any, load: Any, settings: Any, warn: Any) -> Any:
    return _call_by_address(typing_context, address, at, coefficients, parameters, load, settings, warn)


def _call_of_three(typing_context: Any, address: Any, settings: Any, coefficients: Any, shares: Any) -> Any:
    return _call_by_address(typing_context, address, settings, coefficients, shares)


_numba: Any = arrayobj


def _row_of(typing_context: Any, x: Any) -> Any:
    row_type = types.Array(x.dtype, 1, "C")

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = _numba.make_array(sig.args[0])(context, builder, args[0])
        row = _numba.make_array(row_type)(context, builder)
        parts = {"data": whole.data, "shape": [whole.nitems], "strides": [whole.itemsize], "itemsize": whole.itemsize}
        _numba.populate_array(row, **parts, meminfo=None, parent=None)
        return row._getvalue()

    return row_type(x), generate


flat: Any = intrinsic(_row_of)
"""All of a contiguous array as one row: a loop over it runs on vectors, where one over the ten classes of a material is too short to. It does not keep
the array alive, so it is for what the caller holds anyway."""
_call: Any = intrinsic(_call_of_seven)
_call_settle: Any = intrinsic(_call_of_six)
_call_split: Any = intrinsic(_call_of_three)


def address_of(function: Any, signature: Any = MACHINE_SIGNATURE) -> int:
    """The address at which a compiled function of a machine can be called in this process."""
    result = function.overloads[signature.args]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


@kernel(f8(f8[:, ::1]), inner=True)
def mass_of(x: Floats) -> float:
    """Sum of a matrix, by four sums that the processor can overlap."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    classes = x.shape[1]
    whole = classes - classes % 4
    for m in range(x.shape[0]):
        for s in range(0, whole, 4):
            a += x[m, s]
            b += x[m, s + 1]
            c += x[m, s + 2]
            d += x[m, s + 3]
        for s in range(whole, classes):
            a += x[m, s]
    return (a + b) + (c + d)


@kernel(types.void(MATRIX, f8), inner=True)
def fill(into: Floats, value: float) -> None:
    """Set all of a matrix."""
    a = flat(into)
    for k in range(a.shape[0]):
        a[k] = value


@kernel(types.void(MATRIX, MATRIX), inner=True)
def copy_to(into: Floats, x: Floats) -> None:
    """Copy a matrix; by hand, since an assignment brings code for matrices of different shapes along, which takes seconds to compile."""
    a, b = flat(into), flat(x)
    for k in range(a.shape[0]):
        a[k] = b[k]


@kernel(types.void(MATRIX, MATRIX), inner=True)
def add_to(into: Floats, x: Floats) -> None:
    """Add a matrix."""
    a, b = flat(into), flat(x)
    for k in range(a.shape[0]):
        a[k] += b[k]


@kernel(types.void(MATRIX, MATRIX, f8), inner=True)
def scale_to(into: Floats, x: Floats, factor: float) -> None:
    """Write ``factor`` times a matrix."""
    a, b = flat(into), flat(x)
    for k in range(a.shape[0]):
        a[k] = b[k] * factor


@kernel(types.void(MATRIX, MATRICES, PORTS, MACHINES, STREAMS, i8), inner=True)
def sum_up(x: Floats, inp: Floats, out: Floats, machines: Records, sources: Records, i: int) -> None:
    """Add up the feed of machine ``i``."""
    begin = machines[i].sources
    for k in range(begin, machines[i].sources_end):
        source, p = sources[k].machine, sources[k].port
        given = x if source < 0 else out[source, p]
        if k == begin:
            copy_to(inp[i], given)
        else:
            add_to(inp[i], given)


@kernel(i8(LINE, i8, f8, f8[::1]), inner=True)
def settle(line: Line, i: int, tau: float, settings: Floats) -> int:
    """Write the settings that the feed of machine ``i`` gives at ``tau`` s a lot, and its warnings; sets its conditions ``at``."""
    machine, flow = line.machines[i], line.flows[i]
    for w in range(machine.warnings):
        line.warn[i, w] = 0
    if flow.up <= 0.0:
        return 0
    rate = 1.0 / (tau * flow.up) if tau > 0.0 else 0.0
    scale_to(line.at[i], line.inp[i], rate)
    return int(
        _call_settle(
            machine.settle,
            line.at[i],
            line.numbers[machine.coefficients : machine.coefficients_end],
            line.numbers[machine.parameters : machine.parameters_end],
            flow.flow_ratio * flow.seconds * rate,
            settings[machine.settings : machine.settings_end],
            line.warn[i],
        )
    )


@kernel(i8(LINE, i8), inner=True)
def set_shares(line: Line, i: int) -> int:
    """Write the shares of machine ``i`` at its settings, unless they are the last ones; all goes to its bypass while no copy works."""
    machine = line.machines[i]
    if line.flows[i].up <= 0.0:
        for p in range(machine.ports):
            fill(line.shares[i, p], 1.0 if p == machine.bypass else 0.0)
        line.machines[i].stale = 1
        return 0
    changed = machine.stale
    for d in range(machine.settings, machine.settings_end):
        if line.settings[d] != line.split_at[d]:
            changed = 1
            line.split_at[d] = line.settings[d]
    if not changed:
        return 0
    settings = line.settings[machine.settings : machine.settings_end]
    status = int(_call_split(machine.split, settings, line.numbers[machine.coefficients : machine.coefficients_end], line.shares[i]))
    line.machines[i].stale = status != 0
    return status


@kernel(types.void(f8[::1], i8, i8, f8[::1], MATRIX), inner=True)
def let_fall(numbers: Floats, begin: int, j: int, broken: Floats, fallen: Floats) -> None:
    """Let what a mill breaks of class ``j``, ``broken`` (material,), fall into finer classes, ``fallen`` (size, material).

    Its spread stands among the ``numbers`` from ``begin`` on.
    """
    classes, materials = fallen.shape
    table = begin + j * classes * materials
    for i in range(j):
        first = unsigned(table + i * materials)
        for m in range(materials):
            fallen[i, m] += broken[m] * numbers[first + unsigned(m)]
    row = begin + classes * classes * materials
    count = int(numbers[row])
    row += 1
    for _ in range(count):
        whole, freed = broken[int(numbers[row])], row + 1 + j * classes
        parts = row + 1 + classes * classes
        own = parts + 1 + 2 * int(numbers[parts])
        if whole > 0.0:
            for part in range(parts + 1, own, 2):
                n, share = int(numbers[part]), whole * numbers[part + 1]
                for i in range(j):
                    fallen[i, n] += share * numbers[freed + i]
        sizes = own + 1
        for _ in range(int(numbers[own])):  # parts that come off in sizes of their own, no coarser than the fragment
            n, share = int(numbers[sizes]), whole * numbers[sizes + 1]
            carried = 0.0
            for i in range(j - 1 if whole > 0.0 else -1, -1, -1):
                carried += share * numbers[freed + i] * numbers[sizes + 2 + classes + i]
                fallen[i, n] += carried * numbers[sizes + 2 + i]
            sizes += 2 + 2 * classes
        row = sizes


@kernel(types.void(LINE, i8), inner=True)
def _break(line: Line, i: int) -> None:
    """:func:`deliver` for a machine that breaks."""
    inp, shares, out, fallen, broken = line.inp[i], line.shares[i, 0], line.out[i, 0], line.fallen[i], line.rows[0, 0]
    fill(fallen, 0.0)
    for j in range(inp.shape[1] - 1, -1, -1):
        for m in range(inp.shape[0]):
            inside = inp[m, j] + fallen[j, m]
            out[m, j] = inside * shares[m, j]
            broken[m] = inside - out[m, j]
        let_fall(line.numbers, line.machines[i].spread, j, broken, fallen)


@kernel(types.void(LINE, i8), inner=True)
def _pour(line: Line, i: int) -> None:
    """:func:`deliver` for a machine whose pieces take given sizes."""
    inp, shares, out, sizes = line.inp[i], line.shares[i, 0], line.out[i, 0], line.machines[i].spread
    classes = inp.shape[1]
    for m in range(inp.shape[0]):
        emptied = 0.0
        for s in range(classes):
            out[m, s] = inp[m, s] * shares[m, s]
            emptied += inp[m, s] - out[m, s]
        for s in range(classes):
            out[m, s] += emptied * line.numbers[sizes + m * classes + s]


@kernel(types.void(LINE, i8), inner=True)
def deliver(line: Line, i: int) -> None:
    """Write what machine ``i`` gives off at each port, by its feed and its shares; what falls into finer classes, or takes given sizes, too."""
    if line.machines[i].structure == BY_SIZE:
        _break(line, i)
        return
    if line.machines[i].structure == BY_MATERIAL:
        _pour(line, i)
        return
    last = line.machines[i].ports - 1
    inp, rest = flat(line.inp[i]), flat(line.out[i, last])
    copy_to(line.out[i, last], line.inp[i])
    for p in range(last):
        shares, out = flat(line.shares[i, p]), flat(line.out[i, p])
        for k in range(inp.shape[0]):
            part = inp[k] * shares[k]
            out[k] = part
            rest[k] -= part
    if last > 1:
        for k in range(rest.shape[0]):
            rest[k] = max(rest[k], 0.0)


@kernel(i8(LINE, i8), inner=True)
def _pass_by(line: Line, i: int) -> int:
    """Let the feed of machine ``i`` take its bypass, since no copy works."""
    for w in range(line.machines[i].warnings):
        line.warn[i, w] = 0
    for p in range(line.machines[i].ports):
        if p == line.machines[i].bypass:
            copy_to(line.out[i, p], line.inp[i])
        else:
            fill(line.out[i, p], 0.0)
    return 0


@kernel(i8(LINE, i8, f8, i8), inner=True)
def _apply_whole(line: Line, i: int, tau: float, fresh: int) -> int:
    """:func:`apply` for a machine without a response."""
    machine, flow = line.machines[i], line.flows[i]
    rate = 1.0 / (tau * flow.up) if tau > 0.0 else 0.0
    at, inp = line.at[i], line.inp[i]
    if fresh > 0:
        scale_to(at, inp, rate)
    for w in range(machine.warnings):
        line.warn[i, w] = 0
    return int(
        _call(
            machine.apply,
            inp,
            at,
            line.numbers[machine.coefficients : machine.coefficients_end],
            line.numbers[machine.parameters : machine.parameters_end],
            flow.flow_ratio * flow.seconds * rate,
            line.out[i],
            line.warn[i],
        )
    )


@kernel(i8(LINE, i8, f8, i8), inner=True)
def apply(line: Line, i: int, tau: float, fresh: int) -> int:
    """Split the feed of machine ``i`` at ``tau`` s a lot; with ``fresh`` > 0 its conditions are set from that feed first."""
    if line.machines[i].structure == AS_A_WHOLE:
        return int(_pass_by(line, i) if line.flows[i].up <= 0.0 else _apply_whole(line, i, tau, fresh))
    if fresh > 0:
        status = 0
        if line.machines[i].settings < line.machines[i].settings_end or line.machines[i].warnings > 0:
            status = settle(line, i, tau, line.settings)
        if status == 0:
            status = set_shares(line, i)
        if status != 0:
            return int(status)
    deliver(line, i)
    return 0
