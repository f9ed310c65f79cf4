"""The tables by which a response spreads or pours what does not leave as it came."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import MachineKernel, Spread
from twin.testing.guarded import where_in

Floats = NDArray[np.float64]
CLOSE = 1e-10


def wrong_tables(kernel: MachineKernel, coefficients: Floats, shape: tuple[int, int], ports: int) -> Iterator[str]:
    """Yield what is wrong with the ``spread`` or the ``pour`` of a kernel for (materials, size classes)."""
    response = kernel.response
    if response is None or (response.spread is None and response.pour is None):
        return
    what = "spread" if response.spread is not None else "pour"
    if ports != 1:
        yield f"a machine with a {what} has one port, and not {ports}"
    if response.spread is not None and response.pour is not None:
        yield "a machine has a spread or a pour, and not both"
    try:
        spread = response.spread(coefficients, *shape) if response.spread is not None else None
        poured = response.pour(coefficients, *shape) if response.pour is not None else None
    except Exception as error:  # noqa: BLE001 - it may raise anything
        place = where_in(error)
        yield f"{what} raises {type(error).__name__}: {error}{f', at {place}' if place else ''}"
        return
    if spread is not None:
        yield from _wrong_spread(spread, *shape)
    if poured is not None:
        yield from _wrong_pour(np.asarray(poured), shape)


def _wrong_spread(spread: Spread, materials: int, classes: int) -> Iterator[str]:
    if spread.breakage.shape not in ((classes, classes), (classes, classes, materials)):
        yield f"the breakage of spread has the shape {spread.breakage.shape}; it must be {(classes, classes)} or {(classes, classes, materials)}"
        return
    tables = spread.by_material(materials)
    for m in range(materials if spread.breakage.ndim == 3 else min(materials, 1)):
        of = f" of material {m}" if spread.breakage.ndim == 3 else ""
        for j in range(1, classes):
            row = tables[j, :, m]
            if not (np.isfinite(row).all() and (row[:j] >= 0.0).all() and abs(row[:j].sum() - 1.0) <= CLOSE):
                yield f"what is broken in class {j}{of} sums to {row[:j].sum():.9g} over the finer classes; it must sum to 1, none below 0"
                return
            if row[j:].any():
                yield f"of what is broken in class {j}{of} a share goes to class {j + int(np.flatnonzero(row[j:])[0])}, which is not finer"
                return
    yield from _wrong_composites(spread, materials, classes)


def _wrong_composites(spread: Spread, materials: int, classes: int) -> Iterator[str]:
    for k, place in enumerate(spread.composites):
        if not 0 <= place < materials:
            yield f"composite {k} of spread is material {place}, which has 0 to {materials - 1}"
        elif spread.free is None or spread.free.shape != (len(spread.composites), classes, classes):
            yield f"free of spread must have the shape {(len(spread.composites), classes, classes)}"
        elif spread.parts is None or spread.parts.shape != (len(spread.composites), materials):
            yield f"parts of spread must have the shape {(len(spread.composites), materials)}"
        elif not ((spread.free[k] >= 0.0).all() and (spread.free[k] <= 1.0 + CLOSE).all()):
            yield f"free of material {place} must be from 0 to 1"
        elif not ((spread.parts[k] >= 0.0).all() and abs(spread.parts[k].sum() - 1.0) <= CLOSE):
            yield f"the parts of material {place} sum to {spread.parts[k].sum():.9g}; they must sum to 1, none below 0"
        elif spread.sizes is not None and spread.sizes.shape != (len(spread.composites), materials, classes):
            yield f"sizes of spread must have the shape {(len(spread.composites), materials, classes)}"
        elif any(not (np.isfinite(spread.sizes[k, n]).all() and (spread.sizes[k, n] >= 0.0).all() and spread.sizes[k, n, 0] > 0.0) for n in spread.own(k)):  # type: ignore[index]
            yield f"the sizes of the parts of material {place} must not be below 0, and above it in the finest class"


def _wrong_pour(poured: Floats, shape: tuple[int, int]) -> Iterator[str]:
    if poured.shape != shape:
        yield f"pour has the shape {poured.shape}; it must be {shape}, (material, size class)"
        return
    for m, row in enumerate(poured):
        if not (np.isfinite(row).all() and (row >= 0.0).all() and abs(row.sum() - 1.0) <= CLOSE):
            yield f"what is poured of material {m} sums to {row.sum():.9g} over the size classes; it must sum to 1, none below 0"
            return
