"""Pieces on a belt, one by one: where each lies, which others lie on it, whose valves it passes, how far it flies. See :mod:`twin.kernels.particles`.

A belt is cut into stretches of fixed length, each with random numbers of its own. Pieces come along it as a Poisson process, so they are in
order and what may touch a piece is a short range of its neighbours. Loops over neighbours have no branches, so that they run on vectors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, kernel
from twin.kernels.philox import uniforms

Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]

X, Y, HALF, RANK, CHANCE, SPREAD, TURN, ROWS = 0, 1, 2, 3, 4, 5, 6, 7
"""What is known of a piece: its place, half its side [m], how high it lies among those that touch it, and three uniform numbers for what it meets."""
FROM, TO, LEFT, RIGHT = 0, 1, 2, 3  # an open window: along and across the belt
PLACE, VALVE = 0, 1  # the last word of the counter
WORKS, OPENS_LATE, STAYS_SHUT = 0, 1, 2  # valves


@kernel()
def place(
    stretch: int, key: Ints, per_metre: float, length: float, width: float, half: Floats, stay: Floats, alias: Ints, pieces: Floats, cell: Ints, chances: Floats
) -> int:
    """Put pieces on a stretch of belt of ``length`` and ``width`` [m], ``per_metre`` on average, and return how many.

    A piece is of the cell k of ``half`` (half its side, m) that the alias method draws: ``stay`` (cell,) and ``alias`` (cell, 2). Written are ``pieces``
    (ROWS, piece) and ``cell`` (piece,); ``chances`` (4, piece) is room to work in.
    """
    uniforms(cell.shape[0], stretch, 0, PLACE, key[0], key[1], chances)
    uniforms(cell.shape[0], stretch, 1, PLACE, key[0], key[1], pieces[RANK : RANK + 4])
    kinds, count, x = half.shape[0], 0, 0.0
    for i in range(cell.shape[0]):
        x -= math.log(chances[0, i]) / per_metre
        pieces[X, i] = x
        count += x < length
    for i in range(count):
        bucket = chances[2, i] * kinds  # below `kinds`: a chance is at most 1 - 2^-33
        k = int(bucket)
        k = alias[k, int(bucket - k >= stay[k])]
        cell[i] = k
        pieces[Y, i] = chances[1, i] * width
        pieces[HALF, i] = half[k]
    return count


@kernel()
def hide(pieces: Floats, count: int, reach: float, hidden: Flags, later: Flags) -> None:
    """Write into ``hidden`` (piece,) 1 for each piece whose centre a piece of a higher rank covers, else 0.

    None reaches farther than ``reach`` [m]; with 0 nothing is covered. Each piece is compared with the one that follows it, then with the second,
    and so on until all are out of reach: so the loop is long, and runs on vectors. ``later`` (piece,) is room to work in.
    """
    x, y, half, rank = pieces[X], pieces[Y], pieces[HALF], pieces[RANK]
    hidden[:count] = 0
    later[:count] = 0
    for k in range(1, count if reach > 0.0 else 0):
        near = 0
        for i in range(count - k):
            along = x[i + k] - x[i]
            apart = max(along, abs(y[i + k] - y[i]))
            above = rank[i + k] > rank[i]
            hidden[i] |= (apart < half[i + k]) & above
            later[i + k] |= (apart < half[i]) & (not above)
            near += along <= reach
        if near == 0:
            break
    for i in range(count):
        hidden[i] |= later[i]


@kernel()
def open_windows(
    pieces: Floats,
    cell: Ints,
    hidden: Flags,
    count: int,
    read: Floats,
    extra: float,
    pitch: float,
    along: float,
    across: float,
    windows: Floats,
    at: Ints,
) -> int:
    """Open the valves of a block for each piece that is recognised, and return for how many.

    It is if it is not ``hidden`` and its chance lies between the two rows of ``read`` (2, cell). Its window is as long as the piece and ``extra`` [m], and
    as wide as the valves of the ``pitch`` [m] that it seems to touch, both moved by normal noise with the standard deviations ``along`` and ``across`` [m].
    Written are ``windows`` (4, window) and for which piece each opens, ``at`` (window,).
    """
    found = 0
    for i in range(count):
        at[found] = i
        chance = pieces[CHANCE, i]
        found += (1 - hidden[i]) & (chance >= read[0, cell[i]]) & (chance < read[1, cell[i]])
    for j in range(found):
        i = at[j]
        radius, angle = math.sqrt(-2.0 * math.log(pieces[SPREAD, i])), 2.0 * math.pi * pieces[TURN, i]
        x, y, half = pieces[X, i] + along * radius * math.cos(angle), pieces[Y, i] + across * radius * math.sin(angle), pieces[HALF, i]
        windows[FROM, j] = x - half - 0.5 * extra
        windows[TO, j] = x + half + 0.5 * extra
        windows[LEFT, j] = math.floor((y - half) / pitch) * pitch
        windows[RIGHT, j] = math.floor((y + half) / pitch) * pitch + pitch
    return found


@kernel()
def blow(pieces: Floats, count: int, windows: Floats, at: Ints, found: int, reach: float, blown: Flags) -> None:
    """Write into ``blown`` (piece,) 1 for each piece whose centre passes an open window, else 0; none begins farther than ``reach`` [m] off its piece."""
    x, y = pieces[X], pieces[Y]
    blown[:count] = 0
    first = 0
    for j in range(found):
        start, stop, left, right = windows[FROM, j], windows[TO, j], windows[LEFT, j], windows[RIGHT, j]
        while x[first] < x[at[j]] - reach:
            first += 1
        i = first
        while i < count and x[i] < start:
            i += 1
        while i < count and x[i] < stop:
            blown[i] |= (left <= y[i]) & (y[i] < right)
            i += 1


@kernel()
def delay(windows: Floats, found: int) -> None:
    """Move each open window behind itself: what a valve that opens too late blows on."""
    for j in range(found):
        length = windows[TO, j] - windows[FROM, j]
        windows[FROM, j] += length
        windows[TO, j] += length


@kernel(nogil=True)
def sort_stretches(
    first: int,
    last: int,
    tally: Ints,
    key: Ints,
    per_metre: float,
    length: float,
    width: float,
    guard: float,
    half: Floats,
    stay: Floats,
    alias: Ints,
    read: Floats,
    extra: float,
    pitch: float,
    along: float,
    across: float,
    blocked: float,
    late: float,
    lifted: float,
    reach: Floats,
    most: int,
) -> None:
    """Send the stretches of belt ``first`` to ``last`` past a sensor and its blocks of valves, and add to ``tally``; see :func:`add_up`.

    Rows of ``read`` (1 + block, cell) part the chances of a piece to open the valves of a block. ``reach`` is how far a piece can hide another and how far
    off its window can begin.
    """
    blocks = read.shape[0] - 1
    pieces, chances, windows = np.empty((ROWS, most)), np.empty((4, most)), np.empty((4, most))
    cell, at = np.empty(most, np.int64), np.empty(most, np.int64)
    hidden, later, blown = np.empty(most, np.uint8), np.empty(most, np.uint8), np.zeros((2, blocks, most), np.uint8)
    valves = int(width / pitch) + 2
    works, fate = np.zeros(valves, np.int64), np.empty((4, valves))
    counts = np.zeros((1 + blocks, half.shape[0]), np.int64)
    for stretch in range(first, last):
        count = place(stretch, key, per_metre, length, width, half, stay, alias, pieces, cell, chances)
        hide(pieces, count, reach[0], hidden, later)
        for block in range(blocks):
            found = open_windows(pieces, cell, hidden, count, read[block : block + 2], extra, pitch, along, across, windows, at)
            blow(pieces, count, windows, at, found, reach[1], blown[0, block])
            if late > 0.0:
                delay(windows, found)
                blow(pieces, count, windows, at, found, reach[1], blown[1, block])
        if blocked > 0.0:
            uniforms(valves, stretch, 0, VALVE, key[0], key[1], fate)
            for valve in range(valves):
                works[valve] = (fate[0, valve] < blocked) + (fate[0, valve] < blocked * (1.0 - late))
        counts[:] = 0
        for i in range(count):
            if guard <= pieces[X, i] < length - guard:
                state = works[int(pieces[Y, i] / pitch)]
                flies = state < STAYS_SHUT and (hidden[i] == 0 or (state == WORKS and pieces[CHANCE, i] < lifted))
                port = 0
                while port < blocks and not (flies and blown[state, port, i]):
                    port += 1
                counts[port, cell[i]] += 1
        add_up(counts, tally)


@kernel()
def pile(pieces: Floats, count: int, reach: float, layers: Floats, later: Floats) -> None:
    """Write into ``layers`` (piece,) how many layers of others lie over or under the own area of each piece: the sum of what overlaps it over that area.

    None touches another farther off than ``reach`` [m]. Pairs are taken as in :func:`hide`; ``later`` (piece,) is room to work in.
    """
    x, y, half = pieces[X], pieces[Y], pieces[HALF]
    layers[:count] = 0.0
    later[:count] = 0.0
    for k in range(1, count):
        near = 0
        for i in range(count - k):
            along = x[i + k] - x[i]
            both, least = half[i] + half[i + k], 2.0 * min(half[i], half[i + k])
            shared = min(max(both - along, 0.0), least) * min(max(both - abs(y[i + k] - y[i]), 0.0), least)
            layers[i] += shared
            later[i + k] += shared
            near += along <= reach
        if near == 0:
            break
    for i in range(count):
        layers[i] = (layers[i] + later[i]) / (4.0 * half[i] * half[i])


@kernel(nogil=True)
def throw_stretches(
    first: int,
    last: int,
    tally: Ints,
    key: Ints,
    per_metre: float,
    length: float,
    width: float,
    guard: float,
    half: Floats,
    stay: Floats,
    alias: Ints,
    free: Floats,
    thrown: Floats,
    ferromagnetic: Floats,
    edges: Floats,
    spread: float,
    scatter: float,
    shielding: float,
    reach: float,
    most: int,
) -> None:
    """Throw the stretches of belt ``first`` to ``last`` off an eddy-current drum and add to ``tally``; see :func:`add_up`.

    ``edges`` are those of the far and of the near splitter; ``free`` and ``thrown`` (cell,) how far a single piece flies without and with the
    field, all in m. On a piece lie others, o layers over its own area; they scatter it and shorten its throw.
    """
    pieces, chances, cell = np.empty((ROWS, most)), np.empty((4, most)), np.empty(most, np.int64)
    layers, later = np.empty(most), np.empty(most)
    counts = np.zeros((3, half.shape[0]), np.int64)
    for stretch in range(first, last):
        count = place(stretch, key, per_metre, length, width, half, stay, alias, pieces, cell, chances)
        pile(pieces, count, reach, layers, later)
        counts[:] = 0
        for i in range(count):
            if guard <= pieces[X, i] < length - guard:
                k, chance = cell[i], pieces[CHANCE, i]
                landing = free[k] + (thrown[k] - free[k]) / (1.0 + shielding * layers[i])
                landing += spread * (1.0 + scatter * layers[i]) * math.log(chance / (1.0 - chance))
                held = pieces[SPREAD, i] < ferromagnetic[k]
                port = 2 if held else (landing < edges[0]) + (landing < edges[1])
                counts[port, k] += 1
        add_up(counts, tally)


@kernel()
def add_up(counts: Ints, tally: Ints) -> None:
    """Add the ``counts`` (port, cell) of one stretch to ``tally`` (2 + 3 ports, cell): integers, whose order does not matter.

    Rows: the pieces n and n^2, then for each port those that leave by it, e, e^2 and e n, of which a share and its error follow.
    """
    ports, kinds = counts.shape
    for k in range(kinds):
        n = 0
        for port in range(ports):
            n += counts[port, k]
        tally[0, k] += n
        tally[1, k] += n * n
        for port in range(ports):
            e = counts[port, k]
            tally[2 + 3 * port, k] += e
            tally[3 + 3 * port, k] += e * e
            tally[4 + 3 * port, k] += e * n
