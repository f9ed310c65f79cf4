"""Writes the reference pages out of the code, and the JSON Schema beside the scenarios: ``make docs``.

A test holds the committed files against what stands here. Numbers and texts come from the models, the KPI table, the layout, the catalogues and the
docstrings; only the words between them are written here and in ``reference_texts.py``.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import reference_texts as texts
from fields_in_words import PLACE, default_of, key_of, type_of
from pydantic import BaseModel

from twin.kernels import furnace_tables, smelting_tables
from twin.kernels.record_table import Field, Table
from twin.materials import CLASSES, ELEMENTS, PROPERTIES, Catalogue, Label, Material, Number, builtin_catalogue, builtin_names, builtin_text, carriers
from twin.materials.properties import DERIVED
from twin.quantities import CELSIUS, UNITS, format_quantity, kind_of, unit
from twin.results import cluster_figures, kpis, layout
from twin.scenario import policy, quantity_names
from twin.scenario.asking import AskEntry
from twin.scenario.cluster_schema import cluster_schema_text
from twin.scenario.kind import Kind, UnitModel, find, names
from twin.scenario.machine import MachineModel
from twin.scenario.policies import PolicyEntry
from twin.scenario.schema import json_schema, schema_text
from twin.scenario.settings import Settings
from twin.scenario.yaml_source import parse_yaml

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- written by docs/generate.py; do not edit -->\n"
TABLE_ONLY = "twin.kernels.partition:"
"""Kernels of this module hold shares that somebody gave, and no physics."""
ROLES = ("feed", "bunker", "conveyor", "product")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; ``|`` in cells is escaped."""
    lines = [" | ".join(headings)]
    lines += ["|".join("---" for _ in lines[0].split(" | "))]
    lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" if k != 1 else f"|{line}|" for k, line in enumerate(lines)) + "\n"


def own_kinds() -> list[Kind]:
    """Return the kinds that twin brings, not those of other installed packages: first what is no machine, then the machines."""
    found = [kind for kind in map(find, names()) if kind.model.__module__.startswith("twin.")]
    return sorted(found, key=lambda kind: (ROLES.index(kind.role) if kind.role in ROLES else len(ROLES), kind.name))


# -- scenario.md ------------------------------------------------------------------------------------------------------------------------------


class Fields:
    """Tables of fields. A mapping that stands in several places is described once, where it comes first, under its key."""

    def __init__(self) -> None:
        self.headings: dict[str, str] = {}
        self.times: dict[str, int] = {}
        """How often a key was a heading: the second `maintenance` has the anchor maintenance-1."""

    def of(self, model: type[BaseModel], keep: Callable[[str], bool] = lambda name: True, level: int = 4) -> str:
        """Return the table of a model's fields, and below it those of the mappings in them."""
        rows: list[tuple[str, ...]] = []
        sources: list[str] = []
        below: list[tuple[str, type[BaseModel]]] = []
        for name in filter(keep, model.model_fields):
            key = key_of(model, name)
            words, nested = type_of(model, name)
            for each in nested:
                if each.__name__ not in self.headings:
                    times = self.times[key] = self.times.get(key, -1) + 1
                    self.headings[each.__name__] = f"{key}-{times}" if times else key
                    below.append((key, each))
                words = words.replace(PLACE.format(each.__name__), self.headings[each.__name__])
            default, source = default_of(model, name)
            if source:
                sources += [source] if source not in sources else []
                default += f" <sup>{sources.index(source) + 1}</sup>"
            rows.append((f"`{key}`", words, default, model.model_fields[name].description or ""))
        parts = [table(("key", "value", "default", "meaning"), rows)] if rows else []
        parts += ["".join(f"<sup>{k}</sup> {source}<br>\n" for k, source in enumerate(sources, 1))] if sources else []
        parts += [f"{'#' * level} `{key}`\n\n{_first(each.__doc__)}\n\n{self.of(each, level=level + 1)}" for key, each in below]
        return "\n".join(parts)


