"""How a material breaks and a composite comes apart, as a catalogue says it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from twin.kernels.breakage_laws import LAWS
from twin.materials.number import Label, Number, Reading
from twin.materials.properties import FRACTION, LENGTH

BRITTLE = Label(LAWS[0], source="default of twin")
"""How a material breaks that does not say it."""

DROPS = 1e-6
"""Size in m in which the water of a moist composite comes off: finer than any size class ends."""


def read_law(fields: Mapping[str, Any], path: str, reading: Reading) -> Label:
    """Return how a material breaks; what is wrong with it is noted."""
    law = (reading.label(fields["breaks"], f"{path}.breaks") if "breaks" in fields else None) or BRITTLE
    if law.value not in LAWS:
        reading.wrong(f"{path}.breaks", f"unknown way to break {law.value!r}; allowed: {', '.join(LAWS)}")
    return law


def read_liberated(fields: Mapping[str, Any], path: str, reading: Reading) -> tuple[tuple[float, str, Number], ...]:
    """Return (size in m, the size as written, liberated share), ascending; what is wrong is noted."""
    if "liberated" not in fields:
        return ()
    path = f"{path}.liberated"
    if "constituents" not in fields:
        reading.wrong(path, "only a material with 'constituents' comes apart")
    points = []
    for size, share in reading.mapping(fields["liberated"], path).items():
        length, number = reading.number(size, LENGTH, path), reading.number(share, FRACTION, f"{path}.{size}")
        if length is not None and number is not None:
            points.append((length.value, size, number))
    points.sort(key=lambda point: point[0])
    if any(fine[0] == coarse[0] for fine, coarse in pairwise(points)):
        reading.wrong(path, "each size may stand once")
    elif any(fine[2].value < coarse[2].value for fine, coarse in pairwise(points)):
        reading.wrong(path, f"the liberated share must not rise with size (got {', '.join(f'{share.value:g} at {size}' for _, size, share in points)})")
    elif not points and not reading.problems:
        reading.wrong(path, "sizes and shares are missing, e.g. {2 mm: 90 %, 16 mm: 20 %}")
    return tuple(points)


def read_own_sizes(fields: Mapping[str, Any], path: str, reading: Reading) -> dict[str, Number]:
    """Return the sizes that constituents come off in; what is wrong is noted."""
    if "comes_off" not in fields:
        return {}
    parts = fields.get("constituents")
    sizes = {part: reading.number(size, LENGTH, f"{path}.comes_off.{part}") for part, size in reading.mapping(fields["comes_off"], f"{path}.comes_off").items()}
    for part in sizes:
        if not isinstance(parts, dict) or part not in parts:
            reading.wrong(f"{path}.comes_off.{part}", f"{part!r} is none of its 'constituents'")
    return {part: size for part, size in sizes.items() if size is not None}
