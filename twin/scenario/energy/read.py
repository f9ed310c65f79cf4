"""Reads the block `energy` of a cluster, and says what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from pydantic import Field, ValidationError

from twin.kernels.heat_store import Tank, two_zone_tank
from twin.quantities import format_quantity
from twin.scenario.annotations import unwrap
from twin.scenario.elsewhere import Shared
from twin.scenario.energy.heat import ELECTRICITY, Boiler, HeatNetwork, Plan, WasteSource, series_of
from twin.scenario.energy.power import PowerNetwork
from twin.scenario.energy.stocks import FuelStock, OxygenStock
from twin.scenario.fields import NAME, Text
from twin.scenario.kind import Model
from twin.scenario.kinds.waste_heat_boiler import WasteHeatBoiler
from twin.scenario.model import Scenario
from twin.scenario.places import Node, Path, lookup
from twin.scenario.problems import in_words, keys_at, nearest
from twin.scenario.series import Series
from twin.scenario.tables import Files

Complain = Callable[[Path, str], None]
"""``complain(path, message)`` keeps a problem at a path below `energy`."""
RULE, PLAN = FORMS = ("literal['rule']", "Plan")
"""How pydantic names the two forms of `dispatch`."""
MOST_STEPS = 200_000
SHORTEST_BAND = 60.0
"""A boiler that is on or off needs at least so long, s, to fill its band of the tank: a shorter one is no boiler's, and would switch millions of times."""
Problems = Iterator[tuple[Path, str]]


class Energy(Model):
    """Networks that the sites of a cluster share."""

    power: PowerNetwork | None = Field(default=None, description="Electricity of all sites from one connection.")
    heat: HeatNetwork | None = Field(default=None, description="Heat for homes and others, from what sites give off and from boilers.")
    fuels: dict[Text, FuelStock] = Field(default_factory=dict, description="Tanks of fuels at sites, by name; a fuel without one is drawn without limit.")
    oxygen: dict[Text, OxygenStock] = Field(default_factory=dict, description="Tanks of oxygen at sites, by name.")


def read_energy(written: Node, sites: Mapping[str, Scenario], files: Files, complain: Complain) -> Energy | None:
    """Return the energy networks as written; None, after noting why, where something is wrong."""
    tree, _, problems = unwrap(written)
    for problem in problems:
        complain((), problem.message)
    start = next(iter(sites.values())).start
    try:
        energy = Energy.model_validate(tree.plain(), context=files)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if _of_other_form(detail["loc"], tree):
                continue
            below = tuple(part for part in detail["loc"] if part not in ("[key]", *FORMS))
            complain(below[:-1] if detail["type"] == "missing" else below, in_words(detail, keys_at(Energy, below[:-1])))
        return None
    found = list(_wrong(energy, sites, start))
    for path, message in found:
        complain(path, message)
    return None if found or problems else energy


def named_in(written: Node) -> Shared:
    """Return the carriers of boilers and the tanks, as written, whatever else is wrong with the networks."""
    tree = unwrap(written)[0]
    boilers, _, followed = lookup(tree, ("heat", "boilers"))
    found = [node.value["carrier"].value for _, node in boilers.children() if isinstance(node.value, dict) and "carrier" in node.value] if followed == 2 else []
    return Shared([name for name in found if isinstance(name, str)], _names_of(tree, "fuels"), _names_of(tree, "oxygen"))


def _names_of(tree: Node, group: str) -> list[str]:
    node, _, followed = lookup(tree, (group,))
    return [str(name) for name in node.value] if followed and isinstance(node.value, dict) else []


def _of_other_form(loc: Path, tree: Node) -> bool:
    """Whether a fault is that of the form of `dispatch` that is not the one written: a word, or a mapping."""
    written = lookup(tree, ("heat", "dispatch"))[0].value
    return any(part == (RULE if isinstance(written, dict) else PLAN) for part in loc)


def _wrong(energy: Energy, sites: Mapping[str, Scenario], start: datetime) -> Problems:
    for series in series_of(energy):
        if (begin := series.seconds(start)[0]) > 0.0:
            yield (), f"{series.file} begins {format_quantity(begin, 's')} after the run; give a value for its start"
    if energy.power is not None:
        for place, name in enumerate(energy.power.priority):
            if name not in sites:
                yield ("power", "priority", place), f"there is no site {name!r}; {nearest(name, sites)}"
            elif name in energy.power.priority[:place]:
                yield ("power", "priority", place), f"{name!r} stands twice; name each site once"
        from twin.scenario.energy.limited import limited  # it knows kinds that a plant without a limit has not loaded

        yield from limited(energy, sites)
    if energy.fuels or energy.oxygen:
        for group, names in (("fuels", energy.fuels), ("oxygen", energy.oxygen)):
            yield from (((group, name), "a name has small letters, digits and '_' and begins with a letter") for name in names if not re.fullmatch(NAME, name))
        from twin.scenario.energy.stocked import stocked  # the same

        yield from stocked(energy, sites)
    if energy.heat is not None:
        horizon = next(iter(sites.values())).horizon
        if horizon / energy.heat.every > MOST_STEPS:
            words = [format_quantity(value, "s") for value in (horizon, energy.heat.every)]
            yield ("heat", "every"), f"a record of {words[0]} has more than {MOST_STEPS:,} steps of {words[1]}; choose longer ones"
        for path, message in (*_levels(energy.heat), *_names(energy.heat), *_stored(energy.heat), *_priced(energy)):
            yield ("heat", *path), message
        for name, source in energy.heat.sources.items():
            for message in _source(source, energy.heat, sites):
                yield ("heat", "sources", name), message


