"""Eddy-current separation: the response of a conducting sphere, its throw off the belt, and the separator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting, unsigned
from twin.kernels.covering import uncovered_share
from twin.kernels.physical_constants import AIR_DENSITY, GRAVITY, MU0

DRAG = 0.44  # sphere in Newton's regime: pieces of millimetres and more at metres a second
FIELD_STEP, FLIGHT_STEP = 1e-4, 1e-3  # s; halving both moves a landing point by less than 0.1 mm
LONGEST_FLIGHT = 20.0  # s
FINE = 0.002  # m; below it adhesion and collisions rule and the sphere model says little
NODES = 17
MAX_OCCUPATION = 4.0  # layers on the belt: the end of the table over occupation


@kernel()
def sphere_response(radius: float, conductivity: float, angular: float) -> tuple[float, float]:
    """Real and imaginary part of al = -(3/2)(1 - 3 coth(z)/z + 3/z^2), z = sqrt(i mu0 s w) a: a sphere in an alternating field.

    ``radius`` a [m], ``conductivity`` s [S/m], ``angular`` frequency w [1/s], all >= 0. The imaginary part is -mu0 s w a^2/10 for a
    small sphere; the real part tends to -3/2, a perfect conductor's.

    >>> [round(part, 4) for part in sphere_response(0.010, 35e6, 2.0 * math.pi * 300.0)]
    [-0.388, -0.51]
    >>> round(sphere_response(1e3, 35e6, 1e6)[0], 4)
    -1.5
    """
    q2 = MU0 * conductivity * angular * radius * radius  # z^2 = i q2
    if q2 < 0.1:  # the closed form cancels; this series is exact to 1e-11
        q4 = q2 * q2
        real = -q4 / 105.0 + q4 * q4 / 10395.0 - 2.0 * q4 * q4 * q4 / 2027025.0
        return real, q2 * (-0.1 + q4 / 1050.0 - 691.0 * q4 * q4 / 70945875.0)
    q = math.sqrt(0.5 * q2)  # z = (1+i) q
    decay = math.exp(-2.0 * q)  # coth(z) from decaying exponentials, so that large spheres do not overflow
    below = 1.0 + decay * decay - 2.0 * decay * math.cos(2.0 * q)
    coth_real = (1.0 - decay * decay) / below
    coth_imaginary = -2.0 * decay * math.sin(2.0 * q) / below
    return -1.5 + 2.25 * (coth_real + coth_imaginary) / q, 2.25 * (coth_imaginary - coth_real) / q + 4.5 / q2


@kernel()
def eddy_acceleration(radius: float, density: float, conductivity: float, field: float, wavenumber: float, angular: float) -> tuple[float, float]:
    """Thrust and repulsion [m/s2] of a sphere in a travelling field: k B0^2 |Im al|/(mu0 rho) along, k B0^2 |Re al|/(mu0 rho) away.

    ``field`` B0 is the amplitude of one component [T], ``wavenumber`` k [1/m]. For small spheres the thrust is k B0^2 w (s/rho) a^2/10.
    Valid for k a < 1, where the field is nearly the same all over the sphere.

    >>> [round(part, 2) for part in eddy_acceleration(0.010, 2700.0, 35e6, 0.1, 62.83, 2.0 * math.pi * 300.0)]
    [94.45, 71.84]
    """
    real, imaginary = sphere_response(radius, conductivity, angular)
    strength = wavenumber * field * field / (MU0 * density)
    return strength * abs(imaginary), strength * abs(real)


@kernel()
def _motion(x: float, y: float, vx: float, vy: float, drum: float, wavenumber: float, thrust: float, repulsion: float, drag: float) -> tuple[float, float]:
    """Acceleration at a place given from the top of the drum; the axis is ``drum`` below it."""
    height = y + drum
    distance = math.sqrt(x * x + height * height)
    outward_x, outward_y = x / distance, height / distance
    force = math.exp(-2.0 * wavenumber * (distance - drum))
    brake = drag * math.sqrt(vx * vx + vy * vy)
    ax = force * (thrust * outward_y + repulsion * outward_x) - brake * vx
    ay = force * (repulsion * outward_y - thrust * outward_x) - brake * vy - GRAVITY
    return ax, ay


@kernel()
def throw(radius: float, thrust: float, repulsion: float, drag: float, wavenumber: float, drum: float, speed: float, drop: float) -> float:
    """Horizontal distance [m] from the drum's axis at which a piece has fallen ``drop`` [m] below the top of the drum.

    It starts on the top, its centre ``radius`` above, at belt ``speed`` [m/s]. ``thrust`` along the ``drum`` (radius [m]) and
    ``repulsion`` away from it [m/s2] hold at its surface and decay as exp(-2 k y), the square of the field; ``drag`` [1/m] times speed
    squared decelerates. A piece still on the drum slides ahead of the belt without friction, never behind it. Integrated by Runge-Kutta
    of order 4. Without forces it is the parabola v sqrt(2 h/g), if v^2 > g ``drum``:

    >>> round(throw(0.0, 0.0, 0.0, 0.0, 60.0, 0.2, 2.0, 0.8), 4)
    0.8078
    """
    x, y, vx, vy = 0.0, radius, speed, 0.0
    time = 0.0
    while time < LONGEST_FLIGHT:
        gap = math.sqrt(x * x + (y + drum) * (y + drum)) - drum
        near = wavenumber * gap < 8.0 and thrust + repulsion > 0.0
        h = FIELD_STEP if near else FLIGHT_STEP
        ax1, ay1 = _motion(x, y, vx, vy, drum, wavenumber, thrust, repulsion, drag)
        vx2, vy2 = vx + 0.5 * h * ax1, vy + 0.5 * h * ay1
        ax2, ay2 = _motion(x + 0.5 * h * vx, y + 0.5 * h * vy, vx2, vy2, drum, wavenumber, thrust, repulsion, drag)
        vx3, vy3 = vx + 0.5 * h * ax2, vy + 0.5 * h * ay2
        ax3, ay3 = _motion(x + 0.5 * h * vx2, y + 0.5 * h * vy2, vx3, vy3, drum, wavenumber, thrust, repulsion, drag)
        vx4, vy4 = vx + h * ax3, vy + h * ay3
        ax4, ay4 = _motion(x + h * vx3, y + h * vy3, vx4, vy4, drum, wavenumber, thrust, repulsion, drag)
        last_x, last_y = x, y
        x += h * (vx + 2.0 * vx2 + 2.0 * vx3 + vx4) / 6.0
        y += h * (vy + 2.0 * vy2 + 2.0 * vy3 + vy4) / 6.0
        vx += h * (ax1 + 2.0 * ax2 + 2.0 * ax3 + ax4) / 6.0
        vy += h * (ay1 + 2.0 * ay2 + 2.0 * ay3 + ay4) / 6.0
        if y <= -drop:
            return float(last_x + (x - last_x) * (last_y + drop) / (last_y - y))
        height = y + drum
        distance = math.sqrt(x * x + height * height)
        if distance < drum + radius:  # still on the drum: it follows the belt, or slides ahead of it
            outward_x, outward_y = x / distance, height / distance
            along = max(vx * outward_y - vy * outward_x, speed)
            x, y = outward_x * (drum + radius), outward_y * (drum + radius) - drum
            vx, vy = along * outward_y, -along * outward_x
        time += h
    return x


@kernel()
def piece_acceleration(
    volume: float, area: float, reach: float, ball: float, conductivity: float, field: float, wavenumber: float, angular: float
) -> tuple[float, float]:
    """Thrust and repulsion [m/s2] of a piece in a travelling field, as :func:`eddy_acceleration`, from what :class:`twin.materials.pieces.Pieces` says of it.

    ``volume`` V [m3/kg] and ``area`` A [m2]: k B0^2 V/mu0 times the share of a perfect conductor's moment: of a ``ball`` (1) that of a sphere of the radius
    sqrt(15 A), else x/(1 + x), x = i mu0 s w A. A flat piece of the radius ``reach`` R [m] is thrown no harder than an endless sheet with A = w/2k, which
    feels x/(1 + x^2) B0^2/mu0 along and x^2/(1 + x^2) B0^2/mu0 away for its area: V falls by sqrt(1 + (k R/2.36)^2), A by sqrt(1 + (k R/3.4)^2).

    >>> a = 0.010
    >>> [round(part, 2) for part in piece_acceleration(1.5 / 2700.0, a * a / 15.0, 0.0, 1.0, 35e6, 0.1, 62.83, 2.0 * math.pi * 300.0)]
    [94.45, 71.84]
    """
    strength = wavenumber * field * field * volume / MU0
    if ball > 0.5:
        real, imaginary = sphere_response(math.sqrt(15.0 * area), conductivity, angular)
        return strength * abs(imaginary) / 1.5, strength * abs(real) / 1.5
    strength /= math.sqrt(1.0 + (wavenumber * reach / 2.36) ** 2)
    x = MU0 * conductivity * angular * area / math.sqrt(1.0 + (wavenumber * reach / 3.4) ** 2)
    return strength * x / (1.0 + x * x), strength * x * x / (1.0 + x * x)


@kernel()
def over_height(wavenumber: float, height: float) -> float:
    """Mean of the squared field over the ``height`` h [m] of a piece, over that at its middle: sinh(k h)/(k h), ``wavenumber`` k [1/m].

    What lies next to the belt counts more than the middle loses. It bounds the push: a large perfect conductor feels the field's pressure on its underside.

    >>> [round(over_height(40.0, h), 3) for h in (0.001, 0.02, 0.066)]
    [1.0, 1.11, 2.641]
    """
    x = min(wavenumber * height, 12.0)  # beyond it the field at the middle is nothing
    return math.sinh(x) / x if x > 1e-6 else 1.0


HEIGHT, DIAMETER, ENVELOPE, ROUND, VOLUME, AREA, REACH, BALL = 0, 1, 2, 3, 4, 5, 6, 7
FLYING = ("height", "diameter", "envelope", "sphericity", "eddy_volume", "eddy_area", "eddy_reach", "eddy_ball")
"""What a throw asks of pieces, in the order of the rows of ``pieces`` (row, material, size)."""


@kernel()
def landings_of(
    pieces: Floats, conductivity: Floats, field: float, pairs: float, drum: float, revolutions: float, speed: float, drop: float
) -> tuple[Floats, Floats]:
    """Where single pieces land (material, size), m from the drum's axis, without and with the field."""
    materials, classes = pieces.shape[1:]
    free, thrown = np.empty((materials, classes)), np.empty((materials, classes))
    wavenumber = pairs / drum
    angular = abs(pairs * 2.0 * math.pi * revolutions - wavenumber * speed)  # slip: the piece moves with the belt
    for m in range(materials):
        for s in range(classes):
            p = pieces[:, m, s]
            drag = 0.75 * DRAG * AIR_DENSITY / (p[ROUND] * p[DIAMETER] * p[ENVELOPE])  # tumbling: a quarter of the surface is in the way
            thrust, repulsion = piece_acceleration(p[VOLUME], p[AREA], p[REACH], p[BALL], conductivity[m], field, wavenumber, angular)
            if p[REACH] == 0.0:  # flat pieces are as thin as their wall
                mean = over_height(wavenumber, p[HEIGHT])
                thrust, repulsion = mean * thrust, mean * repulsion
            middle = 0.5 * p[HEIGHT]
            free[m, s] = throw(middle, 0.0, 0.0, drag, wavenumber, drum, speed, drop)
            thrown[m, s] = throw(middle, thrust, repulsion, drag, wavenumber, drum, speed, drop) if thrust > 1e-6 else free[m, s]
    return free, thrown


