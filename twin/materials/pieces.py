"""Pieces: what a piece of a material is in a size class. Every machine that counts, weighs, lifts, blows at or throws pieces takes them from here.

A piece of the sieve size d covers a square of the side d (a wire: d times its diameter) and lies h high. How much is in it says the material's form:

=========  ======================================  ===========================================================================
form       mass                                    height h as it lies
=========  ======================================  ===========================================================================
solid      rho_e h d^2                             c d, with the thickness ratio c; rho_e = density times solidity if not given
plate      rho w d^2                               w
film       rho w d^2                               rho w/rho_e: it is crumpled or folded, and as dense as rho_e with the air in it
hollow     rho w (2 d^2 + 4 d h), a closed shell   c d
wire       rho pi/4 w^2 d                          w
crumpled   rho_e h d^2, at least a sheet rho w d^2  c d: a sheet that a mill made a ball of, as dense as rho_e with the air in it
=========  ======================================  ===========================================================================

rho is the density of the material, rho_e that of a piece with the air in its outline, w the wall: the thickness of the sheet or the diameter of the wire.
No piece is higher than d, no wall thicker than d, and none denser than its material.

The mass of a size class is spread evenly over the logarithm of the size, as in :func:`twin.kernels.sizing.size_moment`; the class that begins at 0 begins at
:data:`FINEST` of its upper bound. What is asked of a class is integrated over it (Gauss and Legendre, :data:`NODES` nodes), not taken at its mean size: there
a solid piece is 34 % too light in a class that is 3 wide:

>>> solid = Shape("solid", density=1.0, envelope_density=1.0, thickness_ratio=1.0)
>>> class_ = pieces([solid], [1.0], [3.0])
>>> round(float(class_.heaviness[0, 0]), 4), round(math.sqrt(3.0) ** 3, 4), round(1 - math.sqrt(3.0) ** 3 / float(class_.heaviness[0, 0]), 3)
(7.8887, 5.1962, 0.341)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FORMS = ("solid", "plate", "film", "hollow", "wire", "crumpled")
"""What a piece of a material can be. A material of two forms, cans and foil say, is two materials."""

WALLED = ("plate", "film", "hollow", "wire", "crumpled")
"""Forms that need a ``wall``."""

FINEST = 0.25
"""Where the class that begins at 0 begins, as a share of its upper bound; that of :mod:`twin.kernels.sizing`."""

NODES = 24
LEAST_SPHERICITY = 0.026
"""The least sphericity that the drag law of Haider and Levenspiel was fitted to."""


@dataclass(frozen=True)
class Shape:
    """What the pieces of one material have in common: its ``form``, ``density`` [kg/m3], ``wall`` [m], ``envelope_density`` [kg/m3] with the air in the
    outline, ``thickness_ratio`` (height over size of solid, hollow and crumpled ones) and ``sphericity`` (of solid ones)."""

    form: str
    density: float
    wall: float = 0.0
    envelope_density: float = math.inf
    thickness_ratio: float = 0.5
    sphericity: float = 0.7

    def height(self, size: Floats) -> Floats:
        """Height [m] of pieces of the ``size`` [m] as they lie.

        A bag of 50 um of polyethylene that is 20 kg/m3 with the air in it lies 2.3 mm high:

        >>> round(1e3 * float(Shape("film", 930.0, 50e-6, 20.0).height(np.array(0.3))), 3)
        2.325
        """
        sheet = np.minimum(self.wall, size)
        if self.form in ("plate", "wire"):
            return sheet
        if self.form == "film":
            return np.clip(self.density * sheet / self.envelope_density, sheet, size)
        return np.clip(self.thickness_ratio * size, (2.0 if self.form == "hollow" else 1.0) * sheet, size).astype(np.float64)

    def area(self, size: Floats) -> Floats:
        """Area [m2] that pieces of the ``size`` [m] cover as they lie."""
        return size * (np.minimum(self.wall, size) if self.form == "wire" else size)

    def mass(self, size: Floats) -> Floats:
        """Mass [kg] of pieces of the ``size`` [m].

        A film of 300 mm weighs 4 g; a can of aluminium of 66 x 115 mm with a mean wall of .157 mm 13 g, or 16 g as the block of
        the same outline; 10 mm of wire of 1 mm of copper 70 mg:

        >>> film, wire = Shape("film", 930.0, 50e-6, 20.0), Shape("wire", 8930.0, 1e-3)
        >>> can = Shape("hollow", 2712.0, 0.157e-3, thickness_ratio=66 / 87.1)
        >>> [round(1e3 * float(shape.mass(np.array(size))), 3) for shape, size in ((film, 0.3), (can, 0.0871), (wire, 0.01))]
        [4.185, 16.251, 0.07]
        """
        sheet, height, base = np.minimum(self.wall, size), self.height(size), size * size
        solid = self.density * height * base
        if self.form == "solid":
            return np.minimum(self.envelope_density * height * base, solid)
        if self.form == "wire":
            return self.density * (math.pi / 4.0) * sheet * sheet * size
        if self.form == "hollow":
            return np.minimum(self.density * self.wall * (2.0 * base + 4.0 * size * height), solid)
        flat = self.density * sheet * base
        return np.clip(self.envelope_density * height * base, flat, solid) if self.form == "crumpled" else flat

    def volume(self, size: Floats) -> Floats:
        """Volume [m3] of the outline of pieces of the ``size`` [m], air and all."""
        height = self.height(size)
        return (math.pi / 4.0) * height * height * size if self.form == "wire" else height * size * size

    def roundness(self, size: Floats) -> Floats:
        """Sphericity of the outline: of a block, or a cylinder of wire, and what the catalogue says of solid pieces; at least :data:`LEAST_SPHERICITY`.

        A cube has (pi/6)^(1/3):

        >>> round(float(Shape("hollow", 1000.0, 1e-3, thickness_ratio=1.0).roundness(np.array(0.1))), 4), round((math.pi / 6) ** (1 / 3), 4)
        (0.806, 0.806)
        """
        if self.form == "solid":
            return np.full(np.shape(size), self.sphericity)
        height = self.height(size)
        surface = math.pi * height * (size + 0.5 * height) if self.form == "wire" else 2.0 * size * size + 4.0 * size * height
        return np.maximum(math.pi * sphere_diameter(self.volume(size)) ** 2 / surface, LEAST_SPHERICITY)

    def eddy(self, size: Floats) -> tuple[Floats, Floats]:
        """What a conducting piece does in an alternating field: ``(V, A)``, volume [m3] and area [m2] of :func:`one_pole`.

        A sphere of the radius a: V = 3/2 4/3 pi a^3, A = a^2/15. A thin shell: A = w a/3. A crumpled sheet counts as a ball of its metal, since
        its folds hardly touch; a solid with voids conducts in proportion to what fills it. A disc of
        the radius R has 8/3 R^3 and, in a weak field along its axis, pi/8 w R^4, so A = 3 pi/64 w R; of a field that turns it meets one of two components.
        A wire across the field: 2 V and a^2/8. Exact where the field is even, hardly or fully kept out; in between one pole stands for many.

        >>> volume, area = Shape("solid", 2700.0, thickness_ratio=math.pi / 6).eddy(np.array(0.02))
        >>> round(float(volume) / (2 * math.pi * 0.01**3), 6), round(float(area) * 15 / 0.01**2, 6)
        (1.0, 1.0)
        """
        outline, sheet = self.volume(size), np.minimum(self.wall, size)
        radius = 0.5 * sphere_diameter(outline)
        if self.form in ("plate", "film"):
            disc = size / math.sqrt(math.pi)
            return (4.0 / 3.0) * disc**3, (3.0 * math.pi / 64.0) * sheet * disc
        if self.form == "wire":
            return 2.0 * outline, sheet * sheet / 32.0
        if self.form == "hollow":
            return 1.5 * outline, np.minimum(sheet * radius / 3.0, radius * radius / 15.0)
        if self.form == "crumpled":
            radius = 0.5 * sphere_diameter(self.mass(size) / self.density)
            return 1.5 * self.mass(size) / self.density, radius * radius / 15.0
        return 1.5 * outline, self.mass(size) / (self.density * outline) * radius * radius / 15.0

    def reach(self, size: Floats) -> Floats:
        """Radius [m] of the disc that a flat piece is to a field, 0 of others: where it is long against the field's wave, not all of it works together."""
        return size / math.sqrt(math.pi) if self.form in ("plate", "film") else np.zeros_like(size)

    def demagnetisation(self, size: Floats) -> Floats:
        """Factor N of a piece of iron, so that its moment in a field is V B/(mu0 N), V being the volume of the iron: 1/3 of a sphere.

        A shell of high permeability takes up the field of its whole outline, so N is a third of the share that is filled. Plates and wires turn into the
        field: oblate and prolate spheroids along their length.

        >>> can = Shape("hollow", 7850.0, 0.25e-3, thickness_ratio=1.0)
        >>> round(float(can.demagnetisation(np.array(0.1))), 5), round(float(Shape("plate", 7850.0, 1e-3).demagnetisation(np.array(0.1))), 5)
        (0.005, 0.00776)
        """
        if self.form in ("plate", "film", "wire"):
            return along_the_plane(size / np.minimum(self.wall, size)) if self.form != "wire" else along_the_axis(size / np.minimum(self.wall, size))
        return self.mass(size) / (3.0 * self.density * self.volume(size))


