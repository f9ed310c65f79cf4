"""Links of a cluster: trucks that take a product of one site to a feed of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from pydantic import Field, ValidationError

from twin.quantities import Mass, PricePerMass, format_quantity
from twin.scenario.fields import Count, Text
from twin.scenario.kind import Model
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.model import Scenario
from twin.scenario.places import Node, Path
from twin.scenario.problems import in_words, keys_at, nearest
from twin.scenario.variates import DurationVariate

Complain = Callable[[Path, str], None]
"""``complain(path, message)`` keeps a problem at a path below the links."""


class Dispatch(Model):
    """When a free truck is sent."""

    level: Mass = Field(description="A free truck is loaded as soon as the product's bunkers hold so much.")


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
    price: PricePerMass | None = Field(default=None, description="What the receiver pays the sender for what it takes in.")
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
    def level(self) -> float:
        """What the bunkers hold when a truck is sent, kg."""
        return self.dispatch.level if self.dispatch is not None else self.payload


def read_links(written: Mapping[str, Node], sites: Mapping[str, Scenario], complain: Complain) -> dict[str, Link]:
    """Return the links by name; what is wrong is noted."""
    found: dict[str, Link] = {}
    for name, node in written.items():
        try:
            link = Link.model_validate(node.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                complain((name, *detail["loc"]), in_words(detail, keys_at(Link, detail["loc"][:-1])))
            continue
        problems = list(_wrong(link, sites))
        for key, message in problems:
            complain((name, key), message)
        if not problems:
            found[name] = link
    return found


def _wrong(link: Link, sites: Mapping[str, Scenario]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) of what keeps a link from being."""
    ends = list(_wrong_end("from", link.from_, sites, Product, "product")) + list(_wrong_end("to", link.to, sites, Feed, "feed"))
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
    yield from (("to", message) for message in _unknown_materials(link, sender, receiver))


def _wrong_end(key: str, text: str, sites: Mapping[str, Scenario], kind: type, what: str) -> Iterator[tuple[str, str]]:
    site, _, unit = text.partition(".")
    if site not in sites or not unit:
        yield key, f"SITE.{what.upper()} is needed (got {text!r}); sites: {nearest(site, sites)}"
        return
    known = [name for name, model in sites[site].units.items() if isinstance(model, kind)]
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
