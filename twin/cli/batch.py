"""``twin batch``: a weighed batch through the empty plant, and its mass balance."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.batch_test import BatchTest

PRECIOUS = ("Cu", "Al", "Fe", "Au", "Ag", "Pd")
"""Elements shown where none is asked for, as far as the batch brings them."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "send one weighed batch through the empty plant and print its mass balance"
    parser = commands.add_parser("batch", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario file of a sorting plant")
    parser.add_argument("--feed", metavar="NAME", help="feed whose material makes up the batch (default: the first)")
    parser.add_argument("--mass", metavar="MASS", default="5 t", help="mass of the batch (default: 5 t)")
    parser.add_argument(
        "--element", metavar="SYMBOL", action="append", help="element whose whereabouts are shown; may be repeated (default: Cu, Al, Fe and more)"
    )
    parser.add_argument("--set", metavar="PATH=VALUE", action="append", default=[], help="change a value of the scenario; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.cli.changed_scenario import scenario_of
    from twin.errors import UsageError
    from twin.quantities import parse
    from twin.scenario.problems import nearest
    from twin.study.batch_test import batch_test

    found = batch_test(scenario_of(options), parse(options.mass, "kg"), options.feed)
    elements = options.element or [name for name in PRECIOUS if found.brought_elements[found.element_names.index(name)] > 0.0]
    for name in elements:
        if name not in found.element_names:
            raise UsageError(f"unknown element {name[:40]!r}; {nearest(name, found.element_names)}")
    if options.json:
        print(json.dumps(as_object(found, elements), indent=2))
    else:
        _show(found, elements)
    return 0


def as_object(found: BatchTest, elements: list[str]) -> dict[str, Any]:
    """Return a batch test as JSON; masses in kg."""
    return {
        "feed": found.feed,
        "mass": found.mass,
        "left_in_plant": found.left,
        "residual": found.residual,
        "products": {
            name: {
                "mass": float(found.products[k]),
                "materials": {m: float(found.materials[i, k]) for i, m in enumerate(found.material_names)},
                "recovery": {element: found.recovery(element)[name] for element in elements},
            }
            for k, name in enumerate(found.product_names)
        },
    }


def _show(found: BatchTest, elements: list[str]) -> None:
    from twin.cli.figures import new_table
    from twin.cli.tables import stdout
    from twin.quantities import format_quantity

    console = stdout(200)
    console.print(f"batch of {format_quantity(found.mass, 'kg')} from {found.feed}; its slowest line ran {format_quantity(found.seconds, 's')}")
    table = new_table("product", "mass", "share", *elements)
    for k, name in enumerate(found.product_names):
        shares = [f"{100 * found.recovery(element)[name]:.1f} %" for element in elements]
        table.add_row(name, format_quantity(float(found.products[k]), "kg"), f"{100 * float(found.products[k]) / found.mass:.1f} %", *shares)
    out = float(found.products.sum())
    table.add_row(
        "all products", format_quantity(out, "kg"), f"{100 * out / found.mass:.1f} %", *(f"{100 * sum(found.recovery(e).values()):.1f} %" for e in elements)
    )
    console.print(table)
    where = new_table("material", "in batch", *found.product_names)
    for m, name in enumerate(found.material_names):
        made = float(found.materials[m].sum())
        if made > 0.0:
            brought = format_quantity(float(found.brought[m]), "kg")
            where.add_row(name, brought, *(f"{100 * float(mass) / made:.1f} %" for mass in found.materials[m]))
    console.print(where)
    console.print("shares of a material are of what left: composites that come apart leave as their constituents")
    console.print(f"left in the plant {format_quantity(found.left, 'kg')}; in less out less left {found.residual:.2g} kg")
