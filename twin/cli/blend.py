"""``twin blend``: the charge of a furnace by a linear programme, to limits and targets of its content, heat and cost; written as a recipe in a change file."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.scenario import Scenario
    from twin.study.blend import Blended, Outcome

SHOWN = ("Cu", "Zn", "Sn", "Al2O3")
"""Contents that the table has besides those that are asked for."""

MOST = 1e8
"""Most that is blended at once, kg."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "blend the charge of a furnace to targets by a linear programme"
    parser = commands.add_parser("blend", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario file of a plant that smelts")
    parser.add_argument("furnace", metavar="FURNACE", help="the furnace whose charge is blended")
    parser.add_argument(
        "--target",
        metavar="TARGET",
        action="append",
        default=[],
        help="limit ('Cu>=20 %%', 'Al2O3<=5 %%', 'heat<=4 MJ/kg', 'bay<=30 t') or target ('Sn=1 %%'); may be repeated",
    )
    parser.add_argument(
        "--least", metavar="NAME", default="", help="make cost, heat, an element or an oxide least (default: change the recipe as little as can be)"
    )
    parser.add_argument("--mass", metavar="MASS", help="mass of what is blended (default: that of the recipe)")
    parser.add_argument("--phase", metavar="PHASE", help="which charge of the furnace, by its name or number (default: the first)")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append", default=[], help="change a value of the scenario first; may be repeated")
    parser.add_argument("-o", "--output", metavar="FILE", help="change file to write: the scenario with the recipe")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command; 1 where the limits exclude each other, and then nothing is written."""
    from twin.cli.changed_scenario import scenario_of
    from twin.quantities import parse
    from twin.study.blend import blend

    if options.output is not None and options.set:
        raise UsageError("-o writes what changes in the scenario file, and --set is not in it: put what it says into a scenario that extends the file")
    mass = parse(options.mass, "kg") if options.mass is not None else None
    if mass is not None and not 0.0 < mass <= MOST:
        raise UsageError(f"--mass: a mass above 0 is needed, at most {MOST / 1000:g} t (got {options.mass!r})")
    scenario = scenario_of(options)
    found = blend(scenario, options.furnace, options.target, options.phase, mass, options.least)
    out = Path(options.output) if options.output is not None and found.feasible else None
    if out is not None:
        _write(options, out, scenario, found)
    if options.json:
        print(json.dumps(as_object(found, out), indent=2))
    else:
        _show(found, out)
    return 0 if found.feasible else 1


def _write(options: argparse.Namespace, out: Path, scenario: Scenario, found: Blended) -> None:
    from twin.study.blend import charge_of, recipe_of
    from twin.study.change_file import write_change_file

    asked = ", ".join([*(str(outcome.target) for outcome in found.outcomes), f"least {found.least}" if found.least else "nearest to the recipe"])
    _, charge = charge_of(scenario, found.unit, str(found.phase))
    recipe = recipe_of(charge, found, f"twin blend of {Path(options.scenario).name}: {asked}")
    path = f"units.{found.unit}.phases.{found.phase}.charge.recipe"
    about = {"preparation": f"The charge of {found.unit} was blended by twin blend, a linear programme before the run: {asked}."}
    write_change_file(Path(options.scenario), out, {path: recipe}, about, out.stem if out.stem.isidentifier() else None)


def as_object(found: Blended, out: Path | None) -> dict[str, Any]:
    """Return a blend as JSON; masses in kg, values in SI."""
    return {
        "unit": found.unit,
        "phase": found.phase,
        "feasible": found.feasible,
        "mass": found.mass,
        "sources": {source.name: {"recipe": source.mass, "mass": mass} for source, mass in zip(found.sources, found.masses, strict=True)},
        "kept": dict(found.kept),
        "targets": [
            {"target": str(o.target), "value": o.value, "missed": o.missed, "shadow_price": None if math.isnan(o.price) else o.price} for o in found.outcomes
        ],
        "least": found.least or None,
        "file": str(out) if out is not None else None,
    }


def _show(found: Blended, out: Path | None) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.terminal import console
    from twin.quantities import format_quantity
    from twin.study.blend import COST, HEAT, content_of

    screen = console(width=160)
    asked = [o.target.name for o in found.outcomes if o.target.unit != "kg"]
    names = list(dict.fromkeys([*asked, *([found.least] if found.least else []), *SHOWN, HEAT]))
    table = new_table("source", "recipe", "blend", "share", *names)

    def cells(values: list[float]) -> list[str]:
        return [_text(name, value) for name, value in zip(names, values, strict=True)]

    for source, mass in zip(found.sources, found.masses, strict=True):
        shares = cells([content_of(source, name) for name in names])
        table.add_row(escape(source.name), format_quantity(source.mass, "kg"), format_quantity(mass, "kg"), f"{100 * mass / found.mass:.4g} %", *shares)
    recipe = math.fsum(source.mass for source in found.sources)
    table.add_row("all", format_quantity(recipe, "kg"), format_quantity(found.mass, "kg"), "100 %", *cells([found.mean(name) for name in names]))
    screen.print(table)
    if found.outcomes:
        priced = any(not math.isnan(o.price) for o in found.outcomes)
        table = new_table("target", "blend", "missed by", *(["shadow price"] if priced else []))
        for o in found.outcomes:
            price = [] if not priced else ["–" if math.isnan(o.price) else _price(found.least, o)]
            table.add_row(escape(str(o.target)), _value(o, o.value), _value(o, o.missed) if o.missed else "–", *price)
        screen.print(table)
    for name, why in found.kept.items():
        print(f"note: {name} keeps its mass in the recipe and is not in the shares: {why}")
    if any(not math.isnan(o.price) for o in found.outcomes):
        unit = "EUR a charge" if found.least == COST else "MJ a charge" if found.least == HEAT else f"kg of {found.least} a charge"
        print(f"note: a shadow price is in {unit}, for one hundredth of the blend's mass, of heat and cost for one hundredth of the limit")
    if not found.feasible:
        missed = [f"{o.target} by {_value(o, o.missed)}" for o in found.outcomes if o.missed and o.target.sense != "="]
        print(
            f"the limits exclude each other: nothing is written. Missed as little as can be, each over its value: {'; '.join(missed)}. Loosen these or others"
        )
    elif out is not None:
        print(f"{out}: recipe of {found.unit}, phase {found.phase}, with {len(found.sources)} blended sources")


def _text(name: str, value: float) -> str:
    from twin.study.blend import UNITS, value_text

    return value_text(value, UNITS.get(name, "1"))


def _value(outcome: Outcome, value: float) -> str:
    from twin.study.blend import value_text

    return value_text(value, outcome.target.unit)


def _price(least: str, outcome: Outcome) -> str:
    return f"{outcome.price / 1e6 if least == 'heat' else outcome.price:.4g}"
