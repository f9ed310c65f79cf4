"""Links of a cluster: trucks that take a product of one site to a feed of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from twin.materials import ELEMENTS
from twin.quantities import (
    CostPerLength,
    Duration,
    DurationOrZero,
    EmissionFactor,
    EnergyPerLength,
    Fraction,
    Length,
    Mass,
    MassOrZero,
    PricePerEnergy,
    Quantity,
    format_quantity,
)
from twin.scenario.annotations import unwrap
from twin.scenario.fields import CalendarName, Count, Text
from twin.scenario.fixed_times import too_often
from twin.scenario.kind import Model
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Price, Product
from twin.scenario.model import Scenario
from twin.scenario.places import Node, Path
from twin.scenario.problems import in_words, keys_at, nearest
from twin.scenario.series import Series
from twin.scenario.settlement import Settlement
from twin.scenario.supply import Sampling
from twin.scenario.tables import Files
from twin.scenario.variates import DurationVariate

Complain = Callable[[Path, str], None]
"""``complain(path, message)`` keeps a problem at a path below the links."""


class Dispatch(Model):
    """When a free truck is sent: by what there is, at fixed times, or both."""

    level: Mass | None = Field(default=None, description="A free truck is loaded as soon as the product's bunkers hold so much; at fixed times: if they do.")
    every: Duration | None = Field(default=None, description="Trucks are sent at fixed times, so far apart, with what there is up to the payload.")
    first: DurationOrZero = Field(default=0.0, description="The first of these times, from the start of the run.")


class Fuel(Model):
    """What trucks burn, or take from a battery."""

    use: EnergyPerLength = Field(description="Energy for each distance, loaded and empty alike, e.g. 3.2 kWh/km.")
    price: PricePerEnergy = Field(description="What it costs.")
    co2: EmissionFactor = Field(description="CO2 for each energy.")


class Weighbridge(Model):
    """What the receiver's weighbridge shows of a load: the net mass, with an error."""

    error: MassOrZero = Field(default=0.0, description="Standard deviation of a weighing.")
    share: Fraction = Field(default=0.0, description="The same as a share of the mass; both together.")
    bias: Annotated[float, Quantity("kg")] = Field(default=0.0, description="What all weighings are too high, or, below 0, too low.")
    step: MassOrZero = Field(default=0.0, description="The step in which it shows.")


class Link(Model):
    """Trucks between two sites. They stand at the sender, and take what its bunkers hold, up to the payload."""

    from_: Text = Field(alias="from", description="The product that is taken, as SITE.PRODUCT; it is fed by bunkers.")
    to: Text = Field(description="The feed of another site at whose gate they arrive, as SITE.FEED.")
    trucks: Count = Field(description="How many there are.")
    payload: Mass = Field(description="What a truck takes at most.")
    load: DurationVariate | None = Field(default=None, description="How long loading takes, one truck after the other; none where not given.")
    travel: DurationVariate = Field(description="From the sender to the gate of the receiver.")
    back: DurationVariate | None = Field(default=None, description="The way back, empty; drawn as `travel` where not given.")
    dispatch: Dispatch | None = Field(default=None, description="When a free truck is sent: by default as soon as there is a payload.")
    price: Price | None = Field(
        default=None, description="What the receiver pays the sender for what it takes in: EUR per mass of the load, or of what is named in it."
    )
    settle: Settlement | None = Field(default=None, description="How loads are settled between both, instead of a price; as of a product.")
    weigh: Weighbridge | None = Field(
        default=None, description="How loads are weighed at the receiver's gate: what is shown is what is paid for. True masses count where not given."
    )
    sample: Sampling | None = Field(
        default=None, description="How loads are sampled there: what is found is what is paid for. What they hold counts where not given."
    )
    calendar: CalendarName = Field(
        default=None, description="When drivers work: a calendar of the sender's site. Loading and driving go on in its open times only; always if not given."
    )
    distance: Length | None = Field(default=None, description="One way, by road.")
    fuel: Fuel | None = Field(default=None, description="What driving takes; needs the distance.")
    cost: CostPerLength | None = Field(default=None, description="What driving costs beside fuel: driver, truck, toll; needs the distance.")
    only: bool = Field(default=False, strict=True, description="Whether the feed's own deliveries, and the product's own pick-ups, do not come.")

    @property
    def sender(self) -> tuple[str, str]:
        """Site and product."""
        site, _, product = self.from_.partition(".")
        return site, product

    @property
    def receiver(self) -> tuple[str, str]:
        """Site and feed."""
        site, _, feed = self.to.partition(".")
        return site, feed

    @property
    def series(self) -> list[Series]:
        """The prices of its terms that change in time."""
        prices = [term.value for term in self.price.terms] if self.price is not None else []
        prices += [metal.price for metal in self.settle.metals.values()] if self.settle is not None else []
        return [price for price in prices if isinstance(price, Series)]

    @property
    def paid(self) -> bool:
        """Whether the receiver pays the sender by the link's own terms."""
        return self.price is not None or self.settle is not None

    @property
    def level(self) -> float:
        """What the bunkers hold at least when a truck is sent, kg: a payload where nothing is said, anything at fixed times."""
        if self.dispatch is None:
            return self.payload
        return self.dispatch.level if self.dispatch.level is not None else 0.0