def scenario_page() -> str:
    """The scenario language: top-level keys, ways of writing values, every kind with all its parameters, units of measure."""
    fields = Fields()
    parts = [NOTE, texts.SCENARIO_HEAD, "## Top-level keys\n", fields.of(Settings, level=3), texts.CHANGES, texts.VALUES]
    parts += [_distributions(), texts.WRITTEN_VALUES, "## Units\n", texts.UNITS_HEAD, fields.of(UnitModel)]
    kinds = own_kinds()
    for kind in kinds:
        if kind.role != "machine":
            parts.append(_kind(kind, fields))
    parts += ["## Machines\n", texts.MACHINES_HEAD, "### Parameters of all machines\n", fields.of(MachineModel, lambda n: n not in UnitModel.model_fields)]
    parts += [_kind(kind, fields) for kind in kinds if kind.role == "machine"]
    parts += ["## Policies\n", texts.POLICIES, fields.of(PolicyEntry), "What stands below `ask`:\n", fields.of(AskEntry), *map(_policy, policy.OWN)]
    parts += ["### Names of quantities\n", texts.QUANTITIES, quantity_names.as_markdown()]
    parts += ["## Units of measure\n", texts.MEASURES, _measures()]
    return "\n".join(parts)


def _kind(kind: Kind, fields: Fields) -> str:
    model, machine = kind.model, kind.role == "machine"
    shared = MachineModel if machine else UnitModel
    parts = [f"### {kind.name}\n", f"{kind.summary} {_first(model.__doc__)}\n"]
    if machine:
        assert issubclass(model, MachineModel)
        wears = _listed(model.wearing_fields())
        parts += [f"Ports: {_ports(kind)}. {_physics(kind)}\n", *([f"{textwrap.fill(f'Can wear: {wears}.', 160)}\n"] if wears else [])]
        parts += [fields.of(model, lambda n: n in model.own_fields())]
    else:
        parts += [fields.of(model, lambda n: n not in shared.model_fields)]
        if changeable := _listed(key for key in model.keys() if key in model.changeable):  # noqa: SIM118 - a method of the model
            parts += [f"[Events](#events) may change {changeable}.\n"]
    if example := texts.EXAMPLES.get(kind.name):
        plain: Any = parse_yaml(example, kind.name).plain()
        for unit_of_example in plain.values():
            kind.model.model_validate(unit_of_example)  # an example that is not right stops the writing
        parts += [f"```yaml\n{example}```\n"]
    return "\n".join(parts)


def _policy(name: str) -> str:
    """A policy that comes with twin: what it does and its parameters."""
    found = policy.find(name)
    shared = {f"reads.{role}": "that of what is read" for role in found.reads} | {f"sets.{role}": "that of what is set" for role in found.sets}
    rows = [
        (f"`{key}`", f"{'list, ' if p.many else ''}{shared.get(p.unit, p.unit)}", "needed" if p.default is None else f"{p.default:g}", p.description)
        for key, p in found.parameters.items()
    ]
    return f"### `{name}`\n\n{found.summary}\n\n{table(('key', 'measure', 'default', 'meaning'), rows)}"


def _ports(kind: Kind) -> str:
    try:
        return _listed(kind.ports(None))
    except AttributeError:  # it looks at its parameters
        return "named by its parameters"


def _physics(kind: Kind) -> str:
    if (kind.kernel or "").startswith(TABLE_ONLY):
        return "A table of shares, no physics: it does not react to load."
    return f"Equations, valid range and sources: [machines](machines.md#{kind.name})."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _first(docstring: str | None) -> str:
    return _markdown((docstring or "").strip().split("\n\n")[0])


def _distributions() -> str:
    schemas = json_schema()["$defs"]["distribution"]["properties"]
    rows = []
    for form, about in texts.DISTRIBUTIONS.items():
        schema: dict[str, Any] = next((way for way in schemas[form].get("anyOf", [schemas[form]]) if "properties" in way), {})
        keys = [key if key in schema["required"] else f"{key}?" for key in schema.get("properties", ())]
        rows.append((f"`{form}`", ", ".join(f"`{key}`" for key in keys) or "the value", about))
    assert list(texts.DISTRIBUTIONS) == list(schemas), "a form of distribution has no words in docs/reference_texts.py"
    return table(("form", "parameters", "meaning"), rows)


def _measures() -> str:
    groups: dict[tuple[int, ...], list[str]] = {}
    for symbol, measure in UNITS.items():
        groups.setdefault(measure.exponents, []).append(symbol)
    rows = []
    for exponents, symbols in groups.items():
        si = next((known for known in texts.SI if unit(known).exponents == exponents), symbols[0])
        also = list(CELSIUS) if si == "K" else []
        rows.append((texts.KINDS_OF_MEASURE.get(si, kind_of(si)), f"`{si}`" if si != "1" else "", " ".join(f"`{symbol}`" for symbol in symbols + also)))
    return table(("measure", "in files", "written"), rows)


# -- kpis.md, file_layout.md ------------------------------------------------------------------------------------------------------------------


