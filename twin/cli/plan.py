"""``twin plan``: will each order be ready? From replications, beside the stock and the deliveries that are announced."""

from __future__ import annotations

import argparse
import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.plan import PlannedOrder, WeekPlan


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    from twin.cli import budget

    summary = "print for each order when it is ready and how likely it is on time"
    parser = commands.add_parser("plan", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario file of a plant with 'orders'")
    parser.add_argument("--replications", metavar="N", type=int, default=200, help="runs that the probabilities are taken from (default: 200)")
    parser.add_argument("--days", metavar="D", type=float, help="length of the plan in days (default: the scenario's horizon)")
    parser.add_argument("--confidence", metavar="SHARE", default="95 %", help="confidence of the intervals (default: 95 %%)")
    parser.add_argument("--seed", metavar="N", type=int, help="seed instead of the scenario's")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append", default=[], help="change a value of the scenario; may be repeated")
    parser.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    parser.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    parser.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    budget.add_yes(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.cli import budget, replications
    from twin.cli.changed_scenario import scenario_of
    from twin.study.plan import week_plan

    scenario = scenario_of(options)
    budget.weigh([scenario], max(1, options.replications), options.yes)
    with replications.progress(scenario.name) as show:
        found = week_plan(
            scenario,
            number=options.replications,
            days=options.days,
            confidence=replications.share("--confidence", options.confidence),
            executor=options.executor,
            workers=options.workers,
            address=options.address,
            progress=show,
        )
    if options.json:
        print(json.dumps(as_object(found), indent=2))
    else:
        _show(found)
    return 0


def as_object(found: WeekPlan) -> dict[str, Any]:
    """Return a plan as JSON: masses in kg, moments as dates; null for a median that no run reached."""
    start = found.scenario.start
    return {
        "scenario": found.scenario.name,
        "seed": found.scenario.seed,
        "replications": found.replications,
        "orders": [
            {
                "product": one.product,
                "name": one.order.name,
                "mass": one.order.mass,
                "due": _moment(start, one.order.due),
                "median_done": None if math.isinf(one.median) else _moment(start, one.median),
                "on_time": {"probability": one.probability, "low": one.interval[0], "high": one.interval[1], "confidence": one.confidence},
            }
            for one in found.orders
        ],
        "later_orders": found.later,
        "stock": found.stock,
        "announced": [{"day": each.day.isoformat(), "feed": each.feed, "deliveries": each.number, "mass": each.mass} for each in found.announced],
        "drawn": list(found.drawn),
    }


def _moment(start: datetime, seconds: float) -> str:
    """A moment to the minute, as dates are written in scenarios."""
    return (start + timedelta(minutes=math.ceil(seconds / 60.0 - 1e-9))).isoformat(timespec="minutes")


def _shown(start: datetime, seconds: float) -> str:
    return "–" if math.isinf(seconds) else f"{start + timedelta(minutes=math.ceil(seconds / 60.0 - 1e-9)):%a %Y-%m-%d %H:%M}"


def _show(found: WeekPlan) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.tables import stdout
    from twin.quantities import format_quantity

    console, start = stdout(), found.scenario.start
    console.print(f"[bold]{escape(found.scenario.title or found.scenario.name)}[/]: {found.replications} replications")
    confidence = f"{100 * found.orders[0].confidence:.4g} %"
    table = new_table("order", "product", "mass", "due", "done (median)", "on time", f"{confidence} interval")
    for one in found.orders:
        mass = format_quantity(one.order.mass, "kg")
        table.add_row(escape(one.order.name), one.product, mass, _shown(start, one.order.due), _shown(start, one.median), *_chance(one))
    console.print(table)
    if found.later:
        console.print(f"{found.later} further order{' is' if found.later == 1 else 's are'} due after the end of the plan")
    if found.stock:
        console.print("stock at the start: " + ", ".join(f"{name} {format_quantity(mass, 'kg')}" for name, mass in found.stock.items()), soft_wrap=True)
    if found.announced:
        table = new_table("announced", "feed", "deliveries", "mass")
        for each in found.announced:
            table.add_row(f"{each.day:%a %Y-%m-%d}", each.feed, str(each.number), format_quantity(each.mass, "kg"))
        console.print(table)
    if found.drawn:
        console.print(f"not announced, but drawn in each run: {', '.join(found.drawn)}", soft_wrap=True)


def _chance(one: PlannedOrder) -> tuple[str, str]:
    """The probability of being on time, and its interval."""
    low, high = one.interval
    return f"{100 * one.probability:.4g} %", f"{100 * low:.1f} to {100 * high:.1f} %"