def landings(values: Mapping[str, Any], properties: Properties) -> tuple[Floats, Floats]:
    """Return where single pieces land (material, size), m from the drum's axis, without and with the field."""
    pieces = np.stack([properties[f"piece_{name}"] for name in FLYING])
    machine = [float(values[key]) for key in ("field", "pole_pairs", "drum_radius", "rotor_speed", "belt_speed", "drop")]
    return landings_of(pieces, np.ascontiguousarray(properties["conductivity"]), *machine)


@kernel()
def raised(occupation: float, height: float, wavenumber: float) -> float:
    """Share of the throw that is lost because pieces lie on others: (1 - (1 - exp(-o))/o) (1 - exp(-2 k h)).

    Pieces that fall on a belt in turn until it is covered ``occupation`` o times find bare belt in the share (1 - exp(-o))/o. The others lie ``height`` h [m]
    higher, where the square of the field, of ``wavenumber`` k [1/m], is less by exp(-2 k h).

    >>> [round(raised(o, 0.02, 40.0), 3) for o in (0.0, 0.1, 1.0)]
    [0.0, 0.039, 0.294]
    """
    return (1.0 - uncovered_share(occupation)) * -math.expm1(-2.0 * wavenumber * height)


HEAD = 2  # coefficients before the tables: whether the splitters stand in order, wavenumber of the field in 1/m


