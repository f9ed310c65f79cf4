"""Mills with a discharge opening: shredder, hammer mill, granulator; what a hammer or a knife gives to a piece.

A mill is Whiten's crusher P = (I-C)(I-BC)^-1 F, with the probability C of being broken again taken from the population balance of a
perfectly mixed chamber: a piece is broken at the rate S of its size and leaves at the rate D at which the opening lets that size through,
hence C = S/(S+D). A piece wider than the opening has D = 0: it stays until it has been broken to size. A batch model has no such limit, and
Whiten's C alone no rate and so no load; this form has both. By Herbst and Fuerstenau's energy-specific selection function, S times the
residence time is the specific energy over the strength, and energy per tonne falls as throughput rises, as on a motor of given power.

Size classes ascend; sizes are in m, masses in kg, unless a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frozen.comminution import breakage_matrix, gaudin_liberation, mean_discharge, newly_liberated
from frozen.compile import Floats, MachineKernel, Properties, Sizes, kernel, machine_kernel

REFERENCE_SIZE = 0.1
"""Size in m at which a piece of relative breakage 1 breaks once per ``strength``."""
LARGEST_LOAD = 2.0  # throughput over the nominal one up to which the load law is meant


HEAD = 5  # coefficients before the tables: breakage events without load, nominal kg/s, load slope, opening in range, how many composites come apart


@kernel()
def _chamber_tables(
    lower: Floats,
    upper: Floats,
    mean: Floats,
    relative: Floats,
    taken_up: Floats,
    opening: float,
    free: float,
    discharge_exponent: float,
    selection_exponent: float,
    fines_share: float,
    fines_exponent: float,
    coarse_exponent: float,
) -> Floats:
    """Head, left open; discharge (size); relative breakage (material); selection (material, size); where the broken goes (from, to)."""
    classes, materials = mean.shape[0], relative.shape[0]
    selection = HEAD + classes + materials
    table = selection + materials * classes
    c = np.zeros(table + classes * classes)
    b = breakage_matrix(lower, upper, mean, fines_share, fines_exponent, coarse_exponent)
    for m in range(materials):
        c[HEAD + classes + m] = relative[m]
    for j in range(classes):
        c[HEAD + j] = mean_discharge(lower[j], upper[j], free * opening, opening, discharge_exponent)
        leaving = 1.0 - b[j, j]
        for m in range(materials):
            c[selection + m * classes + j] = leaving * (mean[j] / REFERENCE_SIZE) ** selection_exponent * taken_up[m, j]
        for i in range(j):
            c[table + j * classes + i] = b[i, j] / leaving
    return c


def _chamber(
    values: Mapping[str, Any],
    properties: Properties,
    sizes: Sizes,
    opening: float,
    work: float,
    strength: float,
    relative: Floats,
    taken_up: Floats,
    selection_exponent: float,
) -> Floats:
    """Coefficients of a mill that breaks a piece of the reference size ``work``/``strength`` times at the nominal rate.

    That is times ``relative`` (material,) and ``taken_up`` (material, size).
    """
    slope = float(values["load_slope"])
    c = _chamber_tables(
        sizes.lower,
        sizes.upper,
        sizes.mean,
        relative,
        taken_up,
        opening,
        float(values["free_share"]),
        float(values["discharge_exponent"]),
        selection_exponent,
        float(values["fines_share"]),
        float(values["fines_exponent"]),
        float(values["coarse_exponent"]),
    )
    c[0] = work * (1.0 + slope) / strength
    c[1] = float(values["nominal"])
    c[2] = slope
    c[3] = 1.0 if sizes.upper[0] <= opening <= sizes.upper[-1] else 0.0
    apart = _liberation_coefficients(values, properties, sizes)
    c[4] = len(apart)
    return np.array([*c.tolist(), *(number for row in apart for number in row)])


def _liberation_coefficients(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> list[list[float]]:
    """For each composite that comes apart: its place, its liberated share by class, its constituents by material."""
    if "constituents" not in values:
        return []
    rows = []
    for m, parts in enumerate(np.asarray(values["constituents"]).tolist()):
        if any(parts):
            if "liberated" in values:
                shares = np.asarray(values["liberated"])[m].tolist()
            else:
                shares = [gaudin_liberation(float(properties["grain"][m]) / size) for size in sizes.mean.tolist()]
            rows.append([float(m), *shares, *parts])
    return rows


def _prepare_shredder(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    everywhere = np.ones((len(properties["breakage"]), len(sizes.mean)))
    exponent = float(values["selection_exponent"])
    energy, strength = float(values["energy"]), float(values["strength"])
    return _chamber(values, properties, sizes, float(values["gap"]), energy, strength, properties["breakage"], everywhere, exponent)


@kernel()
def _break(m: int, broken: float, c: Floats, row: int, out: Floats) -> float:
    """Break material ``m`` in ``out`` (material, size), coarsest class first; what its composite row (from ``row`` on; -1: none) says comes apart.

    Returns the mass that can neither leave nor break, which is left as it is.
    """
    materials, classes = out.shape
    selection = HEAD + classes + materials + m * classes
    table = HEAD + classes + materials + materials * classes
    stuck = 0.0
    for j in range(classes - 1, 0, -1):
        inside = out[m, j]
        leaving = c[HEAD + j] + broken * c[selection + j]
        if leaving > 0.0:
            kept = inside * (c[HEAD + j] / leaving)
            out[m, j] = kept
            moved = inside - kept
            if moved > 0.0:
                column = table + j * classes
                for i in range(j):
                    fallen = moved * c[column + i]
                    if row >= 0:
                        free = fallen * newly_liberated(c[row + 1 + j], c[row + 1 + i])
                        fallen -= free
                        for n in range(materials):
                            out[n, i] += free * c[row + 1 + classes + n]
                    out[m, i] += fallen
        else:
            stuck += inside
    return stuck


@machine_kernel
def _mill(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    c = coefficients
    relative = HEAD + classes
    composites = relative + materials + materials * classes + classes * classes
    width = 1 + classes + materials
    total = 0.0
    for m in range(materials):
        for j in range(classes):
            total += at[m, j]
            out[0, m, j] = x[m, j]
    loaded = total / c[1]
    events = c[0] / (1.0 + c[2] * loaded)
    stuck = 0.0
    apart = int(c[4])
    for k in range(apart):  # before their constituents, which then break on
        row = composites + k * width
        stuck += _break(int(c[row]), events * c[relative + int(c[row])], c, row, out[0])
    k = 0
    for m in range(materials):
        if k < apart and int(c[composites + k * width]) == m:
            k += 1
        else:
            stuck += _break(m, events * c[relative + m], c, -1, out[0])
    if total > 0.0:
        if loaded > LARGEST_LOAD:
            warn[0] += 1
        if c[3] == 0.0:
            warn[1] += 1
    if stuck > 0.0:
        warn[2] += 1
    return 0


SHREDDER = MachineKernel(
    apply=_mill,
    prepare=_prepare_shredder,
    warnings=("throughput above twice the nominal rate", "gap outside the size classes", "unbreakable material wider than the gap"),
)
"""Shredder with a discharge opening; one port, ``out``. Material properties: ``breakage`` (relative rate, 1 = reference), ``grain`` [m].

