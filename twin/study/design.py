"""Designs: at which points of the unit cube a study runs, and what the factors make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from twin.errors import UsageError
from twin.quantities import shown
from twin.scenario.fields import Count, Text
from twin.scenario.kind import Model
from twin.scenario.places import Plain
from twin.scenario.problems import nearest, wrong
from twin.study.factors import Factor

MOST_POINTS = 1_000_000
FORMS = ("grid", "list", "csv", "lhs", "sobol", "saltelli", "morris")


class Morris(Model):
    """Trajectories of elementary effects, each of one step in every factor."""

    trajectories: Annotated[StrictInt, Field(ge=2, le=100_000)]
    levels: Annotated[StrictInt, Field(ge=2, le=1000)] = 4

    @model_validator(mode="after")
    def _even(self) -> Morris:
        if self.levels % 2:
            raise wrong(f"an even number of levels is needed, so that every level is met equally often (got {self.levels})")
        return self


class Design(Model):
    """How the points are chosen: exactly one of its keys is given.

    ``grid``: every combination of levels (as many as said, for all factors or by path, for what is not a list); ``list``: the first levels of all factors, then
    the second ones, …; ``csv``: the rows of a table with a column for each path; ``lhs``, ``sobol``: so many points of a Latin hypercube, or of a scrambled
    Sobol' sequence; ``saltelli``: the points from which Sobol' indices are computed, so many times factors + 2; ``morris``: trajectories.
    """

    grid: Count | dict[str, Count] | None = None
    list_: StrictBool | None = Field(default=None, alias="list")
    csv: Text | None = None
    lhs: Annotated[StrictInt, Field(ge=2, le=MOST_POINTS)] | None = None
    sobol: Annotated[StrictInt, Field(ge=2, le=MOST_POINTS)] | None = None
    saltelli: Annotated[StrictInt, Field(ge=2, le=MOST_POINTS)] | None = None
    morris: Morris | None = None

    @property
    def form(self) -> str:
        """Its name."""
        return next(form for form in FORMS if self._given(form) is not None)

    def _given(self, form: str) -> Any:
        return self.list_ if form == "list" else getattr(self, form)

    @model_validator(mode="after")
    def _one(self) -> Design:
        given = [form for form in FORMS if self._given(form) is not None]
        if len(given) != 1 or self.list_ is False:
            raise wrong(f"exactly one of {', '.join(FORMS)} is needed, e.g. {{sobol: 64}} (got {', '.join(given) or 'none'})")
        for form in ("sobol", "saltelli"):
            count = self._given(form)
            if count is not None and count & (count - 1):
                raise wrong(f"a Sobol' sequence is even only in powers of 2; take {1 << count.bit_length()} (got {count})")
        return self


def _shorthand(value: object) -> object:
    """``grid`` and ``list`` need nothing more."""
    if value == "grid":
        return {"grid": {}}
    if value == "list":
        return {"list": True}
    if isinstance(value, str):
        raise wrong(f"a design is one of {', '.join(FORMS)}, e.g. {{sobol: 64}} (got {shown(value)}); {nearest(value, FORMS)}")
    return value


DesignField = Annotated[Design, BeforeValidator(_shorthand)]


@dataclass(frozen=True)
class Points:
    """The points of a study: ``levels`` (point, factor), each from 0 to 1, is what the design says; the factors make values of it."""

    factors: tuple[Factor, ...]
    levels: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.levels)

    def values(self, point: int) -> list[float]:
        """Return the values of all factors at a point, in SI."""
        return [factor.at(u)[0] for factor, u in zip(self.factors, self.levels[point].tolist(), strict=True)]

    def changes(self, point: int) -> dict[str, Plain]:
        """Return what is changed in the scenario at a point: the values by path, as written."""
        return {factor.path: factor.at(u)[1] for factor, u in zip(self.factors, self.levels[point].tolist(), strict=True)}


def points_of(design: Design, factors: Sequence[Factor], seed: int) -> Points:
    """Return the points of a design. Raises ``UsageError`` where it does not go together with the factors."""
    count = len(factors)
    if not count:
        return Points((), np.zeros((1, 0)))
    if design.form == "grid":
        return Points(tuple(factors), _grid_levels(design.grid, factors))
    if design.form in ("list", "csv"):
        return Points(tuple(factors), _rows(factors))
    if design.morris is not None:
        edge = 0.5 / design.morris.levels
        return Points(tuple(replace(factor, edge=edge) for factor in factors), _morris(design.morris, count, seed))
    return Points(tuple(factors), _sampled(design, count, seed))


def _grid_levels(asked: int | Mapping[str, int] | None, factors: Sequence[Factor]) -> NDArray[np.float64]:
    axes = []
    for factor in factors:
        levels = asked.get(factor.path, 0) if isinstance(asked, Mapping) else asked or 0
        if factor.distribution is None:
            levels = len(factor.levels)
        elif not levels:
            raise UsageError(f"a grid needs to know how many levels {factor.path} has, e.g. design: {{grid: {{{factor.path}: 5}}}} or {{grid: 5}} for all")
        axes.append(_spread(levels, at_ends=factor.distribution is not None and factor.is_bounded))
    total = math.prod(len(axis) for axis in axes)
    if total > MOST_POINTS:
        raise UsageError(f"the grid has {total} points, at most {MOST_POINTS} are possible; a design such as {{sobol: 1024}} needs fewer")
    return np.array(list(product(*axes)), dtype=np.float64).reshape(total, len(factors))


def _spread(levels: int, *, at_ends: bool) -> list[float]:
    """Equally spaced numbers from 0 to 1: with both ends, or the middles of equal parts."""
    if at_ends and levels > 1:
        return [k / (levels - 1) for k in range(levels)]
    return [(k + 0.5) / levels for k in range(levels)]


def _rows(factors: Sequence[Factor]) -> NDArray[np.float64]:
    """Row by row through the levels of all factors."""
    continuous = [factor.path for factor in factors if factor.distribution is not None]
    if continuous:
        raise UsageError(f"the design 'list' takes the levels of lists one after another; {continuous[0]} has a distribution")
    lengths = {factor.path: len(factor.levels) for factor in factors}
    if len(dict.fromkeys(lengths.values())) > 1:
        raise UsageError(f"the design 'list' needs lists of one length (got {', '.join(f'{path}: {n}' for path, n in lengths.items())}); 'grid' combines them")
    return np.array([_spread(len(factor.levels), at_ends=False) for factor in factors]).T.copy()


def _sampled(design: Design, count: int, seed: int) -> NDArray[np.float64]:
    from scipy.stats import qmc

    if design.lhs is not None:
        return np.asarray(qmc.LatinHypercube(count, rng=seed).random(design.lhs), dtype=np.float64)
    if design.sobol is not None:
        return np.asarray(qmc.Sobol(count, scramble=True, rng=seed).random(design.sobol), dtype=np.float64)
    from SALib.sample import sobol

    if (total := (count + 2) * (design.saltelli or 0)) > MOST_POINTS:
        raise UsageError(f"the design has {total} points, at most {MOST_POINTS} are possible")
    return np.asarray(sobol.sample(_problem(count), design.saltelli, calc_second_order=False, scramble=True, seed=seed), dtype=np.float64)


def _morris(asked: Morris, count: int, seed: int) -> NDArray[np.float64]:
    from SALib.sample import morris

    return np.asarray(morris.sample(_problem(count), asked.trajectories, num_levels=asked.levels, seed=seed), dtype=np.float64)


def _problem(count: int) -> dict[str, Any]:
    """The unit cube as SALib describes it."""
    return {"num_vars": count, "names": [f"x{k}" for k in range(count)], "bounds": [[0.0, 1.0]] * count}