@kernel()
def _past(landing: float, near: float, far: float, scale: float, loose: float) -> tuple[float, float]:
    """Share of equal pieces, ``loose`` of which the drum does not hold, that land beyond the ``near`` and the ``far`` splitter, which stands no nearer."""
    beyond = 1.0 / (1.0 + math.exp(min((near - landing) / scale, 700.0)))
    light = 1.0 / (1.0 + math.exp(min((far - landing) / scale, 700.0)))
    return beyond * loose, min(light, beyond) * loose


@kernel()
def _eddy_coefficients(
    mean: Floats,
    cover: Floats,
    ferromagnetic: Floats,
    free: Floats,
    thrown: Floats,
    height: Floats,
    wavenumber: float,
    speed: float,
    width: float,
    splitter: float,
    splitter_rest: float,
    spread: float,
    scatter: float,
    shielding: float,
) -> Floats:
    materials, classes = cover.shape
    cells = materials * classes
    c = np.zeros(HEAD + materials + classes + 2 * cells + 4 * NODES * cells)
    c[0] = 1.0 if splitter >= splitter_rest else 0.0
    c[1] = wavenumber
    for m in range(materials):
        c[HEAD + m] = ferromagnetic[m]
    for s in range(classes):
        c[HEAD + materials + s] = 1.0 if mean[s] < FINE else 0.0
    covered = HEAD + materials + classes
    table = covered + 2 * cells
    for m in range(materials):
        for s in range(classes):
            cell = m * classes + s
            c[covered + cell] = cover[m, s] / (speed * width)
            c[covered + cells + cell] = height[m, s] * c[covered + cell]
            for k in range(NODES):
                occupation = k * MAX_OCCUPATION / (NODES - 1.0)
                scale = spread * (1.0 + scatter * occupation) * math.sqrt(3.0) / math.pi  # logistic, of this standard deviation
                landing = free[m, s] + (thrown[m, s] - free[m, s]) / (1.0 + shielding * occupation)
                here = table + k * cells + cell
                c[here], c[here + NODES * cells] = _past(landing, splitter_rest, splitter, scale, 1.0 - ferromagnetic[m])
                c[here + 2 * NODES * cells], c[here + 3 * NODES * cells] = _past(free[m, s], splitter_rest, splitter, scale, 1.0 - ferromagnetic[m])
    return c


