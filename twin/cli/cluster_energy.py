"""What power and heat did in a cluster, for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from twin.results.energy import EnergyAccount
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