def kpi_page() -> str:
    """The KPI table."""
    return "\n".join([NOTE, texts.KPI_HEAD, kpis.as_markdown(), texts.KPI_TAIL, texts.CLUSTER_KPIS, cluster_figures.as_markdown()])


def layout_page() -> str:
    """The layout of a results file."""
    return "\n".join([NOTE, texts.LAYOUT_HEAD, layout.as_markdown(), texts.LAYOUT_TAIL])


# -- materials.md -----------------------------------------------------------------------------------------------------------------------------


def materials_page() -> str:
    """The catalogues, properties, elements and carriers, with sources."""
    parts, rows = [NOTE, texts.MATERIALS_HEAD, "## Properties\n"], []
    used = {name: [kind.name for kind in own_kinds() if kind.kernel and Source(kind.kernel).asks_for(name)] for name in PROPERTIES}
    for name, about in PROPERTIES.items():
        measure = "–" if about.quantity.si == "1" else about.quantity.si
        default = DERIVED.get(name, "must be given") if about.default is None else f"{about.default:g}"
        takers = _listed(used[name]) or texts.PROPERTY_TAKERS.get(name, "no machine yet")
        rows.append((f"`{name}`", measure, default, about.summary, takers))
    parts += [table(("property", "unit", "default", "meaning", "used by"), rows), texts.ASSAYS.format(elements=" ".join(ELEMENTS))]
    catalogues = [builtin_catalogue(name) for name in builtin_names() if "twin_catalogue:" in builtin_text(name)]
    parts += [texts.CLASSES, table(("class", *CLASSES), _class_rows(catalogues)), *map(_catalogue, catalogues)]
    parts += ["## Energy carriers\n", texts.CARRIERS]
    for carrier in carriers().values():
        for factor in carrier.factors:
            number = factor.number
            year = f"{factor.year or '–'}", " ".join(part for part in (factor.vintage, factor.status) if part) or "–"
            parts.append(f"| `{carrier.name}` | {year[0]} | {year[1]} | {format_quantity(number.value, number.unit)} | {number.basis}: {number.source} |")
    return "\n".join([*parts, _fuels()]) + "\n"


def _class_rows(catalogues: Iterable[Catalogue]) -> Iterator[tuple[str, ...]]:
    """Each class with the materials that have it, by sensor."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for catalogue in catalogues:
        for material in catalogue.materials.values():
            for sensor, label in material.classes.items():
                found.setdefault(label.value, {key: {} for key in CLASSES})[sensor][material.name] = None
    for name in sorted(found):
        yield f"`{name}`", *(_some(tuple(found[name][sensor])) for sensor in CLASSES)


def _some(names: tuple[str, ...], most: int = 12) -> str:
    """The first of a list of names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{_listed(names[:most])}{more}" if names else "–"


def _fuels() -> str:
    """The table of what fuels and furnace gases are made of, and where the numbers come from."""
    rows, sources = [], []
    for carrier in (carrier for carrier in carriers().values() if carrier.composition):
        numbers = {"heating_value": carrier.heating_value, "density": carrier.density}
        found = {key: number for key, number in numbers.items() if number is not None}
        shown = [f"{found[key].value / factor:.4g}" if key in found else "–" for key, factor in (("heating_value", 1e6), ("density", 1))]
        made_of = ", ".join(f"{element} {_percent(number.value, number.unit)}" for element, number in carrier.composition.items())
        rows.append((f"`{carrier.name}`", *shown, made_of))
        composition = {f"composition.{element}": number for element, number in carrier.composition.items()}
        sources.append(f"### {carrier.title}\n\n{_sources({**found, **composition}.items())}")
    return "\n".join([texts.FUELS, table(("carrier", "heating value (MJ/kg)", "density (kg/Nm3)", "kg of each element in a kg"), rows), *sources]).rstrip("\n")


def _catalogue(catalogue: Catalogue) -> str:
    materials = catalogue.materials.values()
    parts = [f"## Catalogue `{catalogue.name}`\n", f"{catalogue.title}. `catalogue: [{catalogue.name}]` in a scenario.\n"]
    parts += [table(("material", "what it is", "groups"), ((f"[`{m.name}`](#{catalogue.name}-{m.name})", m.title, _listed(m.groups)) for m in materials))]
    selected = catalogue.select([material.name for material in materials])
    columns = {name: texts.PROPERTY_UNITS.get(name, about.quantity.si) for name, about in PROPERTIES.items() if name != "moisture"}
    headings = [name if si == "1" else f"{name} ({si})" for name, si in columns.items()]
    rows = []
    for k, name in enumerate(selected.names):
        shown = {column: f"{selected.properties[column][k] / float(unit(si).factor):.4g}" for column, si in columns.items()}
        shown["grain"] = shown["grain"] if catalogue.materials[name].constituents else "–"
        rows.append((f"`{name}`", *shown.values(), f"`{selected.forms[k]}`", f"`{selected.breaks[k]}`", *(f"`{selected.classes[key][k]}`" for key in CLASSES)))
    parts += [
        "What kernels get, of the material as received; a composite's density, heating value and oxide oxygen are computed:\n",
        table(("material", *headings, "form", "breaks", *CLASSES), rows),
    ]
    parts += [f"### {catalogue.name} {material.name}\n\n{_sources(_numbers(catalogue, material.name), _labels(material))}" for material in materials]
    return "\n".join(parts)


