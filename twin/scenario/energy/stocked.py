"""What is wrong with tanks of fuels and oxygen: what they hold, what can never start with them, what would wait for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from twin.quantities import format_quantity
from twin.scenario.energy.stocks import FuelStock, OxygenStock, Stock
from twin.scenario.energy.values import ELECTRICITY
from twin.scenario.kinds.electrorefining import Electrorefining
from twin.scenario.kinds.oxygen_plant import OxygenPlant
from twin.scenario.kinds.waste_heat_boiler import WasteHeatBoiler
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest
from twin.scenario.process import ProcessModel

if TYPE_CHECKING:
    from twin.scenario.energy.read import Energy

SMALLEST = 1e-3
"""The smallest delivery, as a share of the tank: smaller ones would come by thousands."""
Problems = Iterator[tuple[tuple[str | int, ...], str]]
ROUNDING = 1e-12
"""Share of a tank by which an amount may seem to be above it."""


def stocks_of(energy: Energy) -> dict[str, Stock]:
    """Every tank by name."""
    return {**energy.fuels, **energy.oxygen}


def stocked(energy: Energy, sites: Mapping[str, Scenario]) -> Problems:
    """Yield what is wrong with each tank, at its path below `energy`."""
    named: dict[str, str] = {}
    for group, stocks in (("fuels", energy.fuels), ("oxygen", energy.oxygen)):
        for name, stock in stocks.items():
            path = (group, name)
            if name in energy.fuels and group == "oxygen":
                yield path, f"{name!r} stands below fuels too; give one another name"
            if stock.of in named:
                yield (*path, "of"), f"{stock.of!r} is drawn from tank {named[stock.of]!r} already"
            named[stock.of] = name
            ends = list(_wrong_end(stock, sites))
            yield from (((*path, "of"), message) for message in ends)
            yield from (((*path, *below), message) for below, message in _rules(stock))
            if not ends:
                yield from (((*path, *below), message) for below, message in _never(stock, sites))


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


def _rules(stock: Stock) -> Iterator[tuple[tuple[str, ...], str]]:
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
    size, capacity = (format_quantity(found, si) for found in (delivery.size, stock.capacity))
    if delivery.size > stock.capacity:
        yield ("delivery", "size"), f"the tank holds less than that: {capacity} (got {size}); take less, or a larger capacity"
    elif delivery.size < SMALLEST * stock.capacity:
        yield ("delivery", "size"), f"the tank would take more than {1 / SMALLEST:,.0f} of them: {capacity} (got {size}); take larger ones"
    if delivery.level is not None and delivery.level >= stock.capacity:
        yield ("delivery", "level"), f"the tank is never above it: it holds {capacity} (got {format_quantity(delivery.level, si)}); order at less"


def _never(stock: Stock, sites: Mapping[str, Scenario]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what can never start with a tank, or could wait for ever since nothing is ordered."""
    si = "J" if isinstance(stock, FuelStock) else "Nm3"
    site, _, what = stock.of.partition(".")
    free = stock.capacity - stock.keep
    level = stock.delivery.level if stock.delivery is not None and stock.delivery.every is None else None
    for name, model in sites[site].units.items():
        for title, asked in asked_by(model, sites[site], what) if isinstance(model, ProcessModel) else ():
            words = format_quantity(asked, si)
            kept = f", of which {format_quantity(stock.keep, si)} are kept" if stock.keep else ""
            if asked > free * (1.0 + ROUNDING):
                held = format_quantity(stock.capacity, si)
                yield (
                    ("capacity",),
                    f"{site}.{name} can never start: {title} may use {words}, and the tank holds {held}{kept}; take a larger one, or a shorter max",
                )
            elif level is not None and asked > (level - stock.keep) * (1.0 + ROUNDING):
                held = format_quantity(level, si)
                yield (
                    ("delivery", "level"),
                    f"{site}.{name} could wait for ever: {title} may use {words}, and nothing is ordered above {held}{kept}; order earlier",
                )


def asked_by(model: ProcessModel, scenario: Scenario, what: str) -> Iterator[tuple[str, float]]:
    """Yield what a unit does, in words, and what of a carrier (J), or of the oxygen of a plant (Nm3), that may use at most; nothing of what uses none.

    ``what``: the carrier, or the name of the plant.
    """
    if model.works_in_phases:
        from twin.scenario.furnace import FurnaceModel
        from twin.scenario.furnace_supply import fuel_at_most, oxygen_volume_at_most
        from twin.scenario.phases import Working

        assert isinstance(model, FurnaceModel)
        plant = scenario.units.get(what)
        for phase in model.phases:
            if not isinstance(phase.model, Working):
                continue
            if isinstance(plant, OxygenPlant):
                own = model.oxygen is not None and model.oxygen.source == what
                asked = oxygen_volume_at_most(model, phase.model, plant) if own else 0.0
            else:
                asked = fuel_at_most(model, phase.model, what)
            if asked > 0.0:
                yield f"its phase {phase.title!r}", asked
        return
    from twin.scenario.batch_refining import BatchRefiningModel

    if isinstance(model, BatchRefiningModel) and model.heating is not None and model.heating.carrier == what:
        yield "a batch", model.heating.specific * model.batch
