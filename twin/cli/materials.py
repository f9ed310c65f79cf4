"""``twin materials``: the catalogues of materials, with the basis and source of every number."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from twin.materials import Catalogue, Label, Number
    from twin.scenario.sizes import SizeClasses

_LISTED = ("density", "conductivity", "ferromagnetic", "heating_value")
_PERCENT = ("ferromagnetic", "moisture", "oxide_oxygen")
_SIZES = "1 2 4 8 16 31.5 63 125 250 500 mm"
_MAIN, _MOST = 0.01, 4
"""What the list of materials names: elements of at least this share, and no more than so many."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "list catalogues and materials, with unit, basis, range and source of every number"
    parser = commands.add_parser("materials", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object, values in SI units, instead of tables")
    parser.add_argument("catalogue", metavar="NAME|FILE", nargs="?", help="catalogue that comes with twin, or a .yaml file (default: all that come with twin)")
    parser.add_argument("--pieces", action="store_true", help="with --material: what a piece is in each size class, as machines see it")
    parser.add_argument("--sizes", metavar="BOUNDS", default=_SIZES, help=f"with --pieces: upper bounds of the size classes (default: '{_SIZES}')")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--material", metavar="NAME", help="show every number of one material")
    which.add_argument("--element", metavar="SYMBOL", help="show which materials hold an element, e.g. Cu")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.materials import builtin_catalogue, builtin_names
    from twin.scenario.catalogues import read_catalogue
    from twin.scenario.tables import Files

    given = options.catalogue
    found = [builtin_catalogue(name) for name in builtin_names()] if given is None else [read_catalogue(given, Files())]
    if options.pieces:
        _show(options, "pieces", list(_pieces(found, options.material, options.sizes)), _print_pieces)
    elif options.material is not None:
        _show(options, "materials", list(_materials(found, options.material)), _print_material)
    elif options.element is not None:
        _show(options, "shares", _shares(found, options.element), _print_shares)
    elif given is None:
        _show(options, "catalogues", [{"name": c.name, "title": c.title, "materials": len(c.materials)} for c in found], _print_catalogues)
    else:
        _show(options, "catalogue", _listing(found[0]), _print_listing)
    return 0


def _show(options: argparse.Namespace, key: str, what: Any, show: Any) -> None:
    if options.json:
        print(json.dumps({key: what}, indent=2))
    else:
        show(what)


# -- what there is, in SI units ------------------------------------------------------------------------------------------------------------


def _materials(catalogues: Sequence[Catalogue], name: str) -> Iterator[dict[str, Any]]:
    for catalogue in _holders(catalogues, name):
        material = catalogue.materials[name]
        own = f"materials.{name}."
        numbers = {path.removeprefix(own): _number(number) for path, number in catalogue.numbers([name]) if path.startswith(own)}
        labels = {key: _label(label) for key, label in {**material.classes, "form": material.form, "breaks": material.breaks}.items()}
        yield {"catalogue": catalogue.name, **_entry(catalogue, name), "numbers": numbers, "classes": labels}


def _pieces(catalogues: Sequence[Catalogue], name: str | None, bounds: str) -> Iterator[dict[str, Any]]:
    """A material's pieces by size class, in SI units: the tables of :class:`twin.materials.pieces.Pieces`."""
    from twin.errors import UsageError
    from twin.materials.pieces import pieces

    if name is None:
        raise UsageError("--pieces shows the pieces of one material: name it, e.g. 'twin materials lvp --material ldpe_film --pieces'")
    sizes = _size_classes(bounds)
    for catalogue in _holders(catalogues, name):
        material = catalogue.materials[name]
        tables = pieces(catalogue.select([name]).shapes(), sizes.lower, sizes.upper)
        rows = [{"size": size, **{key: float(table[0, s]) for key, table in vars(tables).items()}} for s, size in enumerate(sizes.names)]
        yield {"catalogue": catalogue.name, "name": name, "title": material.title, "form": material.form.value, "classes": rows}


def _size_classes(bounds: str) -> SizeClasses:
    from pydantic_core import PydanticCustomError, ValidationError

    from twin.errors import UsageError
    from twin.scenario.sizes import read_bounds

    try:
        return read_bounds(bounds)
    except PydanticCustomError as error:
        raise UsageError(f"--sizes: {error.message()}") from None
    except ValidationError as error:
        raise UsageError(f"--sizes: {error.errors()[0]['msg']}") from None


def _holders(catalogues: Sequence[Catalogue], name: str) -> list[Catalogue]:
    from twin.errors import UsageError
    from twin.scenario.problems import nearest

    holders = [catalogue for catalogue in catalogues if name in catalogue.materials]
    if not holders:
        where = catalogues[0].name if len(catalogues) == 1 else "any catalogue"
        raise UsageError(f"material {name!r} is not in {where}; {nearest(name, [key for catalogue in catalogues for key in catalogue.materials])}")
    return holders


def _number(number: Number) -> dict[str, Any]:
    keys = ("value", "unit", "basis", "low", "high", "source", "note")
    return {key: getattr(number, key) for key in keys}


def _label(label: Label) -> dict[str, Any]:
    return {key: getattr(label, key) for key in ("value", "basis", "source", "note")}


def _entry(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """A material as kernels get it."""
    from twin.materials import ELEMENTS

    material, chosen = catalogue.materials[name], catalogue.select([name])
    return {
        "name": name,
        "title": material.title,
        "groups": list(material.groups),
        "constituents": {part: share.value for part, share in material.constituents.items()},
        "properties": {key: float(values[0]) for key, values in chosen.properties.items()},
        "assay": {element: share for element, share in zip(ELEMENTS, chosen.assay[0].tolist(), strict=True) if share > 0.0},
        **{key: labels[0] for key, labels in chosen.classes.items()},
    }


def _listing(catalogue: Catalogue) -> dict[str, Any]:
    return {"name": catalogue.name, "title": catalogue.title, "materials": [_entry(catalogue, name) for name in catalogue.materials]}


def _shares(catalogues: Sequence[Catalogue], element: str) -> list[dict[str, Any]]:
    """Materials with an element, the richest first; ``numbers`` are those of the assays that it comes from."""
    from twin.errors import UsageError
    from twin.materials import ELEMENTS
    from twin.scenario.problems import nearest

    if element not in ELEMENTS:
        raise UsageError(f"unknown element {element!r}; {nearest(element, ELEMENTS)}")
    found = []
    for catalogue in catalogues:
        for name, material in catalogue.materials.items():
            share = catalogue.assay(name)[ELEMENTS.index(element)]
            stated = material.assay.get(element)
            if share > 0.0:
                found.append({"catalogue": catalogue.name, "material": name, "share": share, "stated": None if stated is None else _number(stated)})
    return sorted(found, key=lambda row: -float(row["share"]))


# -- tables --------------------------------------------------------------------------------------------------------------------------------


def _print(*tables: Table | str) -> None:
    from twin.cli.figures import print_whole
    from twin.cli.tables import stdout

    console = stdout()
    for table in tables:
        if isinstance(table, str):
            console.print(table)
        else:
            print_whole(console, table)


def _table(*headings: str, left: Sequence[str] = (), title: str | None = None) -> Table:
    from twin.cli.figures import new_table

    table = new_table(*headings, title=title)
    for column in table.columns:
        if column.header in left:
            column.justify = "left"
    return table


def _print_catalogues(found: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape

    table = _table("catalogue", "title", "materials", left=("title",))
    for row in found:
        table.add_row(escape(row["name"]), escape(row["title"]), str(row["materials"]))
    _print(table, "'twin materials NAME' lists one")


def _print_listing(found: dict[str, Any]) -> None:
    from rich.markup import escape

    words = ("nir", "colour", "main elements")
    table = _table("material", *_LISTED, *words, left=words, title=escape(f"{found['name']}: {found['title']}"))
    for row in found["materials"]:
        values = [_text(key, row["properties"][key], _unit(key)) for key in _LISTED]
        table.add_row(escape(row["name"]), *values, row["nir"], row["colour"], _main_elements(row["assay"]))
    _print(table)


def _main_elements(assay: dict[str, float]) -> str:
    richest = sorted(((share, element) for element, share in assay.items() if share >= _MAIN and element != "rest"), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{element} {100 * share:.3g}" for share, element in richest[:_MOST]) + (" %" if richest else "")


def _print_material(found: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape

    for row in found:
        title = f"{row['catalogue']}: {row['name']}, {row['title']}"
        table = _table("number", "value", "low", "high", "basis", "source", left=("basis", "source"), title=escape(title))
        for path, number in row["numbers"].items():
            shown = ["" if number[key] is None else _text(path, number[key], number["unit"]) for key in ("value", "low", "high")]
            table.add_row(escape(path), *shown, number["basis"], escape(_with_note(number)))
        for key, label in row["classes"].items():
            table.add_row(key, escape(label["value"]), "", "", label["basis"], escape(_with_note(label)))
        for key in (key for key in row["properties"] if key not in row["numbers"]):
            table.add_row(key, _text(key, row["properties"][key], _unit(key)), "", "", "computed", "from its constituents, moisture included")
        held = ", ".join(f"{element} {100 * share:.4g} %" for element, share in row["assay"].items())
        _print(table, escape(f"as received: {held}; groups: {', '.join(row['groups']) or 'none'}"))


def _print_pieces(found: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape

    headings = ("mass", "areal mass", "air diameter", "envelope density", "sphericity", "lying height")
    for row in found:
        table = _table("size class", *headings, title=escape(f"{row['catalogue']}: {row['name']}, {row['title']}; form: {row['form']}"))
        for at in row["classes"]:
            shown = ((at["heaviness"], "kg"), (1.0 / at["cover"], "kg/m2"), (at["diameter"], "m"), (at["envelope"], "kg/m3"), (at["height"], "m"))
            mass, areal, diameter, envelope, height = (f"{value:.4g} {unit}" if unit not in _SMALL else _scaled(value, unit) for value, unit in shown)
            table.add_row(escape(at["size"]), mass, areal, diameter, envelope, f"{at['sphericity']:.3f}", height)
        _print(table, "means by mass over each class; air diameter: of the sphere with the volume of the outline")


_SMALL = {"kg": ((1.0, "kg"), (1e-3, "g"), (1e-6, "mg"), (1e-9, "ug")), "m": ((1.0, "m"), (1e-3, "mm"), (1e-6, "um"))}


def _scaled(value: float, unit: str) -> str:
    """A small number in the unit in which it is read."""
    factor, name = next((row for row in _SMALL[unit] if value >= row[0]), _SMALL[unit][-1])
    return f"{value / factor:.4g} {name}"


def _print_shares(found: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape

    table = _table("material", "catalogue", "share", "low", "high", "basis", "source", left=("catalogue", "basis", "source"))
    for row in found:
        stated = row["stated"]
        low, high = ("" if stated is None or stated[key] is None else _text("assay.", stated[key], "1") for key in ("low", "high"))
        basis, source = ("computed", "from its constituents and water") if stated is None else (stated["basis"], _with_note(stated))
        table.add_row(escape(row["material"]), escape(row["catalogue"]), _text("assay.", row["share"], "1"), low, high, basis, escape(source))
    _print(table, "share of the material as received; low and high are those of the dry material")


def _unit(key: str) -> str:
    from twin.materials import PROPERTIES

    return PROPERTIES[key].quantity.si


def _text(path: str, value: float, unit: str) -> str:
    """A number in the unit in which people read it; shares of elements and constituents have a dot in their path."""
    from twin.quantities import format_quantity

    if unit == "1" and ("." in path or path in _PERCENT):
        return f"{100 * value:.4g} %"
    return f"{value / 1e6:.4g} MJ/kg" if unit == "J/kg" else format_quantity(value, unit) if unit != "1" else f"{value:.4g}"


def _with_note(stated: dict[str, Any]) -> str:
    return f"{stated['source']} ({stated['note']})" if stated["note"] else str(stated["source"])