def _labels(material: Material) -> dict[str, Label]:
    return {**material.classes, "form": material.form, "breaks": material.breaks}


def _numbers(catalogue: Catalogue, name: str) -> Iterator[tuple[str, Number]]:
    for path, number in catalogue.numbers([name]):
        own, _, key = path.removeprefix("materials.").partition(".")
        if own == name:
            yield key, number


def _sources(numbers: Iterable[tuple[str, Number]], classes: Mapping[str, Label] = MappingProxyType({})) -> str:
    by_source: dict[str, list[str]] = {}
    for key, number in numbers:
        show = _percent if "." in key else _plain  # shares of elements and constituents have a dot in their path
        span = f" ({show(number.low, number.unit)} to {show(number.high, number.unit)})" if number.low is not None and number.high is not None else ""
        words = f"{key.rpartition('.')[2]} {show(number.value, number.unit)}{span}"
        by_source.setdefault(f"{number.basis}: {number.source}", []).append(words)
    for key, label in classes.items():
        by_source.setdefault(f"{label.basis}: {label.source}", []).append(f"{key} {label.value}")
    return "".join(f"- *{source}*<br>\n{_wrapped(', '.join(items))}\n" for source, items in by_source.items())


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 150, initial_indent="  ", subsequent_indent="  ")


def _percent(value: float, si: str) -> str:
    return f"{100 * value:.4g} %"


def _plain(value: float, si: str) -> str:
    return f"{value:.4g}" if si == "1" else format_quantity(value, si)


# -- machines.md ------------------------------------------------------------------------------------------------------------------------------


def machines_page() -> str:
    """What each machine does to the material, out of the kernels' docstrings."""
    machines = [kind for kind in own_kinds() if kind.role == "machine"]
    rows = [(f"[`{kind.name}`](#{kind.name})", _ports(kind), "table of shares" if _is_table(kind) else "model", kind.summary) for kind in machines]
    parts = [NOTE, texts.MACHINES_PAGE, table(("kind", "ports", "", "what it does"), rows)]
    for kind in machines:
        module, _, name = (kind.kernel or "").partition(":")
        source = Source(module)
        body, warnings, statuses = source.kernel(name)
        parts += [f"## {kind.name}\n"]
        parts += [f"{texts.ONLY_A_TABLE}\n"] if _is_table(kind) else []
        parts += [f"Parameters: [scenario reference](scenario.md#{kind.name}). Kernel: `{module}:{name}`.\n", _markdown(body), ""]
        if warnings:
            parts += ["Counted as out of the valid range:\n", "".join(f"- {warning}\n" for warning in warnings)]
        if statuses:
            parts += ["Ends the run with an error:\n", "".join(f"- {status}\n" for status in statuses)]
        functions = [found for called in re.findall(r":func:`(\w+)`", body) if (found := source.function(called))]
        parts += ["Functions:\n", "\n".join(functions)] if functions else []
    return "\n".join(parts)


def _is_table(kind: Kind) -> bool:
    return (kind.kernel or "").startswith(TABLE_ONLY)


