"""What is on the trucks of a feed: mass and composition, with seasons, trends, campaigns and hazards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.streams import Stream
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.scenario.sizes import SizeDistribution
from twin.scenario.supply import AMOUNT, Campaign, DeliveryHazard, Season, Trend
from twin.units.gates.pace import Pace
from twin.units.ground.assembly import Assembly
from twin.units.ground.composition import lot_shares

Floats = NDArray[np.float64]


class Truckloads:
    """Draws what each truck brings.

    A composition is that of the campaign that is on, or of the feed; times seasons and trends of single materials; spread around that from truck to
    truck; and with what a hazard adds. Streams: ``mass`` (one uniform a truck), ``composition`` (one for each material, in the order of the
    catalogue) and ``hazard.NAME`` (one a truck).
    """

    def __init__(self, site: Assembly, name: str, model: FeedModel) -> None:
        self.name, self._site = name, site
        self.mass, self.composition = site.stream(name, "mass"), site.stream(name, "composition")
        self.hazards: dict[str, Stream] = {hazard: site.stream(name, f"hazard.{hazard}") for hazard in model.hazards}
        self.set_model(model)

    @property
    def streams(self) -> dict[str, Stream]:
        """All its streams by purpose."""
        return {"mass": self.mass, "composition": self.composition, **{f"hazard.{name}": stream for name, stream in self.hazards.items()}}

    def set_model(self, model: FeedModel) -> None:
        """Parameters at the start, or after a timed event."""
        self.model = model
        self._variations: tuple[Season | Trend, ...] = (*model.season, *model.trend)
        self._share = lot_shares(self._site, dict(model.composition), model.size) if model.composition is not None else np.zeros(0)

    def _campaign(self, t: float) -> Campaign | None:
        return next((campaign for campaign in self.model.campaigns.values() if campaign.holds(t)), None)

    def set_pace(self, pace: Pace) -> None:
        """Give the rate at which trucks come."""
        if self.model.every is not None:
            pace.set(self.model.every, tuple(self.model.campaigns.values()), [v for v in self._variations if v.of == AMOUNT])

    def _factor(self, of: str, t: float) -> float:
        factor = 1.0
        for variation in self._variations:
            if variation.of == of:
                factor *= variation.factor(t)
        return factor

    def next(self, count: int, now: int) -> tuple[Floats, float]:
        """Shares by (component, size), assays as the catalogue gives them, and mass in kg, of truck number ``count``."""
        model, t = self.model, now / NANOSECONDS
        if model.schedule is not None:
            mass = model.schedule.masses[count]
            if model.schedule.fractions is not None:
                composition = dict(zip(model.schedule.materials, model.schedule.fractions[count], strict=True))
                return lot_shares(self._site, composition, model.size), mass
            return self._hit(self._varied(self._share), now), mass
        campaign = self._campaign(t)
        distribution = campaign.mass if campaign is not None and campaign.mass is not None else model.mass
        assert distribution is not None
        mass = distribution.inverse(self.mass.uniform())
        return self._hit(self._varied(self._mean(campaign, t)), now), mass

    def shares_of(self, composition: dict[str, float]) -> Floats:
        """Shares by (component, size) of a load whose mass fractions by material are known."""
        return lot_shares(self._site, composition, self.model.size)

    def _mean(self, campaign: Campaign | None, t: float) -> Floats:
        """The mean composition at ``t`` s."""
        model = self.model
        moving = [v.of for v in self._variations if v.of != AMOUNT]
        if not moving and (campaign is None or (campaign.composition is None and campaign.size is None)):
            return self._share
        composition = dict((campaign.composition if campaign is not None else None) or model.composition or {})
        for material in dict.fromkeys(moving):
            if material in composition:
                composition[material] *= self._factor(material, t)
        size: SizeDistribution | None = (campaign.size if campaign is not None else None) or model.size
        return lot_shares(self._site, composition, size)

    def _hit(self, share: Floats, now: int) -> Floats:
        """A truck that hazards befall, each with its chance."""
        for name, hazard in self.model.hazards.items():
            if self.hazards[name].uniform() < hazard.chance:
                self._site.recorder.note(now, self.name, f"hazard: {name}")
                share = self._with(hazard, share)
        return share

    def _with(self, hazard: DeliveryHazard, share: Floats) -> Floats:
        """``share`` with what a hazard adds, and in its sizes."""
        site, size = self._site, hazard.size or self.model.size
        if hazard.size is not None:
            masses = share[: site.components.solid].sum(axis=1).tolist()
            share = lot_shares(site, dict(zip(site.scenario.materials.names, masses, strict=True)), hazard.size)
        added = sum(hazard.add.values())
        if not added > 0.0:
            return share
        return share * (1.0 - added) + lot_shares(site, hazard.add, size) * added

    def _varied(self, share: Floats) -> Floats:
        """A Dirichlet draw around the mean composition, as normalised gamma variates, each inverted from one uniform."""
        if self.model.variability is None:
            return share
        from scipy.special import gammaincinv

        concentration, components = self.model.variability.concentration, self._site.components
        means = share[: components.solid].sum(axis=1).tolist()
        drawn = [float(gammaincinv(concentration * mean, self.composition.uniform())) if mean > 0.0 else 0.0 for mean in means]
        total = sum(drawn)
        if total <= 0.0:
            return share
        factors = [d / total / mean if mean > 0.0 else 0.0 for d, mean in zip(drawn, means, strict=True)]
        contents = [factors[material] for material, _ in components.contents]
        rest = [0.0] * (len(share) - len(factors) - len(contents))
        melt, heat = (rest[:-2], rest[-2:]) if rest else ([], [])
        varied: Floats = share * np.array([*factors, *melt, *contents, *heat])[:, None]
        return varied
