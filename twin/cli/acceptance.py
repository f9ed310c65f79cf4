"""``twin acceptance``: how likely a load passes on its samples over what it truly holds, and how many samples settle a claim."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING, Any

from twin.cli import terminal
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.scenario.acceptance import Acceptance
    from twin.study.acceptance import Curve

MOST_DRAWS = 10_000


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "print how likely a load of a product passes on its samples, over what it truly holds"
    parser = commands.add_parser("acceptance", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("file", metavar="FILE", help="results file")
    parser.add_argument("product", metavar="PRODUCT", help="a product with a specification")
    parser.add_argument("--limit", metavar="NAME", default="", help="which limit of the specification (default: the first)")
    parser.add_argument("--samples", metavar="N", type=int, help="samples of a load, instead of the scenario's")
    parser.add_argument("--mass", metavar="MASS", help="mass of a sample, e.g. '50 kg', instead of the scenario's")
    parser.add_argument("--error", metavar="SHARE", help="deviation of the analysis in points, e.g. '0.5 %%', instead of the scenario's")
    parser.add_argument("--margin", metavar="SHARE", help="how far from the limit a claim is to be settled (default: as far as the product truly was)")
    parser.add_argument("--wrong", metavar="SHARE", default="5 %", help="chance of a wrong call that settles it (default: 5 %%)")
    parser.add_argument("--draws", metavar="N", type=int, default=100, help="loads drawn at each point (default: 100)")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.quantities import parse
    from twin.results.read import open_file
    from twin.study.acceptance import acceptance_curve

    if not 0 <= options.draws <= MOST_DRAWS:
        raise UsageError(f"--draws: a number from 0 to {MOST_DRAWS} is needed (got {options.draws})")
    margin = parse(options.margin, "1") if options.margin is not None else None
    if margin is not None and not 0.0 < margin < 1.0:
        raise UsageError(f"--margin: a share between 0 and 1 is needed, e.g. '2 %' (got {options.margin!r})")
    with open_file(options.file) as result:
        curve = acceptance_curve(
            result,
            options.product,
            limit=options.limit,
            acceptance=_acceptance(options, result),
            margin=margin,
            wrong=parse(options.wrong, "1"),
            draws=options.draws,
        )
    if options.json:
        print(json.dumps(as_object(curve), indent=2))
    else:
        _print(curve)
    return 0


def _acceptance(options: argparse.Namespace, result: Any) -> Acceptance | None:
    """How the product is sampled, with what was given in the place of it; None where nothing was."""
    from pydantic import ValidationError

    from twin.plant.api import load_stored
    from twin.scenario.acceptance import Acceptance
    from twin.scenario.kinds.product import Product

    given = {key: value for key in ("samples", "mass", "error") if (value := getattr(options, key)) is not None}
    if not given:
        return None
    model = load_stored(result.scenario, result.files).units.get(options.product)
    own = model.acceptance if isinstance(model, Product) else None
    written = {} if own is None else {"samples": own.samples, "mass": f"{own.mass!r} kg", "error": own.error}
    try:
        return Acceptance.model_validate({**written, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--{'.'.join(str(part) for part in first['loc']) or 'samples'}: {first['msg']}") from None


def as_object(curve: Curve) -> dict[str, Any]:
    """Return a curve as JSON."""
    return {
        "product": curve.product,
        "limit": curve.limit.text,
        "sample_kg": curve.acceptance.mass,
        "samples": curve.acceptance.samples,
        "error": curve.acceptance.error,
        "load_kg": curve.lot,
        "true": curve.true,
        "equal_pieces": curve.pieces if math.isfinite(curve.pieces) else None,
        "points": [{"share": p.share, "chance": p.chance, "drawn": None if math.isnan(p.drawn) else p.drawn} for p in curve.points],
        "margin": curve.margin,
        "wrong": curve.wrong,
        "samples_that_settle": curve.settles,
    }


def _print(curve: Curve) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    out = terminal.console(140)
    judged = curve.acceptance
    number = f"{judged.samples} samples" if judged.samples > 1 else "1 sample"
    error = f", analysis ± {100 * judged.error:.3g} points" if judged.error else ""
    alike = f"; they scatter like {curve.pieces:.4g} equal pieces" if math.isfinite(curve.pieces) else "; the sample is the load"
    out.print(
        f"[bold]{escape(curve.product)}[/]: {escape(curve.limit.text)}, {number} of {format_quantity(judged.mass, 'kg')}{error}, of a load of "
        f"{format_quantity(curve.lot, 'kg')}{alike}",
        soft_wrap=True,
    )
    table = new_table(f"true {curve.limit.name}", "passes", "drawn", title="")
    for point in curve.points:
        drawn = "–" if math.isnan(point.drawn) else f"{100 * point.drawn:.3g} %"
        table.add_row(f"{100 * point.share:.4g} %", f"{100 * point.chance:.3g} %", drawn)
    out.print(table)
    away = f"{100 * curve.margin:.3g} points from the limit"
    true = f"in the run it truly was {100 * curve.true:.4g} %"
    if curve.settles is None:
        out.print(f"{true}; no number of samples tells {away} right", soft_wrap=True)
    else:
        chance = f"but for {100 * curve.wrong:.3g} %"
        out.print(f"{true}; {curve.settles} of such samples of a load tell {away} right {chance}", soft_wrap=True)