class Source:
    """The source of a kernel module, read without compiling anything."""

    def __init__(self, module: str) -> None:
        spec = importlib.util.find_spec(module.partition(":")[0])
        assert spec is not None
        assert spec.origin is not None
        self.text = Path(spec.origin).read_text(encoding="utf-8")
        self.body = ast.parse(self.text).body

    def asks_for(self, material_property: str) -> bool:
        """Return whether the module reads a property of the materials."""
        return f'properties["{material_property}"]' in self.text

    def kernel(self, name: str) -> tuple[str, list[str], list[str]]:
        """Return the docstring below ``NAME = MachineKernel(...)``, its warnings and its statuses."""
        for node, below in zip(self.body, self.body[1:], strict=False):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name and isinstance(node.value, ast.Call):
                keywords = {keyword.arg: keyword.value for keyword in node.value.keywords}
                said = [[str(text) for text in ast.literal_eval(keywords[key])] if key in keywords else [] for key in ("warnings", "statuses")]
                assert isinstance(below, ast.Expr), f"{name} has no docstring"
                assert isinstance(below.value, ast.Constant)
                return str(below.value.value).strip(), said[0], said[1]
        raise LookupError(f"no kernel {name}")

    def function(self, name: str) -> str:
        """Return a function's signature, first paragraph and worked numbers, as an item of a list; "" where it is of no module of kernels."""
        node = next((each for each in self.body if isinstance(each, ast.FunctionDef) and each.name == name), None)
        if node is None:
            imports = (each for each in self.body if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("twin.kernels."))
            home = next((str(each.module) for each in imports if any(alias.name == name for alias in each.names)), "")
            return Source(home).function(name) if home else ""
        first, *more = (ast.get_docstring(node) or "").split("\n\n")
        examples = next((part for part in more if part.startswith(">>>")), "")
        arguments = ", ".join(argument.arg for argument in node.args.args)
        code = f"\n\n  ```pycon\n{_indented(examples)}\n  ```" if examples else ""
        return f"- `{name}({arguments})`: {_markdown(' '.join(first.split()))}{code}\n"

    def _named(self, name: str) -> ast.FunctionDef | ast.ClassDef:
        return next(each for each in self.body if isinstance(each, (ast.FunctionDef, ast.ClassDef)) and each.name == name)

    def signature(self, name: str) -> str:
        """Return how a function is called, or what fields a record has, with their types."""
        node = self._named(name)
        if isinstance(node, ast.FunctionDef):
            return (ast.get_source_segment(self.text, node) or "").partition('"""')[0].rstrip().removesuffix(":")
        fields = [f"    {ast.unparse(each)}" for each in node.body if isinstance(each, ast.AnnAssign)]
        return "\n".join([f"class {name}:", *fields])

    def documented(self, name: str) -> str:
        """Return the docstring of a function or a class, as Markdown."""
        return _markdown(ast.get_docstring(self._named(name)) or "")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _markdown(text: str) -> str:
    """Turn the marks of docstrings into those of Markdown."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return re.sub(r"``([^`]*)``", r"`\1`", text)


# -- testing.md -------------------------------------------------------------------------------------------------------------------------------


def testing_page() -> str:
    """What `twin.testing` offers to who writes a machine, out of its docstrings."""
    checks, claims = Source("twin.testing.checks"), Source("twin.testing.claims")
    parts = [NOTE, texts.TESTING_HEAD]
    for source, name in ((checks, "check_kernel"), (checks, "Report"), (claims, "Monotone")):
        parts += [f"## `{name}`\n", f"```\n{source.signature(name)}\n```\n", f"{source.documented(name)}\n"]
    return "\n".join(parts)


# -- furnace.md -------------------------------------------------------------------------------------------------------------------------------


def furnace_page() -> str:
    """The records and places that the kernels of smelting work on, out of their tables."""
    parts = [NOTE, texts.FURNACE_HEAD]
    for module in (furnace_tables, smelting_tables):
        parts += [f"## `{module.__name__}`\n"]
        for name, found in vars(module).items():
            if isinstance(found, Table):
                rows = ((f"`{field.name}`", field.unit, _default(field), field.meaning) for field in found.fields)
                parts += [f"### {name}\n", f"{found.title}.\n", table(("field", "unit", "default", "meaning"), rows)]
        rows_of = ((name, found) for name, found in vars(module).items() if name.isupper() and hasattr(found, "_fields") and not isinstance(found, Table))
        parts += ["### Places\n", table(("places", "what", "names"), ((f"`{n}`", _first(type(p).__doc__), _listed(p._fields)) for n, p in rows_of))]
    return "\n".join(parts)


def _default(field: Field) -> str:
    return f"{field.length} values" if field.length else f"{field.default:g}" if field.default != 0.0 else ""


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/scenario.md": scenario_page,
    "docs/reference/kpis.md": kpi_page,
    "docs/reference/file_layout.md": layout_page,
    "docs/reference/materials.md": materials_page,
    "docs/reference/machines.md": machines_page,
    "docs/reference/testing.md": testing_page,
    "docs/reference/furnace.md": furnace_page,
    "scenarios/scenario.schema.json": schema_text,
    "scenarios/clusters/cluster.schema.json": cluster_schema_text,
}
"""What is written, by its path below the project."""


def write() -> None:
    """Write every file."""
    for name, page in PAGES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
