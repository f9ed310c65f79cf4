"""``twin compare --years``: two clusters over several years of weather and prices."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import replications, terminal
from twin.cli.figures import new_table
from twin.cli.tables import stdout
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.study.over_years import OverYears

WIDTH = 160


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.study.over_years import compare_over_years

    if len(options.files) != 2:
        raise UsageError(f"--years takes two clusters, the base first (got {len(options.files)} files)")
    if options.seed is not None or options.until_half_width is not None or options.ensemble is not None or options.kind == "steady":
        raise UsageError("--years goes with --replications, --kpi, --confidence, --executor and -o FILE")
    name, years = _years(options.years)
    given = {key: value for key, value in replications.arguments(options).items() if key in ("confidence", "executor", "workers", "address")}
    with replications.progress("compare") as show:
        try:
            count = 2 if options.replications is None else max(1, options.replications)
            kept = Path(options.output) if options.output is not None else None
            found = compare_over_years(Path(options.files[0]), Path(options.files[1]), name, years, replications=count, progress=show, keep=kept, **given)
        except KeyboardInterrupt:
            said = (
                f"and are kept beside {options.output}; the same command goes on from there"
                if options.output is not None
                else "none is kept; -o FILE keeps them"
            )
            terminal.say(f"interrupted: {show.finished} of {show.planned} runs had finished, {said}")
            return 130
    wanted = _wanted(options.kpi, found)
    if options.json:
        print(json.dumps(as_object(found, wanted), indent=2))
    else:
        show_years(found, wanted)
    return 0


def _years(given: list[str]) -> tuple[str, dict[str, str]]:
    from twin.scenario.tables import read_text

    names, years = [], {}
    for text in given:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise UsageError(f"--years: NAME=FILE is needed, e.g. luenen_year.csv=year_2.csv (got {text!r})")
        names.append(name)
        years[Path(file).stem] = read_text(Path(file))
    if len(dict.fromkeys(names)) > 1 or len(years) < len(given):
        raise UsageError("--years: one series file is replaced, by files of different names")
    return names[0], years


def _wanted(kpis: list[str] | None, found: OverYears) -> list[str]:
    from twin.scenario.problems import nearest
    from twin.study.comparison import names_of

    known = [row.name for row in found.rows]
    if not kpis:
        return [name for name in known if "/" not in name]
    for kpi in kpis:
        if not any(kpi in names_of(name) for name in known):
            raise UsageError(f"no key figure {kpi!r} that both cases have in all years; {nearest(kpi, known)}")
    return [name for name in known if any(kpi in names_of(name) for kpi in kpis)]


def show_years(found: OverYears, wanted: list[str]) -> None:
    """Means, the difference with its interval over years, and what year and chance do to it."""
    from twin.results.kpis import kpi_text
    from twin.results.texts import difference_text

    table = new_table("key figure", *found.names, "difference", "sd by year", "sd by chance", "verdict")
    table.columns[6].justify = "left"
    for name in wanted:
        row = found[name]
        change, unit = row.change, row.unit
        width = None if change.interval is None else change.interval.half_width
        told = "0" if change.verdict == "no change" else difference_text(name, change.difference, width, unit, row.base, row.variant)
        parts = ["" if math.isnan(part) else kpi_text(name, part, unit) for part in (row.parts.year, row.parts.chance)]
        table.add_row(name, kpi_text(name, row.base, unit), kpi_text(name, row.variant, unit), told, *parts, change.text)
    console = stdout(WIDTH)
    console.print(table)
    runs = f"{found.replications} pair{'' if found.replications == 1 else 's'} of runs"
    console.print(
        f"{len(found.years)} years of {runs} each; intervals at {100 * found.confidence:.4g} % over years, each of which counts once; sd by chance: of one run",
        soft_wrap=True,
    )


def as_object(found: OverYears, wanted: list[str]) -> dict[str, Any]:
    """Return the comparison as JSON."""
    rows = {
        name: {
            "unit": found[name].unit,
            "base": found[name].base,
            "variant": found[name].variant,
            "difference": found[name].change.difference,
            "interval": replications.interval_object(found[name].change.interval),
            "sd_year": replications.number(found[name].parts.year),
            "sd_chance": replications.number(found[name].parts.chance),
            "verdict": found[name].change.verdict,
        }
        for name in wanted
    }
    return {"names": list(found.names), "years": list(found.years), "replications": found.replications, "confidence": found.confidence, "kpis": rows}