Per material and class, of what arrives in class j the share D_j/(D_j + n_j(1-b_jj)) leaves as it is and the rest falls into finer classes
in the proportions b_ij, which is :func:`frozen.comminution.whiten_product` with C = n/(n+D) rearranged so that masses stay positive and
add up. Here D_j is :func:`frozen.comminution.mean_discharge`, and n_j = breakage (x_j/0.1 m)^selection_exponent E/strength the
expected breakage events. The specific energy falls with the throughput Q: E = energy (1+load_slope)/(1+load_slope Q/nominal), which is
``energy`` at the nominal rate. The finest class is not broken; a piece that cannot break and does not fit passes unbroken and is counted.

With ``liberation`` a composite comes apart as it breaks: of what falls from class j into class i the share
:func:`frozen.comminution.newly_liberated` becomes its constituents, in class i and in the composite's proportions, so that the grade of
what stays composite, and every element, is conserved. The liberated share L of a class is
:func:`frozen.comminution.gaudin_liberation` at k = grain/size, or measured. The feed is taken as unliberated.

values: ``gap`` [m], ``free_share`` (sizes below this share of the gap leave freely, 0..1 exclusive), ``discharge_exponent``,
``energy`` [J/kg], ``strength`` [J/kg], ``nominal`` [kg/s], ``load_slope`` >= 0, ``selection_exponent``, ``fines_share``,
``fines_exponent``, ``coarse_exponent``; where composites come apart also ``constituents`` (material, material) and, where measured,
``liberated`` (material, size).
Valid for a gap within the size classes and up to twice the nominal rate. Sources: Whiten 1972, Austin et al. 1984, Herbst and
Fuerstenau 1980 (from memory); the load law is an assumption of this model.
"""
