"""Ribbons as areas: as wide as what flows, and never folded.

A stroke that is wider than twice the radius of its course folds onto itself. A band is the area between an upper and a lower edge instead. The edges of a
forward band have the course of its middle line: its thickness downwards is its width. Where it is steep it would look thin, so its edges are moved apart along
it too, as far as the room between the layers lets them. A band that turns back is made of straight pieces and quarters of circles about one centre: it is as
thick as wide everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.report.drawing import Command

Point = tuple[float, float]

STEEP, THIN = 0.65, 0.9
"""Thickness across a steep band at its middle, over its width, that is aimed at: of any, and of a thin one, whose edges do not meet its neighbours'."""
SLIM = 0.15
"""Width over the room for a bend up to which a band is thin."""
BEND = 0.9
"""Most of the room for a bend that a handle of its edges takes: above 1 the edges would turn back."""
ROUND = 0.5523
"""Handle of a cubic curve over the radius, for a quarter of a circle: within .03 % of it."""


def forward(start: Point, end: Point, level: Sequence[tuple[float, float, float]], width: float) -> tuple[Command, ...]:
    """The band from ``start`` to ``end`` (middles of its ends); ``level``: (from x, to x, y) of the level pieces between.

    >>> forward((0, 10), (100, 10), [], 4)
    (('M', 0, 8.0), ('C', 50.0, 8.0, 50.0, 8.0, 100, 8.0), ('L', 100, 12.0), ('C', 50.0, 12.0, 50.0, 12.0, 0, 12.0), ('Z',))
    """
    upper, lower = [_edge(start, end, level, width, side) for side in (-1, 1)]
    return (*upper, *_reversed(lower), ("Z",))


def _edge(start: Point, end: Point, level: Sequence[tuple[float, float, float]], width: float, side: int) -> list[Command]:
    half = side * width / 2
    commands: list[Command] = [("M", start[0], start[1] + half)]
    x, y = start
    for left, right, middle in level:
        commands += [_bend((x, y), (left, middle), half), ("L", right, middle + half)]
        x, y = right, middle
    return [*commands, _bend((x, y), end, half)]


def _bend(start: Point, end: Point, half: float) -> Command:
    """An S from level to level, moved down by ``half``, and along so that the band stays thick where it is steep."""
    run, fall = end[0] - start[0], end[1] - start[1]
    slope = math.atan2(2 * fall, run)  # of the middle line at its middle, where it is steepest
    aim = THIN if 2 * abs(half) <= SLIM * run else STEEP
    short = max(aim - math.cos(slope), 0.0)
    along = -half * short / math.sin(slope) if short > 0.0 else 0.0
    first = min(max(run / 2 + 4 / 3 * along, (1 - BEND) * run), BEND * run)  # the middle of the curve moves by 3/8 of what both handles do
    return ("C", start[0] + first, start[1] + half, start[0] + first, end[1] + half, end[0], end[1] + half)


def back(start: Point, end: Point, lane: float, turns: tuple[float, float], width: float) -> tuple[Command, ...]:
    """The band out to the right, down to the lane, back to the left, up and in. ``turns``: x of the middle of the way down and of the way up.

    Both stand at least half of the width off the ends, and the lane a width and more below them.
    """
    down, up = turns
    points = [start, (down, start[1]), (down, lane), (up, lane), (up, end[1]), end]
    inner = max(min(down - start[0], end[0] - up, (lane - start[1]) / 2, (lane - end[1]) / 2) - width / 2, 0.0)
    outside, inside = [_turned(points, width / 2, inner, side) for side in (1, -1)]
    return (*outside, *_reversed(inside), ("Z",))


def _turned(points: Sequence[Point], half: float, inner: float, side: int) -> list[Command]:
    """The edge of a band that turns to the right at each corner, on its left side where ``side`` is 1; all corners are of 90 degrees."""
    radius = inner + half  # of the middle line
    commands: list[Command] = [("M", points[0][0], points[0][1] - side * half)]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        way, turn = _unit(before, here), _unit(here, after)
        centre = (here[0] - radius * way[0] + radius * turn[0], here[1] - radius * way[1] + radius * turn[1])
        own = radius + side * half
        enter = (centre[0] - own * turn[0], centre[1] - own * turn[1])
        leave = (centre[0] + own * way[0], centre[1] + own * way[1])
        handle = own * ROUND
        first = (enter[0] + handle * way[0], enter[1] + handle * way[1])
        second = (leave[0] - handle * turn[0], leave[1] - handle * turn[1])
        commands += [("L", *enter), ("C", *first, *second, *leave)]
    return [*commands, ("L", points[-1][0], points[-1][1] - side * half)]


def _unit(start: Point, end: Point) -> Point:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length)


def _reversed(edge: Sequence[Command]) -> list[Command]:
    """An edge from its end to its start, as what follows the other edge."""
    found: list[Command] = [("L", *edge[-1][-2:])]
    for step, before in zip(reversed(edge[1:]), reversed(edge[:-1]), strict=True):
        found.append(("C", *step[3:5], *step[1:3], *before[-2:]) if step[0] == "C" else ("L", *before[-2:]))
    return found
