"""What is wrong with tanks of fuels and oxygen: what they hold, what can never start with them, what would wait for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from twin.quantities import format_quantity
from twin.scenario.energy.stocks import FuelStock, OxygenStock, Stock
from twin.scenario.energy.values import ELECTRICITY
from twin.scenario.fixed_times import MOST_TIMES, too_often
from twin.scenario.kinds.electrorefining import Electrorefining
from twin.scenario.kinds.oxygen_plant import OxygenPlant
from twin.scenario.kinds.waste_heat_boiler import WasteHeatBoiler
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest
from twin.scenario.process import ProcessModel

if TYPE_CHECKING:
    from twin.scenario.energy.read import Energy

SMALLEST = 1e-3
"""The smallest delivery, and the least room above the level of an order, as a share of the tank: smaller ones would come by thousands."""
MOST_DELIVERIES = MOST_TIMES
"""The most that a run may have: more would be a tank that is too small for who draws from it."""
Problems = Iterator[tuple[tuple[str | int, ...], str]]
ROUNDING = 1e-12
"""Share of a tank by which an amount may seem to be above it."""


def stocks_of(energy: Energy) -> dict[str, Stock]:
    """Every tank by name."""
    return {**energy.fuels, **energy.oxygen}


def stocked(energy: Energy, sites: Mapping[str, Scenario]) -> Problems:
    """Yield what is wrong with each tank, at its path below `energy`."""
    named: dict[tuple[str, str], str] = {}
    horizon = next(iter(sites.values())).horizon
    for group, stocks in (("fuels", energy.fuels), ("oxygen", energy.oxygen)):
        for name, stock in stocks.items():
            path = (group, name)
            if name in energy.fuels and group == "oxygen":
                yield path, f"{name!r} stands below fuels too; give one another name"
            if (group, stock.of) in named:
                yield (*path, "of"), f"{stock.of!r} is drawn from tank {named[group, stock.of]!r} already"
            named[group, stock.of] = name
            ends = list(_wrong_end(stock, sites))
            yield from (((*path, "of"), message) for message in ends)
            yield from (((*path, *below), message) for below, message in _rules(stock, horizon))
            if not ends:
                yield from (((*path, *below), message) for below, message in _never(stock, sites, horizon))


def _wrong_end(stock: Stock, sites: Mapping[str, Scenario]) -> Iterator[str]:
    site, _, what = stock.of.partition(".")
    word = "CARRIER" if isinstance(stock, FuelStock) else "PLANT"
    if site not in sites or not what:
        hint = f"sites: {nearest(site, sites)}" if site not in sites else f"e.g. {site}.{'natural_gas' if word == 'CARRIER' else 'oxygen'}"
        yield f"SITE.{word} is needed (got {stock.of!r}); {hint}"
        return
    units = sites[site].units
    if isinstance(stock, OxygenStock):
        plants = [name for name, model in units.items() if isinstance(model, OxygenPlant)]
        if what not in plants:
            yield f"site {site!r} has no oxygen plant {what!r}; {nearest(what, plants)}"
        return
    drawn = [carrier for model in units.values() if isinstance(model, ProcessModel) for carrier in model.carriers_used()]
    fuels = [carrier for carrier in dict.fromkeys(drawn) if carrier != ELECTRICITY]
    if what == ELECTRICITY:
        yield "electricity is drawn from the power network, not from a tank; give energy.power.limit to limit it"
    elif what not in fuels:
        yield f"no unit of site {site!r} draws {what!r}; {nearest(what, fuels)}"
    for name, model in units.items():
        if isinstance(model, WasteHeatBoiler) and model.carrier == what:
            yield f"{what!r} is made by the boiler {name!r} of its site; a tank is for what is bought"
        if isinstance(model, Electrorefining) and model.heating is not None and model.heating.carrier == what:
            yield f"the tankhouse {name!r} draws {what!r} all the time and asks for none; a tank is for furnaces and batches"


@dataclass(frozen=True)
class Asked:
    """What a unit does, in words (``title``), and the ``most`` that this may use in so many ``seconds``, J or Nm3."""

    title: str
    most: float
    seconds: float


def _rules(stock: Stock, horizon: float) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what of the tank itself cannot be."""
    si = "J" if isinstance(stock, FuelStock) else "Nm3"
    if stock.keep >= stock.capacity:
        words = [format_quantity(value, si) for value in (stock.keep, stock.capacity)]
        yield ("keep",), f"nothing is left to be used: {words[0]} are kept of {words[1]}; keep less"
    if stock.delivery is None:
        return
    delivery = stock.delivery
    if delivery.level is None and delivery.every is None:
        yield ("delivery",), "say when: level: 40 MWh, every: 1 d, or both" if si == "J" else "say when: level: 20000 Nm3, every: 1 d, or both"
    if delivery.every is None and delivery.first:
        yield ("delivery", "first"), "'first' needs 'every': the first of the fixed times"
    if delivery.every is not None and (often := too_often(delivery.every, horizon)):
        yield ("delivery", "every"), often
    size, capacity = (format_quantity(found, si) for found in (delivery.size, stock.capacity))
    if delivery.size > stock.capacity:
        yield ("delivery", "size"), f"the tank holds less than that: {capacity} (got {size}); take less, or a larger capacity"
    elif delivery.size < SMALLEST * stock.capacity:
        yield ("delivery", "size"), f"the tank would take more than {1 / SMALLEST:,.0f} of them: {capacity} (got {size}); take larger ones"
    if delivery.level is not None and delivery.level >= stock.capacity:
        yield ("delivery", "level"), f"the tank is never above it: it holds {capacity} (got {format_quantity(delivery.level, si)}); order at less"
    elif delivery.level is not None and stock.capacity - delivery.level < SMALLEST * stock.capacity:
        room = f"less than {SMALLEST:.1%} of {capacity} is free above it (got {format_quantity(delivery.level, si)})"
        yield ("delivery", "level"), f"{room}: it would be ordered again and again; order at less"