def sphere_diameter(volume: Floats) -> Floats:
    """Diameter [m] of the sphere of the ``volume`` [m3].

    >>> round(float(sphere_diameter(np.array(math.pi / 6))), 12)
    1.0
    """
    diameter: Floats = np.cbrt(6.0 / math.pi * volume)
    return diameter


def one_pole(area: float, conductivity: float, angular: float) -> tuple[float, float]:
    """Real and imaginary part of x/(1 + x), x = i mu0 s w A: the share of a perfect conductor's moment that a piece has, out of and in phase with its loss.

    ``area`` [m2], ``conductivity`` s [S/m], ``angular`` w [1/s]. At the most loss, mu0 s w A = 1, both are 1/2:

    >>> tuple(round(part, 6) for part in one_pole(1.0, 1.0, 1e7 / (4 * math.pi)))
    (0.5, 0.5)
    """
    x = 4e-7 * math.pi * conductivity * angular * area
    return x * x / (1.0 + x * x), x / (1.0 + x * x)


def along_the_plane(ratio: Floats) -> Floats:
    """Demagnetising factor of an oblate spheroid in its plane; ``ratio`` >= 1 is its diameter over its thickness. 1/3 of a sphere, pi/4 thickness/diameter of a
    thin disc (Osborn 1945).

    >>> round(float(along_the_plane(np.array(1.0))), 4), round(float(along_the_plane(np.array(1e4))) * 1e4, 3)
    (0.3333, 0.785)
    """
    m = np.maximum(ratio, 1.0 + 1e-4)
    e2 = m * m - 1.0
    return (m * m / np.sqrt(e2) * np.arcsin(np.sqrt(e2) / m) - 1.0) / (2.0 * e2)


