"""How likely a load is accepted on its samples over what it truly holds, and how many samples settle a claim on it.

The curve is told in two ways: by arithmetic, with pieces that are all alike (binomial, and normal for the analysis), so many that they scatter as those of the
product do after Gy; and drawn from the pieces of the product as they are, by :mod:`twin.measurement`, as a run draws them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from twin.engine.streams import Stream
from twin.errors import UsageError
from twin.measurement import UNIFORMS, Measurement, Pieces, equal_pieces, sampling_deviation, shares_in_sample
from twin.plant.api import load_stored
from twin.results.read import Result
from twin.scenario.acceptance import Acceptance
from twin.scenario.kinds.product import Product
from twin.scenario.limits import Limit
from twin.scenario.model import Scenario

Floats = NDArray[np.float64]
_NORMAL = NormalDist()
MOST_PIECES = 1_000_000
MOST_SAMPLES = 1_000_000
PURE = 1e-9
"""A share so near to 0 or 1 is taken as that."""


@dataclass(frozen=True)
class Point:
    """A true share of what is limited, the chance 0 to 1 that its samples keep the limit by arithmetic, and the share of drawn samples that did."""

    share: float
    chance: float
    drawn: float


@dataclass(frozen=True)
class Curve:
    """The curve of acceptance of a product: ``pieces`` are as many equal ones in a sample as scatter like its own; ``true`` is its share in the run.

    ``settles``: samples of a load with which a true share ``margin`` away from the limit is told right, on both sides, with a chance of 1 - ``wrong``.
    """

    product: str
    limit: Limit
    acceptance: Acceptance
    lot: float
    true: float
    pieces: float
    points: tuple[Point, ...]
    margin: float
    wrong: float
    settles: int | None


def chance_to_pass(share: float, limit: Limit, pieces: float, samples: int = 1, error: float = 0.0) -> float:
    """Return the chance that the mean of ``samples`` samples keeps ``limit``: each of ``pieces`` equal pieces, with ``error`` points of analysis.

    With 100 pieces and a limit of 10 % at most, of a lot with 10 % true, 0 to 10 pieces pass: 58 % of samples.

    >>> round(chance_to_pass(0.10, Limit("x", "<=", 0.10), 100), 4)
    0.5832
    >>> round(chance_to_pass(0.94, Limit("x", ">=", 0.90), math.inf, 4, 0.04), 4)  # two deviations of the mean
    0.9772
    """
    deviation = error / math.sqrt(samples)
    whole = pieces * samples
    if not PURE < share < 1.0 - PURE or not math.isfinite(whole):
        return _passes(share, limit, deviation)
    if whole > MOST_PIECES:
        return _passes(share, limit, math.hypot(deviation, math.sqrt(share * (1.0 - share) / whole)))
    from scipy.stats import binom

    count = max(1, round(whole))
    low, high = int(binom.ppf(1e-12, count, share)), int(binom.ppf(1.0 - 1e-12, count, share))
    counts = np.arange(low, high + 1)
    chances = binom.pmf(counts, count, share)
    return math.fsum(float(c) * _passes(float(k) / count, limit, deviation) for k, c in zip(counts, chances, strict=True))


def _passes(share: float, limit: Limit, deviation: float) -> float:
    """The chance that a share read with a normal error keeps a limit; pieces counted at the limit itself keep ``>=`` and ``<=``."""
    if deviation == 0.0:
        near = abs(share - limit.value) < 1e-12
        return float(limit.op in (">=", "<=") if near else limit.holds(share))
    below = _NORMAL.cdf((limit.value - share) / deviation)
    return 1.0 - below if limit.lower else below


def samples_that_settle(limit: float, margin: float, pieces: float, error: float, wrong: float) -> int | None:
    """Return how many samples tell a share ``margin`` away from the limit right, on both sides, but for a chance ``wrong``; None where no number does.

    The mean of n samples scatters by sqrt((p (1 - p)/pieces + error²)/n), taken as normal. At 5 %, two points from 90 % with 400 pieces a sample:

    >>> samples_that_settle(0.90, 0.02, 400.0, 0.0, 0.05)  # (1.645/0.02)² 0.88 · 0.12/400
    2
    """
    if not margin > 0.0:
        return None
    sides = [min(max(limit + sign * margin, 0.0), 1.0) for sign in (-1.0, 1.0)]
    variance = max(p * (1.0 - p) / pieces for p in sides) + error**2
    needed = (_NORMAL.inv_cdf(1.0 - wrong) / margin) ** 2 * variance
    return max(1, math.ceil(needed)) if needed <= MOST_SAMPLES else None


def acceptance_curve(
    result: Result, product: str, *, limit: str = "", acceptance: Acceptance | None = None, margin: float | None = None, wrong: float = 0.05, draws: int = 100
) -> Curve:
    """Return the curve of a product of a run: what was in it sets which pieces there are; their sizes are those of the product, alike for all materials.

    ``limit``: the name whose limit is looked at, the first of the specification where "". ``acceptance``: instead of the scenario's. ``margin``: how far from
    the limit a claim is to be settled; as far as the product truly was where None. Raises ``UsageError`` where there is no such product or limit.
    """
    scenario = load_stored(result.scenario, result.files)
    model, found = _product(scenario, product, limit)
    judged = acceptance or model.acceptance or Acceptance()
    if not 0.0 < wrong < 0.5:
        raise UsageError(f"the chance of a wrong call lies between 0 and 0.5 (got {wrong:g})")
    shares, lot = _shares_of(result, product, model)
    content = _content(scenario, found.name, model)
    pieces = Pieces.of(scenario.properties)
    error = judged.error * float(np.sqrt((content[shares.sum(axis=1) > 0.0] ** 2).sum()))  # each material's share has its own
    true = float((shares.sum(axis=1) * content).sum())
    margin = abs(true - found.value) if margin is None else margin
    at_limit = _tilted(shares, content, found.value)
    number = _pieces(at_limit, content, pieces, judged.mass, lot)
    stream = Stream(scenario.seed, 0, f"{product}.acceptance", "curve")
    points = []
    for share in _range(shares, content, found.value, math.sqrt((found.value * (1.0 - found.value) / number + error**2) / judged.samples)):
        tilted = _tilted(shares, content, share)
        chance = chance_to_pass(share, found, _pieces(tilted, content, pieces, judged.mass, lot), judged.samples, error)
        passed = sum(found.holds(_reading(tilted, content, pieces, judged, lot, stream)) for _ in range(draws))
        points.append(Point(share, chance, passed / draws if draws else math.nan))
    settles = samples_that_settle(found.value, margin, number, error, wrong)
    return Curve(product, found, judged, lot, true, number, tuple(points), margin, wrong, settles)


def _product(scenario: Scenario, product: str, limit: str) -> tuple[Product, Limit]:
    model = scenario.units.get(product)
    if not isinstance(model, Product) or not model.spec.limits:
        named = [name for name, unit in scenario.units.items() if isinstance(unit, Product) and unit.spec.limits]
        raise UsageError(f"a product with a specification is needed: {', '.join(named) or 'the plant has none'} (got {product[:80]!r})")
    for one in model.spec.limits:
        if limit in ("", one.name):
            return model, one
    raise UsageError(f"the specification of {product} limits {', '.join(one.name for one in model.spec.limits)} (got {limit[:80]!r})")


def _shares_of(result: Result, product: str, model: Product) -> tuple[Floats, float]:
    """Mass shares (material, size) in what left as a product, and the mass of a load, kg."""
    totals = result.totals
    masses = np.array([totals.mass(product, name) for name in totals.names["material"]])
    if not (np.isfinite(masses).all() and masses.sum() > 0.0):
        raise UsageError(f"nothing of {product} left in the window as pieces of materials, so there is nothing to sample")
    bounds, row = result.array("time_bounds"), result.array("stream").tolist().index(product)
    sizes = ((bounds[:, 1] - bounds[:, 0])[:, None] * result.array("streams/size_flow")[:, row]).sum(axis=0)
    if not (np.isfinite(sizes).all() and sizes.sum() > 0.0):
        raise UsageError(f"the sizes of {product} were not recorded: set record.sizes")
    load = totals.inputs.products[product].load
    return np.outer(masses / masses.sum(), sizes / sizes.sum()), load if load == load else float(masses.sum())


def _content(scenario: Scenario, name: str, model: Product) -> Floats:
    """Kg of what is limited in a kg of each material."""
    from twin.materials import ELEMENTS

    materials = scenario.materials
    if name in ELEMENTS:
        return np.array(materials.assay[:, ELEMENTS.index(name)])
    content = np.zeros(len(materials.names))
    content[list(materials.members(name))] = 1.0
    return content


def _tilted(shares: Floats, content: Floats, wanted: float) -> Floats:
    """The shares with more or less of the materials that are richer than the mean, so that ``wanted`` of the mass is what is limited."""
    by_material = shares.sum(axis=1)
    rich = content > (by_material * content).sum()
    whole = float(by_material[rich].sum())
    if not 0.0 < whole < 1.0:
        return shares
    high, low = float((by_material * content)[rich].sum()) / whole, float((by_material * content)[~rich].sum()) / (1.0 - whole)
    part = min(max((wanted - low) / (high - low), 0.0), 1.0)
    return shares * np.where(rich, part / whole, (1.0 - part) / (1.0 - whole))[:, None]


def _pieces(shares: Floats, content: Floats, pieces: list[list[Pieces]], sample: float, lot: float) -> float:
    """How many equal pieces in a sample scatter as these do."""
    heavy = np.array([[one.heaviness for one in own] for own in pieces])
    mean = float((shares.sum(axis=1) * content).sum())
    deviation = sampling_deviation(shares.ravel(), heavy.ravel(), np.repeat(content, shares.shape[1]), sample, lot)
    return equal_pieces(mean, deviation) if deviation == deviation else math.inf


def _range(shares: Floats, content: Floats, limit: float, spread: float) -> list[float]:
    """Eleven shares around the limit, as far as readings that scatter by ``spread`` change the chance and the product's materials reach."""
    present = content[shares.sum(axis=1) > 0.0]
    low, high = float(present.min()), float(present.max())
    width = max(3.0 * spread, 0.005)
    return sorted({min(max(limit + step * width / 5.0, low), high) for step in range(-5, 6)})


def _reading(shares: Floats, content: Floats, pieces: list[list[Pieces]], judged: Acceptance, lot: float, stream: Stream) -> float:
    """The mean of the samples of one load, as a run finds it; the true share where they hold no piece."""
    found = []
    for _ in range(judged.samples):
        rows = [math.fsum(row) for row in shares_in_sample(shares, pieces, lot, judged.mass, stream.uniform)]
        if judged.error:
            analysis = Measurement("share", "instant", absolute=judged.error)
            rows = [min(max(analysis.read(row, [stream.uniform() for _ in range(UNIFORMS)]), 0.0), 1.0) if row > 0.0 else row for row in rows]
        if not math.isnan(rows[0]):
            found.append(math.fsum(row * c for row, c in zip(rows, content.tolist(), strict=True)))
    return math.fsum(found) / len(found) if found else float((shares.sum(axis=1) * content).sum())
