"""Mills with a discharge opening: shredder, hammer mill, granulator; what a hammer or a knife gives to a piece.

A mill is Whiten's crusher P = (I-C)(I-BC)^-1 F, with the probability C of being broken again taken from the population balance of a
perfectly mixed chamber: a piece is broken at the rate S of its size and leaves at the rate D at which the opening lets that size through,
hence C = S/(S+D). A piece wider than the opening has D = 0: it stays until it has been broken to size. A batch model has no such limit, and
Whiten's C alone no rate and so no load; this form has both. By Herbst and Fuerstenau's energy-specific selection function, S times the
residence time is the specific energy over the strength, and energy per tonne falls as throughput rises, as on a motor of given power.

Size classes ascend; sizes are in m, masses in kg, unless a function says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.breakage_laws import LAWS
from twin.kernels.comminution import breakage_matrix, gaudin_liberation, mean_discharge, newly_liberated, own_sizes
from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, Spread, kernel, settling, splitting

REFERENCE_SIZE = 0.1
"""Size in m at which a piece of relative breakage 1 breaks once per ``strength``."""
WAYS = len(LAWS)
LARGEST_LOAD = 2.0  # throughput over the nominal one up to which the load law is meant


def tip_speed(diameter: float, speed: float) -> float:
    """Speed of the hammers' or knives' tips [m/s]: pi D n, ``diameter`` [m], ``speed`` [1/s].

    >>> round(tip_speed(1.2, 800 / 60), 2)
    50.27
    """
    return math.pi * diameter * speed


def collision_share(hammer: float, piece: float) -> float:
    """Share of v^2/2 that a kg of a resting ``piece`` takes up from a free hammer that hits it at the speed v: M/(M+m).

    What a plastic collision of the masses M and m [kg] dissipates, over m v^2/2.

    >>> collision_share(15.0, 0.0), collision_share(15.0, 5.0)
    (1.0, 0.75)
    """
    return hammer / (hammer + piece)


def cut_size(diameter: float, speed: float, rotor_knives: float, bed_knives: float, residence: float) -> float:
    """Size [m] of a piece that is cut once on its way through a cutting mill: pi D/(n t z_r z_b).

    A piece of size d goes round with a rotor of ``diameter`` D [m] and ``speed`` n [1/s] for the ``residence`` t [s]. At each of the
    ``bed_knives`` it is cut if it reaches across when one of the ``rotor_knives`` comes: with the chance d over their distance pi D/z_r.

    >>> round(1000 * cut_size(0.4, 500 / 60, 5, 2, 2.0), 2)
    7.54
    """
    return math.pi * diameter / (speed * residence * rotor_knives * bed_knives)


def caught_share(thickness: float, gap: float) -> float:
    """Share of the pieces of ``thickness`` t [m] that knives ``gap`` g [m] apart cut and do not fold into the gap: t/(t+g); an assumption.

    >>> caught_share(0.0012, 0.0003), caught_share(0.0012, 0.0012)
    (0.8, 0.5)
    """
    return thickness / (thickness + gap)


HEAD = 6  # coefficients before the tables: events without load, nominal kg/s, load slope, opening in range, composites that come apart, largest kg/s


def emptying(opening: float, nominal: float, exponent: float) -> float:
    """How much faster a mill empties through ``opening`` than through the ``nominal`` one: (a/a_n)^q; at the same feed it then holds 1/that.

    Which pieces may leave is another matter (:func:`twin.kernels.comminution.mean_discharge`). q = 1 is Rittinger's law: the energy that a tonne gets
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
    """For each composite that comes apart: its place, its liberated share by class, its constituents by material, and their own sizes (material, size)."""
    if "constituents" not in values:
        return []
    rows = []
    for m, parts in enumerate(np.asarray(values["constituents"]).tolist()):
        if any(parts):
            if "liberated" in values:
                shares = np.asarray(values["liberated"])[m].tolist()
            else:
                shares = [gaudin_liberation(float(properties["grain"][m]) / size) for size in sizes.mean.tolist()]
            own = np.zeros((len(parts), len(shares)))
            for n, size in enumerate(np.asarray(values["comes_off"])[m].tolist() if "comes_off" in values else ()):
                if size > 0.0:
                    own[n] = own_sizes(size, sizes.lower, sizes.upper)
            rows.append([float(m), *shares, *parts, *own.ravel().tolist()])
    return rows