def along_the_axis(ratio: Floats) -> Floats:
    """Demagnetising factor of a prolate spheroid along its axis; ``ratio`` >= 1 is its length over its thickness (Osborn 1945).

    >>> [round(float(along_the_axis(np.array(m))), 4) for m in (1.0, 2.0, 10.0)]
    [0.3333, 0.1736, 0.0203]
    """
    m = np.maximum(ratio, 1.0 + 1e-4)
    e = np.sqrt(m * m - 1.0)
    factor: Floats = (m / e * np.log(m + e) - 1.0) / (m * m - 1.0)
    return factor


@dataclass(frozen=True)
class Pieces:
    """Pieces by (material, size class). Means are by mass, over the class.

    ``smallest``, ``largest`` [kg]: mass at the bounds of the class; ``number`` [1/kg]: pieces in a kg; ``heaviness`` [kg]: mean mass by mass, that of the piece
    which a kg picked at random lies in; ``cover`` [m2/kg]: area of a kg, the reciprocal of the areal mass; ``height`` [m] as they lie; ``diameter`` [m] of the
    sphere with the volume of the outline, ``envelope`` [kg/m3] mass over that volume, ``sphericity`` of the outline: what air sees; ``eddy_volume`` [m3/kg] and
    ``eddy_area`` [m2], see :meth:`Shape.eddy`; ``eddy_reach`` [m], see :meth:`Shape.reach`; ``eddy_ball``: 1 of what is full like a ball, and so follows the
    law of a sphere and not that of one pole, 0 of sheets, shells and wires; ``demagnetisation``, see :meth:`Shape.demagnetisation`.
    """

    smallest: Floats
    largest: Floats
    number: Floats
    heaviness: Floats
    cover: Floats
    height: Floats
    diameter: Floats
    envelope: Floats
    sphericity: Floats
    eddy_volume: Floats
    eddy_area: Floats
    eddy_reach: Floats
    eddy_ball: Floats
    demagnetisation: Floats

    def columns(self) -> dict[str, Floats]:
        """Return the tables as kernels get them, beside the properties of materials: ``piece_`` and the name, each (material, size)."""
        return {f"piece_{name}": table for name, table in vars(self).items()}


