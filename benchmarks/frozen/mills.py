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

LAWS = ("brittle", "ductile", "rubber", "fibre")
REFERENCE_SIZE = 0.1
"""Size in m at which a piece of relative breakage 1 breaks once per ``strength``."""
WAYS = len(LAWS)
LARGEST_LOAD = 2.0  # throughput over the nominal one up to which the load law is meant


HEAD = 6  # coefficients before the tables: events without load, nominal kg/s, load slope, opening in range, composites that come apart, largest kg/s


def emptying(opening: float, nominal: float, exponent: float) -> float:
    """How much faster a mill empties through ``opening`` than through the ``nominal`` one: (a/a_n)^q; at the same feed it then holds 1/that.

    Which pieces may leave is another matter (:func:`frozen.comminution.mean_discharge`). q = 1 is Rittinger's law: the energy that a tonne gets
    before it leaves goes as 1/opening.

    >>> round(emptying(0.01905, 0.0127, 1.0), 6), emptying(0.02, 0.02, 1.5)
    (1.5, 1.0)
    """
    return float((opening / nominal) ** exponent)


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
    ways: Floats,
    ways_of: Floats,
) -> Floats:
    """Head, left open; discharge (size); relative breakage (material); selection (material, size); law (material); where the broken goes (law, from, to).

    ``ways`` (law, 3): share and exponent of the fines and exponent of the coarse fragments; ``ways_of`` (material,) the law of each.
    """
    classes, materials = mean.shape[0], relative.shape[0]
    selection = HEAD + classes + materials
    of = selection + materials * classes
    table = of + materials
    c = np.zeros(table + ways.shape[0] * classes * classes)
    for j in range(classes):
        c[HEAD + j] = mean_discharge(lower[j], upper[j], free * opening, opening, discharge_exponent)
    for w in range(ways.shape[0]):
        b = breakage_matrix(lower, upper, mean, ways[w, 0], ways[w, 1], ways[w, 2])
        for j in range(classes):
            leaving = 1.0 - b[j, j]
            for i in range(j):
                c[table + (w * classes + j) * classes + i] = b[i, j] / leaving
            for m in range(materials):
                if int(ways_of[m]) == w:
                    c[selection + m * classes + j] = leaving * (mean[j] / REFERENCE_SIZE) ** selection_exponent * taken_up[m, j]
    for m in range(materials):
        c[HEAD + classes + m] = relative[m]
        c[of + m] = ways_of[m]
    return c


def _ways(values: Mapping[str, Any]) -> Floats:
    """Austin's numbers of each law: share and exponent of the fines, exponent of the coarse fragments (law, 3)."""
    keys = [("fines_share", "coarse_exponent"), *((f"{law}_fines_share", f"{law}_coarse_exponent") for law in LAWS[1:])]
    return np.array([[float(values[share]), float(values["fines_exponent"]), float(values[coarse])] for share, coarse in keys])


def _chamber(
    values: Mapping[str, Any],
    properties: Properties,
    sizes: Sizes,
    opening: str,
    work: float,
    strength: float,
    relative: Floats,
    taken_up: Floats,
    selection_exponent: float,
) -> Floats:
    """Coefficients of a mill that breaks a piece of the reference size ``work``/``strength`` times at the nominal rate and nominal ``opening``.

    That is times ``relative`` (material,) and ``taken_up`` (material, size).
    """
    slope, hole = float(values["load_slope"]), float(values[opening])
    c = _chamber_tables(
        sizes.lower,
        sizes.upper,
        sizes.mean,
        relative,
        taken_up,
        hole,
        float(values["free_share"]),
        float(values["discharge_exponent"]),
        selection_exponent,
        _ways(values),
        np.asarray(values["laws"], dtype=np.float64) if "laws" in values else np.zeros(len(relative)),
    )
    faster = emptying(hole, float(values[f"nominal_{opening}"]), float(values["emptying"]))
    c[0] = work * (1.0 + slope) / strength / faster
    c[1] = float(values["nominal"]) * faster
    c[5] = LARGEST_LOAD * float(values["nominal"]) * max(1.0, faster)  # a nominal rate is often said of a mill's own, narrow opening
    c[2] = slope
    c[3] = 1.0 if sizes.upper[0] <= hole <= sizes.upper[-1] else 0.0
    apart = _liberation_coefficients(values, properties, sizes)
    c[4] = len(apart)
    return np.array([*c.tolist(), *(number for row in apart for number in row)])


def _liberation_coefficients(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> list[list[float]]:
    """For each composite that comes apart: its place, its liberated share by class, its constituents by material."""
    if "constituents" not in values:
        return []
    if np.any(values.get("comes_off", 0.0)):
        raise ValueError("the frozen mill knows no parts that come off in sizes of their own")
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
    return _chamber(values, properties, sizes, "gap", energy, strength, properties["breakage"], everywhere, exponent)


@kernel()
def _break(m: int, broken: float, c: Floats, row: int, out: Floats) -> float:
    """Break material ``m`` in ``out`` (material, size), coarsest class first; what its composite row (from ``row`` on; -1: none) says comes apart.

    Returns the mass that can neither leave nor break, which is left as it is.
    """
    materials, classes = out.shape
    selection = HEAD + classes + materials + m * classes
    of = HEAD + classes + materials + materials * classes
    table = of + materials + int(c[of + m]) * classes * classes
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
    composites = relative + materials + materials * classes + materials + WAYS * classes * classes
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
        if total > c[5]:
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

The opening acts twice: by D, which pieces may leave, and by how fast the mill empties. Through a gap wider than ``nominal_gap`` by :func:`emptying` the
chamber holds less at the same feed and what it holds leaves sooner: n falls by that factor, and the throughput that it is as full at as at the nominal one
rises by it. So coarser holes spare breakage and take more; b_ij are those of the material's law (``laws``).

With ``liberation`` a composite comes apart as it breaks: of what falls from class j into class i the share
:func:`frozen.comminution.newly_liberated` becomes its constituents, in class i and in the composite's proportions, so that the grade of
what stays composite, and every element, is conserved. The liberated share L of a class is
:func:`frozen.comminution.gaudin_liberation` at k = grain/size, or measured. The feed is taken as unliberated. A constituent with a size of its own
(``comes_off``) arrives in that of its :func:`frozen.comminution.own_sizes` that is no coarser than class i: chips, solder and contacts leave a board as
fines while its laminate stays coarse.

values: ``gap``, ``nominal_gap`` [m], ``emptying`` >= 0 (exponent), ``free_share`` (sizes below this share of the gap leave freely, 0..1 exclusive),
``discharge_exponent``,
``energy`` [J/kg], ``strength`` [J/kg], ``nominal`` [kg/s], ``load_slope`` >= 0, ``selection_exponent``, ``fines_share``,
``fines_exponent``, ``coarse_exponent`` of the brittle, the same with ``ductile_``, ``rubber_`` and ``fibre_`` before share and coarse exponent, ``laws``
(material,) numbers of :data:`LAWS`, all brittle where not given; where composites come apart also ``constituents`` (material,
material), where measured ``liberated`` (material, size), and ``comes_off`` (material, material) [m], 0 for the fragment's size.
Valid for a gap within the size classes and up to twice the nominal rate, times the emptying of a gap wider than the nominal one.
Sources: Whiten 1972, Austin et al. 1984, Herbst and
Fuerstenau 1980 (from memory); emptying by Rittinger's law; the load law and the sizes that parts come off in are assumptions of this model.
"""