def read_links(written: Mapping[str, Node], sites: Mapping[str, Scenario], files: Files, complain: Complain) -> dict[str, Link]:
    """Return the links by name; what is wrong is noted. ``files``: where the series of their prices are read."""
    found: dict[str, Link] = {}
    for name, node in written.items():
        tree, _, annotated = unwrap(node)
        for problem in annotated:
            complain((name,), problem.message)
        try:
            link = Link.model_validate(tree.plain(), context=files)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                complain((name, *detail["loc"]), in_words(detail, keys_at(Link, detail["loc"][:-1])))
            continue
        problems = list(_wrong(link, sites))
        for key, message in problems:
            complain((name, key), message)
        if not problems and not annotated:
            found[name] = link
    return found


def _wrong(link: Link, sites: Mapping[str, Scenario]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) of what keeps a link from being."""
    ends = list(wrong_end("from", link.from_, sites, Product, "product")) + list(wrong_end("to", link.to, sites, Feed, "feed"))
    yield from ends
    if ends:
        return
    (source, product), (target, _) = link.sender, link.receiver
    if source == target:
        yield "to", f"a link leads to another site; inside {source!r} units are joined by from"
        return
    sender, receiver = sites[source], sites[target]
    model = sender.units[product]
    bunkers = [unit for name in getattr(model, "from_", ()) if isinstance(unit := sender.units.get(name), Bunker)]
    if not bunkers:
        yield "from", f"{product!r} leaves as it comes: trucks need a bunker before it, e.g. heap: {{kind: bunker, ...}} and {product}: {{from: heap}}"
    elif link.level > (most := sum(bunker.capacity for bunker in bunkers)):
        asked, room = format_quantity(link.level, "kg"), format_quantity(most, "kg")
        yield "dispatch", f"no truck is ever sent: its bunkers hold {room} at most, and it is sent at {asked}; give dispatch: {{level: ...}} below that"
    if link.dispatch is not None and link.dispatch.level is None and link.dispatch.every is None:
        yield "dispatch", "say when: level: 20 t, every: 6 h, or both"
    if link.dispatch is not None and link.dispatch.every is None and link.dispatch.first:
        yield "dispatch", "'first' needs 'every': the first of the fixed times"
    if link.dispatch is not None and link.dispatch.every is not None and (often := too_often(link.dispatch.every, sender.horizon)):
        yield "dispatch", f"every: {often}"
    yield from (("to", message) for message in _unknown_materials(link, sender, receiver))
    yield from _wrong_terms(link, sender, receiver)


def _wrong_terms(link: Link, sender: Scenario, receiver: Scenario) -> Iterator[tuple[str, str]]:
    """Yield (key, message) of terms, hours and costs that cannot be."""
    site, product = link.sender
    model = sender.units[product]
    if link.price is not None and link.settle is not None:
        yield "settle", "give 'price' or 'settle', not both"
    if link.paid and getattr(model, "settlement", None) is not None:
        yield "price", f"{product!r} of {site!r} has a settlement of its own, by which lots are paid: leave out the link's terms, or the product's"
    known = (*receiver.materials.names, *ELEMENTS, *receiver.materials.groups)
    priced = [term.name for term in link.price.terms if term.name] if link.price is not None else []
    for key, names in (("price", priced), ("settle", [*link.settle.metals, *link.settle.penalties] if link.settle is not None else [])):
        for name in names:
            if name not in known:
                yield key, f"{name!r} is no material or element of site {link.receiver[0]!r}; {nearest(name, known)}"
    for series in link.series:
        if (begin := series.seconds(sender.start)[0]) > 0.0:
            yield (
                "price" if link.price is not None else "settle",
                f"{series.file} begins {format_quantity(begin, 's')} after the run; give a value for its start",
            )
    if link.settle is not None:
        yield from ((".".join(["settle", *map(str, place)]), message) for place, message in link.settle.check())
    if link.calendar is not None and link.calendar not in sender.calendars:
        yield "calendar", f"site {site!r} has no calendar {link.calendar!r}; {nearest(link.calendar, sender.calendars)}"
    for key in ("weigh", "sample"):
        if getattr(link, key) is not None and not link.paid:
            yield key, f"{key!r} tells what is paid for: give 'price' or 'settle' too"
    for name, value in (("bias", link.weigh.bias), ("error", link.weigh.error)) if link.weigh is not None else ():
        if abs(value) >= link.payload:
            words = [format_quantity(mass, "kg") for mass in (value, link.payload)]
            yield "weigh", f"{name} must be less than a payload, {words[1]} (got {words[0]})"
    for key in ("fuel", "cost"):
        if getattr(link, key) is not None and link.distance is None:
            yield key, f"{key!r} needs the distance, e.g. distance: 4 km"


def wrong_end(key: str, text: str, sites: Mapping[str, Scenario], kind: type, what: str) -> Iterator[tuple[str, str]]:
    """Yield (key, message) where ``text`` is no SITE.UNIT of a ``kind``, which is called ``what``."""
    site, _, unit = text.partition(".")
    if site not in sites:
        yield key, f"SITE.{what.upper()} is needed (got {text!r}); sites: {nearest(site, sites)}"
        return
    known = [name for name, model in sites[site].units.items() if isinstance(model, kind)]
    if not unit:
        yield key, f"SITE.{what.upper()} is needed (got {text!r}); of site {site!r}: {', '.join(known) or 'none'}"
        return
    if unit not in known:
        yield key, f"site {site!r} has no {what} {unit!r}; {nearest(unit, known)}"


def _unknown_materials(link: Link, sender: Scenario, receiver: Scenario) -> Iterator[str]:
    """Yield why materials of the sender cannot be told at the receiver, which has to know each, and as what it is known here."""
    here, there = sender.materials, receiver.materials
    target, feed = link.receiver
    unknown = [name for name in here.names if name not in there.names]
    if unknown:
        names = f"{', '.join(unknown[:8])}{' …' if len(unknown) > 8 else ''}"
        yield f"site {target!r} does not know {names}; name them in the composition of its feed {feed!r}, with 0 % where it brings none itself"
    for name in here.names:
        if name in there.names and not np.array_equal(here.assay[here.index(name)], there.assay[there.index(name)]):
            yield f"{name!r} has another assay at site {target!r}: elements would appear or vanish on the way; give both sites one assay"
