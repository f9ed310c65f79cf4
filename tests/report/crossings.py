"""How often the streams of a flowsheet cross, and how small it prints."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from folding import Points, sampled

from twin.report.drawing import Drawing, Path


def crossings(sheet: Drawing) -> int:
    """Pairs of pieces of different streams that cross in their inner, utilities included."""
    lines = [sampled(shape.commands) for shape in sheet.shapes if isinstance(shape, Path) and shape.css.split()[0] == "stream"]
    return sum(_count(a, b) for a, b in combinations(lines, 2))


def _count(a: Points, b: Points) -> int:
    if (a.min(axis=0) > b.max(axis=0)).any() or (b.min(axis=0) > a.max(axis=0)).any():
        return 0
    p, u, r, v = a[:-1, None], np.diff(a, axis=0)[:, None], b[None, :-1], np.diff(b, axis=0)[None]
    across = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    safe = np.where(np.abs(across) < 1e-12, np.nan, across)
    w = r - p
    s, t = (w[..., 0] * v[..., 1] - w[..., 1] * v[..., 0]) / safe, (w[..., 0] * u[..., 1] - w[..., 1] * u[..., 0]) / safe
    return int(((s >= 0) & (s < 1) & (t >= 0) & (t < 1)).sum())
