"""Corona-electrostatic separation: charge, the forces at the roll, where a piece lets go and lands, and the roll separator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.physical_constants import GRAVITY

VACUUM_PERMITTIVITY = 8.8541878128e-12  # F/m
INDUCED_FORCE = 0.832 * math.pi**2 / 2.0 * 4.0 / 3.0  # Felici's charge and force on a conducting sphere on a plate, by mean thickness
SMALLEST, LARGEST = 1e-4, 8e-3  # m; outside, pieces stick or are too heavy for the roll


@kernel()
def pauthenier_factor(permittivity: float) -> float:
    """p in the greatest charge 4 pi eps0 p r^2 E that ions can put on a sphere: 3 eps/(eps + 2) of relative ``permittivity`` (Pauthenier).

    >>> pauthenier_factor(4.0)
    2.0
    """
    return 3.0 * permittivity / (permittivity + 2.0)


@kernel()
def charged_share(time: float, field: float, current_density: float) -> float:
    """Share of the greatest charge after ``time`` [s] in the corona: t/(t + 4 eps0 E/j); field E in V/m, ``current_density`` j in A/m2.

    >>> round(charged_share(0.1, 5e5, 1e-3), 4)
    0.8496
    """
    return time / (time + 4.0 * VACUUM_PERMITTIVITY * field / current_density)


@kernel()
def image_ratio(thickness: float, density: float, field: float, permittivity: float) -> float:
    """Image force over weight of a fully charged insulator: eps0 p^2 E^2/(rho g h).

    From q^2/(16 pi eps0 r^2) of a sphere, by its mean ``thickness`` h = 2/3 d [m], volume over projected area; taken for flakes too.

    >>> round(image_ratio(0.0005, 1080.0, 5e5, 3.0), 3)
    1.354
    """
    p = pauthenier_factor(permittivity)
    return VACUUM_PERMITTIVITY * p * p * field * field / (density * GRAVITY * thickness)


@kernel()
def induced_ratio(thickness: float, density: float, field: float) -> float:
    """Force off the roll over weight of a conductor: 5.47 eps0 E^2/(rho g h), .832 Q E with Felici's charge Q = 2/3 pi^3 eps0 r^2 E.

    >>> round(induced_ratio(0.0005, 8960.0, 5e5), 3)
    0.276
    """
    return INDUCED_FORCE * VACUUM_PERMITTIVITY * field * field / (density * GRAVITY * thickness)


@kernel()
def retained_charge(time: float, conductivity: float, permittivity: float) -> float:
    """Share of its charge that a piece still has after ``time`` [s] on the grounded roll: exp(-t sigma/(eps0 eps)), ``conductivity`` in S/m.

    >>> round(retained_charge(0.2, 1e-11, 3.0), 4), retained_charge(0.2, 4e5, 3.0)
    (0.9275, 0.0)
    """
    exponent = time * conductivity / (VACUUM_PERMITTIVITY * permittivity)
    return math.exp(-exponent) if exponent < 700.0 else 0.0


@kernel()
def landing(cosine: float, radius: float, speed: float, drop: float) -> float:
    """Where a piece lands [m from the roll's axis] that lets go where the angle from the top has this ``cosine``; the parabola from there.

    ``radius`` and surface ``speed`` of the roll; ``drop`` from its axis down to the splitters. From the top, .6 m/s, .14 and .35 m:

    >>> round(landing(1.0, 0.14, 0.6, 0.35), 4)
    0.1897
    """
    sine = math.sqrt(max(1.0 - cosine * cosine, 0.0))
    height = max(drop + radius * cosine, 0.0)
    down = speed * sine
    time = (math.sqrt(down * down + 2.0 * GRAVITY * height) - down) / GRAVITY
    return radius * sine + speed * cosine * time


HEAD = 14
ROLL, SPEED, DROP, CENTRIFUGAL, SHIELDING, SCATTER, SCALE, NEAR, FAR, WET, ORDER, FIELD_OK = range(12)  # what stands where in the head


@kernel()
def _corona_coefficients(
    mean: Floats,
    density: Floats,
    conductivity: Floats,
    thickness_ratio: Floats,
    moisture: Floats,
    field: float,
    permittivity: float,
    charged: float,
    time: float,
    sheet: float,
) -> Floats:
    materials, classes = density.shape[0], mean.shape[0]
    cells = materials * classes
    c = np.zeros(HEAD + materials + classes + 3 * cells)
    for s in range(classes):
        c[HEAD + materials + s] = 1.0 if mean[s] < SMALLEST or mean[s] > LARGEST else 0.0
    for m in range(materials):
        c[HEAD + m] = moisture[m]
        kept = retained_charge(time, conductivity[m], permittivity)
        for s in range(classes):
            cell = HEAD + materials + classes + m * classes + s
            thickness = thickness_ratio[m] * mean[s]
            c[cell] = image_ratio(thickness, density[m], field, permittivity) * (charged * kept) ** 2
            c[cell + cells] = induced_ratio(thickness, density[m], field) * (1.0 - kept) ** 2
            c[cell + 2 * cells] = 1.0 / (density[m] * thickness * sheet)
    return c


def _prepare_corona(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    radius, turns = float(values["roll_radius"]), float(values["roll_speed"])
    field, permittivity = float(values["voltage"]) / float(values["gap"]), float(values["permittivity"])
    speed = 2.0 * math.pi * radius * turns
    charged = charged_share(float(values["corona_arc"]) / (2.0 * math.pi * turns), field, float(values["current_density"]))
    quarter = 0.25 / turns  # from the corona to where a free piece has long let go
    c = _corona_coefficients(
        sizes.mean,
        properties["density"],
        properties["conductivity"],
        properties["thickness_ratio"],
        properties["moisture"],
        field,
        permittivity,
        charged,
        quarter,
        speed * float(values["width"]),
    )
    c[ROLL], c[SPEED], c[DROP] = radius, speed, float(values["drop"])
    c[CENTRIFUGAL] = speed * speed / (GRAVITY * radius)
    c[SHIELDING], c[SCATTER] = float(values["shielding"]), float(values["scatter"])
    c[SCALE] = float(values["spread"]) * math.sqrt(3.0) / math.pi  # logistic, of this standard deviation
    c[NEAR], c[FAR] = float(values["splitter_insulator"]), float(values["splitter"])
    c[WET] = 2.0 * quarter * float(values["moisture_conductivity"]) / (VACUUM_PERMITTIVITY * permittivity)
    c[ORDER] = 1.0 if c[FAR] >= c[NEAR] else 0.0
    c[FIELD_OK] = 1.0 if 2e5 <= field <= 1e6 else 0.0
    return c


@settling
def _charge(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    if c[ORDER] == 0.0:
        return 1
    sheet = HEAD + materials + classes + 2 * materials * classes
    total, water, layers, odd = 0.0, 0.0, 0.0, 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
            water += at[m, s] * c[HEAD + m]
            odd += at[m, s] * c[HEAD + materials + s]
            layers += at[m, s] * c[sheet + m * classes + s]
    charge = 1.0 / (1.0 + c[SHIELDING] * layers)
    settings[0] = charge * charge
    if total > 0.0:
        settings[0] *= math.exp(-min(c[WET] * water / total, 700.0))
        if layers > 1.0:
            warn[0] += 1
        if odd > 0.2 * total:
            warn[1] += 1
        if c[FIELD_OK] == 0.0:
            warn[2] += 1
    settings[1] = c[SCALE] * (1.0 + c[SCATTER] * layers)
    return 0


@splitting
def _throw_or_pin(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    cells = materials * classes
    first = HEAD + materials + classes
    for m in range(materials):
        for s in range(classes):
            cell = first + m * classes + s
            cosine = min(max(c[CENTRIFUGAL] + c[cell + cells] - settings[0] * c[cell], -1.0), 1.0)
            place = landing(cosine, c[ROLL], c[SPEED], c[DROP])
            beyond = 1.0 / (1.0 + math.exp(min((c[NEAR] - place) / settings[1], 700.0)))
            far = min(beyond, 1.0 / (1.0 + math.exp(min((c[FAR] - place) / settings[1], 700.0))))
            shares[0, m, s] = far
            shares[1, m, s] = beyond - far
            shares[2, m, s] = 1.0 - beyond
    return 0


CORONA_SEPARATOR = MachineKernel(
    response=Response(_charge, _throw_or_pin, ("hold", "scale")),
    prepare=_prepare_corona,
    warnings=("more than one layer on the roll", "more than 20 % outside 0.1 to 8 mm", "mean field outside 0.2 to 1 MV/m: no corona, or sparks"),
    statuses=("the splitter stands nearer than splitter_insulator: move it further out",),
)
"""Corona-electrostatic roll separator; ports ``conductor``, ``middling``, ``insulator``.

Material properties: ``density``, ``conductivity``, ``thickness_ratio``, ``moisture``. Under the corona every piece takes up
:func:`charged_share` of Pauthenier's charge in the field E = voltage/gap. An insulator keeps it and is pinned to the grounded roll by its image
(:func:`image_ratio`); a conductor gives it away at once (:func:`retained_charge`, over a quarter turn) and is drawn off by the charge that
the field induces (:func:`induced_ratio`). A piece lets go where gravity and pinning no longer hold it: cos(angle from the top) = v^2/(g r) +
induced - image, all over weight, at the top from 1 on, never from -1 on: then it is brushed off below. From there it flies on a parabola
(:func:`landing`). Landing points scatter (logistic, standard deviation ``spread``); two splitters part them: thrown beyond ``splitter``
(``conductor``), short of ``splitter_insulator`` (``insulator``), between (``middling``: mostly coarse or badly charged pieces, sent round again).

Pieces shade one another: at o layers on the roll, mass over density, thickness, roll speed and width, charge falls by 1/(1 + shielding o)
and the spread grows by 1 + scatter o. Water conducts: it takes charge from insulators at the conductivity ``moisture_conductivity`` times the
moisture of the stream.

values: ``voltage`` [V], ``gap`` [m], ``roll_radius`` [m], ``roll_speed`` [1/s], ``width`` [m], ``corona_arc`` [rad], ``current_density`` [A/m2],
``permittivity``, ``drop``, ``splitter``, ``splitter_insulator``, ``spread`` [m], ``scatter``, ``shielding``, ``moisture_conductivity`` [S/m].
Valid for one layer of 0.1 to 8 mm and fields of 0.2 to 1 MV/m. Sources: Pauthenier's charge (factor read); Felici's charge and force, the rate
of charging and the image force from memory; that speed acts through charging time and centrifugal force is also how a published model for
boards has it; the mean field, the parabola without field and drag, spread, scatter, shielding and moisture are assumptions of this model.
"""