def _thicknesses(properties: Properties, sizes: Sizes) -> Floats:
    """Thickness of a piece (material, size), m."""
    found: Floats = np.multiply.outer(properties["thickness_ratio"], sizes.mean)
    return found


def _prepare_shredder(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    everywhere = np.ones((len(properties["breakage"]), len(sizes.mean)))
    exponent = float(values["selection_exponent"])
    energy, strength = float(values["energy"]), float(values["strength"])
    return _chamber(values, properties, sizes, "gap", energy, strength, properties["breakage"], everywhere, exponent)


def _prepare_hammer_mill(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    speed = tip_speed(float(values["rotor_diameter"]), float(values["rotor_speed"]))
    energy = float(values["impacts"]) * float(values["hammer_edge"]) * 0.5 * speed * speed
    hammer, strength = float(values["hammer_mass"]), float(values["strength"])
    pieces = _thicknesses(properties, sizes) * (properties["density"] * properties["solidity"])[:, None] * sizes.mean * sizes.mean
    taken_up = np.array([[collision_share(hammer, piece) for piece in row] for row in pieces.tolist()])
    return _chamber(values, properties, sizes, "grate", energy, strength, properties["breakage"], taken_up, float(values["selection_exponent"]))


def _prepare_granulator(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    knives = float(values["rotor_knives"]), float(values["bed_knives"])
    once = cut_size(float(values["rotor_diameter"]), float(values["rotor_speed"]), *knives, float(values["residence"]))
    gap, selectivity = float(values["knife_gap"]), float(values["selectivity"])
    relative = np.array([rate**selectivity if rate > 0.0 else 0.0 for rate in properties["breakage"].tolist()])
    caught = np.array([[caught_share(thickness, gap) for thickness in row] for row in _thicknesses(properties, sizes).tolist()])
    return _chamber(values, properties, sizes, "aperture", REFERENCE_SIZE, once, relative, caught, 1.0)


@kernel()
def _falls(m: int, j: int, broken: float, c: Floats, classes: int, materials: int) -> bool:
    """Whether any of material ``m`` in class ``j`` is broken."""
    return j > 0 and broken * c[HEAD + classes + m] * c[HEAD + classes + materials + m * classes + j] > 0.0


@kernel()
def _sticks(at: Floats, c: Floats, broken: float) -> bool:
    """Whether anything that comes in, or comes apart inside, can neither leave nor break: wider than the opening, and not broken."""
    materials, classes = at.shape
    for j in range(1, classes):
        if c[HEAD + j] == 0.0:
            for m in range(materials):
                if at[m, j] > 0.0 and not _falls(m, j, broken, c, classes, materials):
                    return True
    row = HEAD + classes + materials + materials * classes + materials + WAYS * classes * classes
    for _ in range(int(c[4])):
        place = int(c[row])
        own = row + 1 + classes + materials
        coarsest = 0
        for j in range(classes):
            if at[place, j] > 0.0 and _falls(place, j, broken, c, classes, materials):
                coarsest = j
        for i in range(1, coarsest):
            if c[HEAD + i] == 0.0 and c[row + 1 + i] > c[row + 1 + coarsest]:
                for n in range(materials):
                    arrives = c[row + 1 + classes + n] > 0.0 and (c[own + n * classes] == 0.0 or c[own + n * classes + i] > 0.0)
                    if arrives and not _falls(n, i, broken, c, classes, materials):
                        return True
        row = own + materials * classes
    return False


@settling
def _load(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    c = coefficients
    total = 0.0
    for m in range(at.shape[0]):
        for s in range(at.shape[1]):
            total += at[m, s]
    loaded = total / c[1]
    settings[0] = c[0] / (1.0 + c[2] * loaded)
    if total > 0.0:
        if total > c[5]:
            warn[0] += 1
        if c[3] == 0.0:
            warn[1] += 1
    if _sticks(at, c, settings[0]):
        warn[2] += 1
    return 0


@splitting
def _leave(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    selection = HEAD + classes + materials
    for m in range(materials):
        broken = settings[0] * c[HEAD + classes + m]
        shares[0, m, 0] = 1.0
        for s in range(1, classes):
            leaving = c[HEAD + s] + broken * c[selection + m * classes + s]
            shares[0, m, s] = c[HEAD + s] / leaving if leaving > 0.0 else 1.0
    return 0


def _spread(coefficients: Floats, materials: int, classes: int) -> Spread:
    of = HEAD + classes + materials + materials * classes
    table, rest = of + materials, of + materials + WAYS * classes * classes
    laws = coefficients[table:rest].reshape(WAYS, classes, classes)[coefficients[of:table].astype(np.int64)]
    rows = coefficients[rest:].reshape(int(coefficients[4]), 1 + classes + materials + materials * classes)
    liberated, parts, sizes = rows[:, 1 : 1 + classes], rows[:, 1 + classes : 1 + classes + materials], rows[:, 1 + classes + materials :]
    free = np.array([[[newly_liberated(coarse, fine) for fine in row] for coarse in row] for row in liberated.tolist()])
    own = sizes.reshape(len(rows), materials, classes)
    return Spread(np.ascontiguousarray(np.moveaxis(laws, 0, 2)), tuple(int(place) for place in rows[:, 0].tolist()), free, parts, own)


MILL = Response(_load, _leave, ("events",), spread=_spread)
"""Breakage events of a reference piece follow from the throughput; what is not broken leaves as it came."""

SHREDDER = MachineKernel(
    response=MILL,
    prepare=_prepare_shredder,
    warnings=("throughput above twice the nominal rate", "gap outside the size classes", "unbreakable material wider than the gap"),
)
"""Shredder with a discharge opening; one port, ``out``. Material properties: ``breakage`` (relative rate, 1 = reference), ``grain`` [m].

Per material and class, of what arrives in class j the share D_j/(D_j + n_j(1-b_jj)) leaves as it is and the rest falls into finer classes
in the proportions b_ij, which is :func:`twin.kernels.comminution.whiten_product` with C = n/(n+D) rearranged so that masses stay positive and
add up. Here D_j is :func:`twin.kernels.comminution.mean_discharge`, and n_j = breakage (x_j/0.1 m)^selection_exponent E/strength the
expected breakage events. The specific energy falls with the throughput Q: E = energy (1+load_slope)/(1+load_slope Q/nominal), which is
``energy`` at the nominal rate. The finest class is not broken; a piece that cannot break and does not fit passes unbroken and is counted.

The opening acts twice: by D, which pieces may leave, and by how fast the mill empties. Through a gap wider than ``nominal_gap`` by :func:`emptying` the
chamber holds less at the same feed and what it holds leaves sooner: n falls by that factor, and the throughput that it is as full at as at the nominal one
rises by it. So coarser holes spare breakage and take more; b_ij are those of the material's law (``laws``).

With ``liberation`` a composite comes apart as it breaks: of what falls from class j into class i the share
:func:`twin.kernels.comminution.newly_liberated` becomes its constituents, in class i and in the composite's proportions, so that the grade of
what stays composite, and every element, is conserved. The liberated share L of a class is
:func:`twin.kernels.comminution.gaudin_liberation` at k = grain/size, or measured. The feed is taken as unliberated. A constituent with a size of its own
(``comes_off``) arrives in that of its :func:`twin.kernels.comminution.own_sizes` that is no coarser than class i: chips, solder and contacts leave a board as
fines while its laminate stays coarse.

values: ``gap``, ``nominal_gap`` [m], ``emptying`` >= 0 (exponent), ``free_share`` (sizes below this share of the gap leave freely, 0..1 exclusive),
``discharge_exponent``,
``energy`` [J/kg], ``strength`` [J/kg], ``nominal`` [kg/s], ``load_slope`` >= 0, ``selection_exponent``, ``fines_share``,
``fines_exponent``, ``coarse_exponent`` of the brittle, the same with ``ductile_``, ``rubber_`` and ``fibre_`` before share and coarse exponent, ``laws``
(material,) numbers of :data:`twin.kernels.breakage_laws.LAWS`, all brittle where not given; where composites come apart also ``constituents`` (material,
material), where measured ``liberated`` (material, size), and ``comes_off`` (material, material) [m], 0 for the fragment's size.
Valid for a gap within the size classes and up to twice the nominal rate, times the emptying of a gap wider than the nominal one.
Sources: Whiten 1972, Austin et al. 1984, Herbst and
Fuerstenau 1980 (from memory); emptying by Rittinger's law; the load law and the sizes that parts come off in are assumptions of this model.
"""

HAMMER_MILL = MachineKernel(
    response=MILL,
    prepare=_prepare_hammer_mill,
    warnings=("throughput above twice the nominal rate", "grate outside the size classes", "unbreakable material wider than the grate"),
)
"""Hammer mill; one port, ``out``. Material properties: ``breakage``, ``density``, ``solidity``, ``thickness_ratio``, ``grain`` [m].

The chamber of :data:`SHREDDER` behind a grate, liberation included. What breaks is the energy of ``impacts`` hits at the :func:`tip_speed` v,
of v^2/2: E = impacts hammer_edge v^2/2 at the nominal rate, times :func:`collision_share` for a piece of the mass m = density solidity
thickness_ratio d^3. So energy rises with the square of the tip speed, hammers that wear lose it, by their rounded
edge on all pieces and by their mass on those that are not much lighter.

values: ``grate``, ``nominal_grate``, ``rotor_diameter`` [m], ``rotor_speed`` [1/s], ``impacts``, ``hammer_mass`` [kg], ``hammer_edge`` (1 when new),
``strength`` [J/kg], and ``selection_exponent`` and what the shredder has from ``emptying`` on but for energy and gap.
Valid for a grate within the size classes and up to twice the nominal rate. Sources: those of the shredder; mechanics of a plastic collision. That
the number of impacts stands for the chamber, the hammers' number and the air flow is an assumption of this model.
"""

GRANULATOR = MachineKernel(
    response=MILL,
    prepare=_prepare_granulator,
    warnings=("throughput above twice the nominal rate", "screen aperture outside the size classes", "unbreakable material wider than the screen aperture"),
)
"""Granulator (cutting mill) over a screen; one port, ``out``. Material properties: ``breakage``, ``thickness_ratio``, ``grain`` [m].

The chamber of :data:`SHREDDER` behind a screen, liberation included. A piece of size d is cut d/l times at the nominal rate, l of
:func:`cut_size`, times breakage^selectivity and :func:`caught_share` of its thickness d thickness_ratio at the gap between the knives: with
blunt, worn knives thin pieces fold into it. The time in reach of the knives falls with the throughput as the shredder's energy does. One cut at
a random place leaves the mass share r^2 of a rod below r times its length, hence ``coarse_exponent`` 2 and few fines.

values: ``aperture``, ``nominal_aperture``, ``rotor_diameter``, ``knife_gap`` [m], ``rotor_speed`` [1/s], ``rotor_knives``, ``bed_knives``, ``residence`` [s],
``selectivity`` >= 0, and what the shredder has from ``emptying`` on but for energy, gap and ``selection_exponent``.
Valid for an aperture within the size classes and up to twice the nominal rate. Sources: chamber as the shredder's; cuts by geometry, derived
here; how the gap and the load act are assumptions of this model.
"""
