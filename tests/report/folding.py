"""Whether a ribbon of a Sankey diagram folds.

A stroke folds where the radius of its course is below half of its width, unless it is straight there: its inner edge then runs backwards.
A band (an area between two edges of equally many pieces) folds where its edges cross, where an edge runs backwards, or where it is thinner than half of its width:
the least distance of a point of one edge to the other edge, over the width at its ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.report.drawing import Command, Drawing, Path

LEAST = 0.5
"""Thickness over width below which a band is folded."""
SAMPLES = 10
Points = NDArray[np.float64]


def ribbons(drawing: Drawing) -> list[Path]:
    return [shape for shape in drawing.shapes if isinstance(shape, Path) and shape.css.startswith("ribbon")]


def folding(drawing: Drawing) -> list[str]:
    """The titles of the ribbons that fold."""
    return [shape.title for shape in ribbons(drawing) if folds(shape)]


def folds(ribbon: Path) -> bool:
    if ribbon.width is not None:
        return _least_radius(ribbon.commands) < ribbon.width / 2
    a, b = edges(ribbon.commands)
    return thinnest(a, b) < LEAST * width_of(ribbon) or _cross(a, b) or ("recycle" not in ribbon.css and bool((np.diff(a[:, 0]) < -1e-9).any()))


def width_of(ribbon: Path) -> float:
    """At its start."""
    if ribbon.width is not None:
        return ribbon.width
    a, b = edges(ribbon.commands)
    return float(np.hypot(*(a[0] - b[0])))


def edges(commands: Sequence[Command]) -> tuple[Points, Points]:
    """The two edges of a band, both from its start to its end."""
    assert commands[-1] == ("Z",) and len(commands) % 2 == 1
    half = (len(commands) - 1) // 2
    first = sampled(commands[:half])
    second = sampled([("M", *commands[half][-2:]), *commands[half + 1 : -1]])
    return first, second[::-1]


def sampled(commands: Sequence[Command]) -> Points:
    points = [np.array([commands[0][1:]], dtype=float)]
    for before, step in pairwise(commands):
        start, ends = np.array(before[-2:], dtype=float), np.array(step[1:], dtype=float).reshape(-1, 2)
        t = np.linspace(0, 1, SAMPLES + 1)[1:, None]
        if step[0] == "C":
            points.append((1 - t) ** 3 * start + 3 * t * (1 - t) ** 2 * ends[0] + 3 * t**2 * (1 - t) * ends[1] + t**3 * ends[2])
        else:
            points.append(start + t * (ends[0] - start))
    return np.concatenate(points)


def thinnest(a: Points, b: Points) -> float:
    return min(_distances(a, b), _distances(b, a))


def _distances(points: Points, line: Points) -> float:
    start, way = line[:-1], np.diff(line, axis=0)
    length = np.maximum((way**2).sum(axis=1), 1e-12)
    share = np.clip(((points[:, None] - start) * way).sum(axis=2) / length, 0, 1)
    return float(np.sqrt((((start + share[..., None] * way) - points[:, None]) ** 2).sum(axis=2)).min())


def _cross(a: Points, b: Points) -> bool:
    def side(p: Points, q: Points, r: Points) -> Points:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    p, q, r, s = a[:-1, None], a[1:, None], b[None, :-1], b[None, 1:]
    return bool(((side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)).any())


def _least_radius(commands: Sequence[Command]) -> float:
    """Of the curves of a line."""
    least = math.inf
    for before, step in pairwise(commands):
        if step[0] != "C":
            continue
        p = np.array([*before[-2:], *step[1:]], dtype=float).reshape(4, 2)
        t = np.linspace(0, 1, 4 * SAMPLES + 1)[:, None]
        speed = 3 * ((1 - t) ** 2 * (p[1] - p[0]) + 2 * t * (1 - t) * (p[2] - p[1]) + t**2 * (p[3] - p[2]))
        bend = 6 * ((1 - t) * (p[2] - 2 * p[1] + p[0]) + t * (p[3] - 2 * p[2] + p[1]))
        turn = np.abs(speed[:, 0] * bend[:, 1] - speed[:, 1] * bend[:, 0])
        length = np.hypot(speed[:, 0], speed[:, 1])
        curved = turn > 1e-9
        if curved.any():
            least = min(least, float((length[curved] ** 3 / turn[curved]).min()))
    return least