def pieces(shapes: Sequence[Shape], lower: Sequence[float] | Floats, upper: Sequence[float] | Floats, nodes: int = NODES) -> Pieces:
    """Return the pieces of materials of the ``shapes`` in size classes from ``lower`` to ``upper`` [m].

    >>> film = pieces([Shape("film", 930.0, 50e-6, 20.0)], [0.0, 0.22], [0.22, 0.4])
    >>> [round(1e3 * float(x), 2) for x in (film.smallest[0, 1], film.heaviness[0, 1], film.largest[0, 1])], round(1 / float(film.cover[0, 1]), 4)
    ([2.25, 4.34, 7.44], 0.0465)
    """
    last = np.asarray(upper, dtype=np.float64)
    first = np.where(np.asarray(lower) > 0.0, lower, FINEST * last)
    place, weight = np.polynomial.legendre.leggauss(nodes)
    weight = 0.5 * weight
    sizes = first[:, None] * (last / first)[:, None] ** (0.5 * (1.0 + place))
    rows = [_row(shape, first, last, sizes, weight) for shape in shapes]
    return Pieces(**{name: np.array([row[name] for row in rows]).reshape(len(rows), len(last)) for name in Pieces.__dataclass_fields__})


def _row(shape: Shape, first: Floats, last: Floats, sizes: Floats, weight: Floats) -> dict[str, Floats]:
    """The tables of one material, each (size,): means over ``sizes`` (size, node)."""
    mass, volume = shape.mass(sizes), shape.volume(sizes)
    eddy_volume, eddy_area = shape.eddy(sizes)
    at_nodes = {
        "number": 1.0 / mass,
        "heaviness": mass,
        "cover": shape.area(sizes) / mass,
        "height": shape.height(sizes),
        "diameter": sphere_diameter(volume),
        "envelope": mass / volume,
        "sphericity": shape.roundness(sizes),
        "eddy_volume": eddy_volume / mass,
        "eddy_area": eddy_area,
        "eddy_reach": shape.reach(sizes),
        "eddy_ball": np.full_like(sizes, float(shape.form in ("solid", "crumpled"))),
        "demagnetisation": shape.demagnetisation(sizes),
    }
    return {"smallest": shape.mass(first), "largest": shape.mass(last), **{name: table @ weight for name, table in at_nodes.items()}}


def shapes_of(forms: Sequence[str], properties: Mapping[str, Floats]) -> list[Shape]:
    """Return the shapes of materials from their ``forms`` and their ``properties`` by name, each (material,); what is not there takes its default."""
    density = properties["density"]
    filled = {
        "density": density,
        "wall": np.zeros_like(density),
        "envelope_density": density * properties.get("solidity", 1.0),
        "thickness_ratio": np.full_like(density, Shape.thickness_ratio),
        "sphericity": np.full_like(density, Shape.sphericity),
    }
    columns = zip(*(properties.get(name, default).tolist() for name, default in filled.items()), strict=True)
    return [Shape(form, *values) for form, values in zip(forms, columns, strict=True)]


@lru_cache(maxsize=32)
def _tables(shapes: tuple[Shape, ...], lower: tuple[float, ...], upper: tuple[float, ...]) -> Pieces:
    found = pieces(shapes, lower, upper)
    for table in vars(found).values():
        table.flags.writeable = False
    return found


def with_pieces(
    properties: Mapping[str, Floats], lower: Sequence[float] | Floats, upper: Sequence[float] | Floats, forms: Sequence[str] = ()
) -> dict[str, Floats]:
    """Return the ``properties`` (material,) of materials with the tables of their pieces (material, size), as kernels get them; solid without ``forms``.

    >>> both = with_pieces({"density": np.array([1000.0])}, [0.01], [0.02])
    >>> list(both)[:3], both["piece_number"].shape
    (['density', 'piece_smallest', 'piece_largest'], (1, 1))
    """
    shapes = tuple(shapes_of(forms or ("solid",) * len(properties["density"]), properties))
    found = _tables(shapes, *(tuple(np.asarray(bounds, dtype=np.float64).tolist()) for bounds in (lower, upper)))
    return {**properties, **found.columns()}