def _levels(heat: HeatNetwork) -> Problems:
    if heat.return_ >= heat.supply:
        levels = [format_quantity(value, "K") for value in (heat.return_, heat.supply)]
        yield ("return",), f"the return must be colder than the supply (got {levels[0]}, supply {levels[1]})"


def _names(heat: HeatNetwork) -> Problems:
    groups: dict[str, Mapping[str, Model]] = {"sources": heat.sources, "boilers": heat.boilers, "users": heat.users}
    taken: dict[str, str] = {}
    for group, models in groups.items():
        for name in models:
            if not re.fullmatch(NAME, name):
                yield (group, name), "a name has small letters, digits and '_' and begins with a letter"
            elif name in taken:
                yield (group, name), f"{name!r} stands below {taken[name]!r} too; give one another name"
            taken[name] = group
    if isinstance(heat.dispatch, Plan):
        for name in heat.dispatch.plan:
            if name not in heat.boilers:
                yield ("dispatch", "plan", name), f"there is no boiler {name!r}; {nearest(name, heat.boilers)}"


def _stored(heat: HeatNetwork) -> Problems:
    tank = heat.tank
    if tank is not None:
        cylinder = tank.diameter is not None and tank.height is not None
        if cylinder == (tank.capacity is not None) or (tank.diameter is None) != (tank.height is None):
            yield ("tank",), "give either diameter and height, or capacity"
        hot, cold = tank.hot or heat.supply, tank.cold or heat.return_
        if cylinder and cold >= hot:
            yield ("tank", "hot"), f"hot water must be warmer than cold (got {format_quantity(hot, 'K')} over {format_quantity(cold, 'K')})"
        if cylinder and tank.around > cold:
            yield ("tank", "around"), f"the air must not be warmer than the cold water (got {format_quantity(tank.around, 'K')})"
    for name, boiler in heat.boilers.items():
        if boiler.on_off is None:
            continue
        if tank is None:
            yield ("boilers", name, "on_off"), "a boiler that is on or off needs a tank to fill; give heat.tank"
        elif boiler.on_off.on >= boiler.on_off.off:
            yield ("boilers", name, "on_off"), f"it must start below where it stops (got on {boiler.on_off.on:g}, off {boiler.on_off.off:g})"
        elif (lasts := _filled_in(boiler, heat)) < SHORTEST_BAND:
            words = f"its band of the tank is full after {format_quantity(lasts, 's')}, at least {format_quantity(SHORTEST_BAND, 's')} are needed"
            yield ("boilers", name, "on_off"), f"{words}; take a larger tank or band"
        if isinstance(heat.dispatch, Plan):
            yield ("boilers", name, "on_off"), "a plan says what each boiler gives; leave out on_off, or take dispatch: rule"


def _filled_in(boiler: Boiler, heat: HeatNetwork) -> float:
    """How long a boiler needs to fill its band of the tank at its full power, s."""
    tank, band = heat.tank, boiler.on_off
    assert tank is not None and band is not None
    most = max(boiler.power.values) if isinstance(boiler.power, Series) else boiler.power
    if tank.capacity is not None:
        capacity = tank.capacity
    elif tank.diameter is not None and tank.height is not None:
        hot, cold = tank.hot or heat.supply, tank.cold or heat.return_
        capacity = two_zone_tank(Tank(tank.diameter, tank.height, tank.conductance, hot, cold, tank.around)).capacity
    else:
        return math.inf
    return (band.off - band.on) * capacity / most if most > 0.0 else math.inf


def _priced(energy: Energy) -> Problems:
    assert energy.heat is not None
    for name, boiler in energy.heat.boilers.items():
        if boiler.price is not None:
            continue
        if boiler.carrier != ELECTRICITY:
            yield ("boilers", name), f"price is missing: that of {boiler.carrier}; who goes first is told by it"
        elif energy.power is None or energy.power.price is None:
            yield ("boilers", name), "price is missing: of electricity, here or as energy.power.price; who goes first is told by it"


def _source(source: WasteSource, heat: HeatNetwork, sites: Mapping[str, Scenario]) -> Iterator[str]:
    kinds = [source.from_ != "", source.heat is not None, source.flow is not None]
    if sum(kinds) != 1:
        yield "give one of: from (a waste-heat boiler, SITE.UNIT), heat (a profile), or temperature and flow of a hot gas"
        return
    if source.flow is not None and source.temperature is None:
        yield "temperature is missing: that of the hot gas"
    if source.temperature is not None and source.heat is None and source.temperature < heat.supply + source.pinch:
        levels = [format_quantity(value, "K") for value in (source.temperature, heat.supply)]
        yield f"no heat at this level: a source of {levels[0]} cannot warm water to {levels[1]} with {source.pinch:g} K between them"
    if source.from_:
        site, _, unit = source.from_.partition(".")
        if site not in sites:
            yield f"from: SITE.UNIT is needed (got {source.from_!r}); sites: {nearest(site, sites)}"
            return
        known = [name for name, model in sites[site].units.items() if isinstance(model, WasteHeatBoiler)]
        if unit not in known:
            yield f"from: site {site!r} has no waste-heat boiler {unit!r}; what walls and tankhouse lose cannot be had; {nearest(unit, known)}"
        elif sum(other.from_ == source.from_ for other in heat.sources.values()) > 1:
            yield f"from: the steam of {source.from_} is named by two sources"
