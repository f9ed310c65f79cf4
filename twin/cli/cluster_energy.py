"""What power and heat did in a cluster, for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from twin.results.energy import EnergyAccount
    from twin.scenario.cluster import Cluster
    from twin.scenario.energy.read import Energy

HYPOTHETICAL = "the heat network is hypothetical: it is assumed, and not there"
MWH = 3.6e9  # J


def networks(energy: Energy | None) -> Iterator[str]:
    """Yield a line on each network, for ``twin validate``."""
    if energy is None:
        return
    if energy.power is not None:
        limit = f", at most {energy.power.limit / 1e3:,.0f} kW" if energy.power.limit is not None else ""
        yield f"power: one connection for all sites{limit}"
    if energy.heat is not None:
        parts: dict[str, Iterable[str]] = {"source": energy.heat.sources, "boiler": energy.heat.boilers, "user": energy.heat.users}
        yield "heat: " + "; ".join(f"{name}s {', '.join(found)}" for name, found in parts.items() if found)
        if energy.heat.hypothetical:
            yield f"note: {HYPOTHETICAL}"
    yield from _tanks(energy)


def _tanks(energy: Energy) -> Iterator[str]:
    from twin.quantities import format_quantity
    from twin.scenario.energy.stocked import stocks_of
    from twin.scenario.energy.stocks import FuelStock

    for name, stock in stocks_of(energy).items():
        unit = "J" if isinstance(stock, FuelStock) else "Nm3"
        comes = f"deliveries of {format_quantity(stock.delivery.size, unit)}" if stock.delivery is not None else "no deliveries"
        yield f"tank {name}: {stock.of}, {format_quantity(stock.capacity, unit)}, {comes}"


def ends_early(cluster: Cluster) -> Iterator[str]:
    """Yield a line on each series of networks and links whose last value holds for more of the run than two of its longest steps."""
    from itertools import pairwise

    from twin.quantities import format_quantity
    from twin.scenario.energy.heat import series_of

    found = series_of(cluster.energy) if cluster.energy is not None else []
    start = next(iter(cluster.sites.values())).start
    for series in dict.fromkeys([*found, *(series for link in cluster.links.values() for series in link.series)]):
        times = series.seconds(start)
        rest = cluster.horizon - times[-1]
        if len(times) > 1 and rest > 2.0 * max(later - time for time, later in pairwise(times)):
            words = [format_quantity(value, "s") for value in (times[-1], rest)]
            told = f"{series.file}, {series.column}: its last value, of {words[0]}, holds for the other {words[1]} of the run"
            yield f"{told}; if that is not meant, give a longer series"


def show(console: Console, account: EnergyAccount) -> None:
    """The main sums after the warm-up."""
    from twin.cli.figures import new_table

    if account.has_power:
        table = new_table("power", "electricity", "at the tariff")
        for name, joules in account.by_name("power/source", "power/energy").items():
            table.add_row(name, _mwh(joules), _eur(account.by_name("power/source", "power/tariff_cost")[name]))
        table.add_row("from the grid", _mwh(account.number("power/from_grid")), _eur(account.number("power/cost")))
        if account.number("power/own_used") or account.number("power/fed_in"):
            table.add_row("own power used", _mwh(account.number("power/own_used")), "")
            table.add_row("own power fed in", _mwh(account.number("power/fed_in")), _eur(-account.number("power/income")))
        console.print(table)
    if account.has_heat:
        table = new_table("heat", "heat", "cost", "CO2")
        for name, joules in account.by_name("heat/source", "heat/taken").items():
            offered = account.by_name("heat/source", "heat/offered")[name]
            figures = (account.by_name("heat/source", f"heat/source_{key}")[name] for key in ("cost", "co2"))
            table.add_row(f"{name}, of {_mwh(offered)}", _mwh(joules), *_money_and_carbon(*figures))
        for name, joules in account.by_name("heat/boiler", "heat/made").items():
            figures = (account.by_name("heat/boiler", f"heat/boiler_{key}")[name] for key in ("cost", "co2"))
            table.add_row(name, _mwh(joules), *_money_and_carbon(*figures))
        for name, joules in account.by_name("heat/user", "heat/served").items():
            table.add_row(f"to {name}", _mwh(joules), _eur(-account.by_name("heat/user", "heat/income")[name]), "")
        rows = {"lost by pipe": "pipe_loss", "lost by tank": "tank_lost", "wasted": "wasted", "lacking": "lacking"}
        for title, name in rows.items():
            if account.number(f"heat/{name}") > 0.0:
                table.add_row(title, _mwh(account.number(f"heat/{name}")), "", "")
        console.print(table)
        console.print(f"heat closes to {account.number('heat/closure'):.1e} of what came in; costs of electricity are in the power network's too")
        if account.number("heat/hypothetical"):
            console.print(f"[yellow]note[/] {HYPOTHETICAL}")

    _show_stocks(console, account)


def _show_stocks(console: Console, account: EnergyAccount) -> None:
    """What tanks of fuels and oxygen did; who waited for them, and what was not there, where it was so."""
    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    if not (stocks := list(account.stocks())):
        return
    table = new_table("tank", "used", "delivered", "paid", "lowest", "last", "waited for")
    for _, name, unit, numbers in stocks:
        amounts = [format_quantity(numbers[key], unit) for key in ("used", "delivered", "lowest", "last")]
        waited = format_quantity(numbers["waited"], "s") if numbers["waited"] else "–"
        table.add_row(name, *amounts[:2], _eur(numbers["paid"]), *amounts[2:], waited)
    console.print(table)
    for _, name, unit, numbers in stocks:
        if numbers["turned_back"] > 0.0:
            console.print(f"[yellow]note[/] tank {name}: {format_quantity(numbers['turned_back'], unit)} of its deliveries did not fit and went back")
        if numbers["lacking"] > 0.0:
            words = f"{format_quantity(numbers['lacking'], unit)} that burners took to hold waiting baths were not there"
            console.print(f"[yellow]note[/] tank {name}: {words}; in truth the baths had cooled: give it keep, or deliveries that come sooner")


def as_object(account: EnergyAccount) -> dict[str, Any]:
    """The sums, in SI; what is by step stays in the file."""
    import numpy as np

    found: dict[str, Any] = {}
    for name, values in account.values.items():
        if name.endswith(("_by_step", "/time", "/event_time", "/event", "/content", "/load", "/grid", "/fed")):
            continue
        network, _, key = name.partition("/")
        found.setdefault(network, {})[key] = list(values) if isinstance(values, tuple) else np.asarray(values).tolist()
    return found


def _mwh(joules: float) -> str:
    return f"{joules / MWH:,.1f} MWh"


def _eur(value: float) -> str:
    return "–" if value != value else f"{value or 0.0:,.0f} EUR"


def _money_and_carbon(cost: float, carbon: float) -> tuple[str, str]:
    return _eur(cost), "–" if carbon != carbon else f"{carbon / 1000.0:,.1f} t"
