"""CO2 that a cluster causes or saves elsewhere: what it buys was made somewhere (upstream, scope 3), what it sells may take the place of something (avoided).

Neither is in its scopes 1 and 2, nor in its margin. The factors are as written: no one's life cycle is computed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError, WithJsonSchema

from twin.quantities import EmissionFactor, Quantity
from twin.scenario.annotations import unwrap
from twin.scenario.fields import NAME, Text
from twin.scenario.kind import Model
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.links import Complain, wrong_end
from twin.scenario.model import Scenario
from twin.scenario.places import Node, Path, from_plain
from twin.scenario.problems import in_words, keys_at, nearest

_WAYS = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "x-unit": "1", "examples": ["0.3 t/t"]}
_PER_VOLUME = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "x-unit": "kg/Nm3", "examples": ["0.5 kg/Nm3"]}
_EACH = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "x-unit": "kg", "examples": ["60 kg"]}
GasFactor = Annotated[float, Quantity("kg/Nm3", ge=0), WithJsonSchema(_PER_VOLUME)]
OfEach = Annotated[float, Quantity("kg", ge=0), WithJsonSchema(_EACH)]
MassFactor = Annotated[float, Quantity("1", ge=0), WithJsonSchema(_WAYS)]
KEYS = ("upstream", "avoided")


class Upstream(Model):
    """What making and bringing emitted elsewhere of what a cluster buys."""

    carriers: Mapping[str, EmissionFactor] = Field(default={}, description="By carrier of energy: CO2 for each energy drawn, e.g. natural_gas: 40 g/kWh.")
    feeds: Mapping[str, MassFactor] = Field(default={}, description="By SITE.FEED: CO2 for each mass that came from outside the cluster, e.g. 0.3 t/t.")
    oxygen: Mapping[str, GasFactor] = Field(default={}, description="By tank of oxygen: CO2 for each volume drawn from it, e.g. 0.5 kg/Nm3.")
    deliveries: Mapping[str, OfEach] = Field(default={}, description="By tank: CO2 of bringing one delivery, e.g. 60 kg of a truck.")


class Shared(NamedTuple):
    """What the energy networks name, as written: ``carriers`` of boilers, tanks of ``fuels`` and of ``oxygen``."""

    carriers: Collection[str] = ()
    fuels: Collection[str] = ()
    oxygen: Collection[str] = ()


class Avoided(Model):
    """What a product takes the place of."""

    product: Text = Field(description="The product, as SITE.PRODUCT.")
    factor: MassFactor = Field(description="CO2 for each mass that leaves the cluster, e.g. 2 t/t.")
    instead_of: Text = Field(min_length=1, description="What is not made elsewhere, and where that would be: it is named beside the figure.")


class Elsewhere(Model):
    """Both, as a cluster states them."""

    upstream: Upstream = Field(default=Upstream(), description="What bought carriers, oxygen and feeds emitted before they came; scope 3.")
    avoided: Mapping[str, Avoided] = Field(default={}, description="Burdens that products may spare others, by a name of their own.")


def read_elsewhere(written: Node, sites: Mapping[str, Scenario], shared: Shared, complain: Complain) -> Elsewhere | None:
    """Return the factors as written; None, after noting why, where something is wrong."""
    tree, _, problems = unwrap(written)
    for problem in problems:
        complain((), problem.message)
    try:
        found = Elsewhere.model_validate(tree.plain())
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            below = tuple(part for part in detail["loc"] if part != "[key]")
            complain(below, in_words(detail, keys_at(Elsewhere, below[:-1])))
        return None
    wrong = list(_wrong(found, sites, shared))
    for path, message in wrong:
        complain(path, message)
    return None if wrong or problems else found


def stored_elsewhere(written: str) -> Elsewhere:
    """Return the factors from their JSON in a file; none where it is "". Raises ``ValueError``."""
    if not written:
        return Elsewhere()
    tree, _, _ = unwrap(from_plain(json.loads(written), "elsewhere"))
    return Elsewhere.model_validate(tree.plain())


def _wrong(found: Elsewhere, sites: Mapping[str, Scenario], shared: Shared) -> Iterator[tuple[Path, str]]:
    known = list(dict.fromkeys([*(carrier for scenario in sites.values() for carrier in scenario.carriers), *shared.carriers]))
    for name in found.upstream.carriers:
        if name not in known:
            yield ("upstream", "carriers", name), f"no site and no boiler draws {name!r}; {nearest(name, known)}"
    for name in found.upstream.feeds:
        for _, message in wrong_end("feeds", name, sites, Feed, "feed"):
            yield ("upstream", "feeds", name), message
    for key, tanks in (("oxygen", [*shared.oxygen]), ("deliveries", [*shared.fuels, *shared.oxygen])):
        for name in getattr(found.upstream, key):
            if name not in tanks:
                what = "tank of oxygen" if key == "oxygen" else "tank"
                yield ("upstream", key, name), f"there is no {what} {name!r} in energy; {nearest(name, tanks)}"
    for name, avoided in found.avoided.items():
        if not re.fullmatch(NAME, name):
            yield ("avoided", name), "a name has small letters, digits and '_' and begins with a letter"
        for _, message in wrong_end("product", avoided.product, sites, Product, "product"):
            yield ("avoided", name, "product"), message