def _never(stock: Stock, sites: Mapping[str, Scenario], horizon: float) -> Problems:
    """Yield what can never start with a tank, could wait for ever since nothing is ordered, or would have it filled without end."""
    si = "J" if isinstance(stock, FuelStock) else "Nm3"
    site, _, what = stock.of.partition(".")
    delivery, fastest = stock.delivery, 0.0
    kept = f", of which {format_quantity(stock.keep, si)} are kept" if stock.keep else ""
    for name, model in sites[site].units.items():
        found = list(asked_by(model, sites[site], what, oxygen=si == "Nm3")) if isinstance(model, ProcessModel) else []
        fastest += max((asked.most / asked.seconds for asked in found), default=0.0)
        for asked in found:
            words = f"{asked.title} may use {format_quantity(asked.most, si)}"
            for bound in _bounds(stock):
                if asked.most > (bound.amount - stock.keep) * (1.0 + ROUNDING):
                    held = f"{bound.held} {format_quantity(bound.amount, si)}{kept}"
                    yield bound.below, f"{site}.{name} {bound.verdict}: {words}, and {held}; {bound.remedy}"
                    break
    if delivery is None or delivery.level is None or delivery.every is not None:
        return
    least = min(delivery.size, stock.capacity - delivery.level)
    if fastest * horizon > MOST_DELIVERIES * least > 0.0:
        words = f"{site} may use {format_quantity(fastest * horizon, si)} in a run of {format_quantity(horizon, 's')}, which is more than {MOST_DELIVERIES:,}"
        yield ("delivery",), f"{words} deliveries of {format_quantity(least, si)}; take larger ones, or order at less"


class Bound(NamedTuple):
    """An ``amount`` above which nobody may ask, J or Nm3, where it is said, and the words around it."""

    below: tuple[str, ...]
    amount: float
    verdict: str
    held: str
    remedy: str


def _bounds(stock: Stock) -> Iterator[Bound]:
    """Yield what there is at most, and what there is for ever where nothing is ordered."""
    yield Bound(("capacity",), stock.capacity, "can never start", "the tank holds", "take a larger one, or a shorter max")
    if stock.delivery is None:
        yield Bound(("fill",), stock.fill * stock.capacity, "can never start", "nothing is delivered into a tank of", "give it delivery, or fill it more")
    elif stock.delivery.level is not None:
        yield Bound(("delivery", "level"), stock.delivery.level, "could wait for ever", "nothing is ordered above", "order earlier")


def asked_by(model: ProcessModel, scenario: Scenario, what: str, *, oxygen: bool) -> Iterator[Asked]:
    """Yield what a unit may use at most of a carrier, or of the oxygen of a plant of that name; nothing of what uses none."""
    if model.works_in_phases:
        yield from _asked_by_phases(model, scenario, what, oxygen=oxygen)
        return
    from twin.scenario.batch_refining import BatchRefiningModel

    if not oxygen and isinstance(model, BatchRefiningModel) and model.heating is not None and model.heating.carrier == what:
        yield Asked("a batch", model.heating.specific * model.batch, model.time)


def _asked_by_phases(model: ProcessModel, scenario: Scenario, what: str, *, oxygen: bool) -> Iterator[Asked]:
    from twin.scenario.furnace import FurnaceModel
    from twin.scenario.furnace_supply import fuel_at_most, longest, oxygen_volume_at_most
    from twin.scenario.phases import Working

    assert isinstance(model, FurnaceModel)
    plant = scenario.units.get(what)
    for phase in model.phases:
        if not isinstance(phase.model, Working):
            continue
        if not oxygen:
            most = fuel_at_most(model, phase.model, what)
        elif isinstance(plant, OxygenPlant) and model.oxygen is not None and model.oxygen.source == what:
            most = oxygen_volume_at_most(model, phase.model, plant)
        else:
            most = 0.0
        if most > 0.0:
            yield Asked(f"its phase {phase.title!r}", most, longest(phase.model))