def _prepare_eddy(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _eddy_coefficients(
        sizes.mean,
        np.ascontiguousarray(properties["piece_cover"]),
        properties["ferromagnetic"],
        *landings(values, properties),
        np.ascontiguousarray(properties["piece_height"]),
        float(values["pole_pairs"]) / float(values["drum_radius"]),
        *(float(values[key]) for key in ("belt_speed", "belt_width", "splitter", "splitter_rest", "spread", "scatter", "shielding")),
    )


@settling
def _occupy(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    if c[0] == 0.0:
        return 1
    fines, covered = HEAD + materials, HEAD + materials + classes
    total, occupation, covered_height, ferrous, fine = 0.0, 0.0, 0.0, 0.0, 0.0
    for m in range(materials):
        flow = 0.0
        for s in range(classes):
            flow += at[m, s]
            occupation += at[m, s] * c[covered + m * classes + s]
            covered_height += at[m, s] * c[covered + materials * classes + m * classes + s]
            fine += at[m, s] * c[fines + s]
        total += flow
        ferrous += flow * c[HEAD + m]
    if total > 0.0:
        if occupation > 1.0:
            warn[0] += 1
        if ferrous > 0.02 * total:
            warn[1] += 1
        if fine > 0.2 * total:
            warn[2] += 1
    settings[0] = min(occupation, MAX_OCCUPATION)
    settings[1] = raised(occupation, covered_height / occupation, c[1]) if occupation > 0.0 else 0.0
    return 0


@splitting
def _throw_off(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    place = settings[0] * ((NODES - 1.0) / MAX_OCCUPATION)
    node = min(int(place), NODES - 2)
    share = place - node
    cells = materials * classes
    block = NODES * cells
    near = HEAD + materials + classes + 2 * cells + node * cells
    on_belt, aloft = 1.0 - settings[1], settings[1]
    for m in range(materials):
        row, step, past = unsigned(near + m * classes), unsigned(cells), unsigned(block)
        for s in range(classes):
            here = row + unsigned(s)
            fallen = here + past + past
            beyond = on_belt * ((1.0 - share) * c[here] + share * c[here + step])
            light = on_belt * ((1.0 - share) * c[here + past] + share * c[here + step + past])
            beyond += aloft * ((1.0 - share) * c[fallen] + share * c[fallen + step])
            light += aloft * ((1.0 - share) * c[fallen + past] + share * c[fallen + step + past])
            shares[0, m, s] = light
            shares[1, m, s] = beyond - light
            shares[2, m, s] = 1.0 - beyond
    return 0


EDDY_CURRENT = MachineKernel(
    response=Response(_occupy, _throw_off, ("occupation", "raised")),
    prepare=_prepare_eddy,
    warnings=("more than one layer on the belt", "more than 2 % ferromagnetic", "more than 20 % finer than 2 mm"),
    statuses=("the splitter stands nearer than splitter_rest: move it further out",),
)
"""Eddy-current separator with two splitters; ports ``light``, ``heavy``, ``rest``.

Conductors are thrown by conductivity over density: aluminium flies beyond ``splitter`` (port ``light``), copper, brass and zinc land
between it and ``splitter_rest`` (port ``heavy``), the rest falls short. Material properties: ``conductivity``,
``ferromagnetic`` (the share held by the drum, always in the rest); of pieces ``piece_cover``, and those of :data:`FLYING`.

A piece (:mod:`twin.materials.pieces`) lies with its middle at half its height and is thrown by :func:`piece_acceleration`, taken :func:`over_height`, along
:func:`throw`; the field travels at 2 pi pole_pairs rotor_speed less the belt's own motion. Landing points scatter (logistic, standard deviation ``spread``).
Occupation is the area that all pieces cover over the belt's: with it the scatter grows by 1 + scatter o, collisions shorten the throw beyond the free fall by
1/(1 + shielding o), and the share :func:`raised` falls as without a field. Scatter and collisions are tabulated at 17 occupations up to 4 and interpolated.

values: ``field`` [T] amplitude on the belt above the rotor, ``pole_pairs``, ``drum_radius`` [m], ``rotor_speed`` [1/s, revolutions],
``belt_speed`` [m/s], ``belt_width`` [m], ``drop`` [m] from the top of the drum to the splitters' edges, ``splitter`` and
``splitter_rest`` [m] from the drum's axis, ``spread`` [m], ``scatter``, ``shielding``.
Valid for one layer, hardly any steel, and few fines. Sources: sphere response derived here, same physics as Rem et al. 1997; shells, discs and
wires by one pole between their exact limits; spread,
scatter and shielding are assumptions of this model.
"""
