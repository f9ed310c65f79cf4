"""What a form says, made into changes of a draft: as few as there are, each text the one text of its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from twin.errors import Problem, ScenarioError, UsageError
from twin.page.draft import Desk, Draft, as_written, is_within, leaf_of, with_leaf, written
from twin.page.schema_forms import NUMBERS, Spec, fitting
from twin.page.shapes import SECTIONS, TIME, blocks_of
from twin.page.sourcing import states
from twin.page.typed import canonical_limit, read_typed, sign_of
from twin.quantities import example_of, format_quantity, parse, shown
from twin.scenario import Scenario
from twin.scenario.model import Parameter
from twin.scenario.places import Plain, dotted, split

_DATE = re.compile(r"\s*\d{4}-\d\d-")
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?\d{0,18}\.\d{1,18}")
MOST_LEAVES = 5000


def shaped(desk: Desk, draft: Draft, path: str, value: Any) -> Draft:
    """Return the draft with what a form says of a path; None for ``value`` takes it out, or back to the base.

    What is wrong elsewhere because of it stays in the draft, where the plant shows it: two fields that exclude each other are changed one after the other.

    Raises ``ScenarioError`` with what is wrong at the path or below, each problem at its path, ``UsageError`` for a path that has no form.
    """
    base = desk.base(draft)
    spec = form_at(desk.nearest(draft), path)
    wrong: list[Problem] = []
    plain = None if value is None else _read(value, spec, path, wrong)
    if wrong:
        raise ScenarioError(wrong)
    found = _put(_without(draft, path), base, path, plain)
    try:
        scenario = desk.scenario(found)
    except ScenarioError as error:
        if any(is_within(problem.path, path) for problem in error.problems):
            raise
        return found
    found = _one_text(found, base, scenario)
    desk.scenario(found)
    return found


def settled(desk: Desk, draft: Draft) -> Draft:
    """Return a draft that can be loaded with the one text of each value in its forms; another as it is."""
    with suppress(ScenarioError):
        return _one_text(draft, desk.base(draft), desk.scenario(draft))
    return draft


def form_at(scenario: Scenario, path: str) -> Spec:
    """The form of a path. Raises ``UsageError``."""
    parts = path.split(".")
    if len(parts) == (1 if parts[0] == TIME else 2) and parts[0] in SECTIONS:
        return SECTIONS[parts[0]]()
    if len(parts) == 3 and parts[0] == "units" and parts[1] in scenario.units:
        for block in blocks_of(scenario, parts[1]):
            if block["path"] == path:
                spec: Spec = block["spec"]
                return spec
    raise UsageError(f"{shown(path)} has no form: it stays with the YAML file")


def _read(value: Any, spec: Spec, path: str, wrong: list[Problem]) -> Plain:
    """The value as the scenario has it: numbers with a decimal point, texts as they are. What cannot be read is noted at its path."""
    whole, spec = spec, fitting(spec, value)
    form = spec["form"]
    has_value = any(field["key"] == "value" for field in spec.get("fields", ()))  # as a price has
    if isinstance(value, dict) and states(value) and not has_value:
        given: dict[str, Any] = {key: item for key, item in value.items() if item not in (None, "")}
        return {key: _read(item, whole, path, wrong) if key in ("value", "low", "high") else item for key, item in given.items()}
    if isinstance(value, dict):
        return {
            _key(str(key), spec, path, wrong): _read(item, _below(spec, str(key)), at_key(path, str(key)), wrong)
            for key, item in value.items()
            if item not in (None, "")
        }
    if isinstance(value, list):
        return [_read(item, _below(spec, k), f"{path}.{k}", wrong) for k, item in enumerate(value) if item not in (None, "")]
    if isinstance(value, str) and form in (*NUMBERS, "distribution", "partition", "tests", "group"):  # a group may be written in short, as one value
        try:
            return _number(value, form)
        except UsageError as error:
            wrong.append(Problem("<form>", 0, 0, path, str(error)))
    if isinstance(value, (str, bool, int, float)):
        return value
    wrong.append(Problem("<form>", 0, 0, path, f"a value is needed (got {shown(value)})"))
    return ""


def _key(key: str, spec: Spec, path: str, wrong: list[Problem]) -> str:
    """The name of an entry; of a size, the one text of it."""
    if "by" not in spec:
        return key
    try:
        value = parse(read_typed(key), spec["by"]["unit"])
    except UsageError as error:
        wrong.append(Problem("<form>", 0, 0, at_key(path, key), str(error)))
        return key
    text = format_quantity(value, spec["by"]["unit"])
    return text if parse(text, spec["by"]["unit"]) == value else read_typed(key)


def at_key(path: str, key: str) -> str:
    """The path of what stands at a key: a key with a dot in it is quoted."""
    return f"{path}.{dotted((key,))}"


def _number(text: str, form: str) -> Plain:
    if form == "moment" and _DATE.match(text):
        return text.strip()
    found = read_typed(text)
    if _WHOLE.fullmatch(found):
        return int(found)
    return float(found) if _DECIMAL.fullmatch(found) else found


def _below(spec: Spec, key: str | int) -> Spec:
    """The form of what stands below a key; what has no form of its own is a text, and of a table all below is of its form."""
    form = spec["form"]
    if form == "group":
        return next((field["spec"] for field in spec["fields"] if field["key"] == key), {"form": "text"})
    if form in ("list", "map"):
        item: Spec = spec["item"]
        return item
    return spec if form in ("distribution", "partition", "tests", "calendar", "quantity", "value") else {"form": "text"}


def _without(draft: Draft, path: str) -> Draft:
    """The draft without what it says of a path and below."""

    def other(one: str) -> bool:
        return one != path and not one.startswith(f"{path}.")

    return replace(draft, changes={one: value for one, value in draft.changes.items() if other(one)}, remove=tuple(filter(other, draft.remove)))


def _put(draft: Draft, base: Scenario, path: str, plain: Plain | None) -> Draft:
    """The draft with a value at a path: in a unit that the draft itself brings, there; else what differs from the base."""
    own = next((one for one, value in draft.changes.items() if path.startswith(f"{one}.") and isinstance(value, dict)), None)
    if own is not None:
        return replace(draft, changes={**draft.changes, own: _set(draft.changes[own], path[len(own) + 1 :].split("."), plain)})
    before = written(base, path)
    if plain is None:
        return draft if before == "" else replace(draft, remove=(*draft.remove, path))
    changes, removed = dict(draft.changes), list(draft.remove)
    for where, value in _differences(before, plain, path):
        if value is None:
            removed.append(where)
        else:
            changes[where] = value
    return replace(draft, changes=changes, remove=tuple(removed))


def _set(tree: Plain, parts: list[str], value: Plain | None) -> Plain:
    assert isinstance(tree, dict)
    key, *rest = parts
    if rest:
        return {**tree, key: _set(tree.get(key, {}), rest, value)}
    return {**tree, key: value} if value is not None else {name: one for name, one in tree.items() if name != key}


def _differences(before: Plain, now: Plain, path: str) -> Iterator[tuple[str, Plain | None]]:
    """What differs, by the deepest path at which it can be said; None for what is taken out. Mappings that both lose and gain keys are put anew."""
    if isinstance(before, dict) and isinstance(now, dict) and before and now:
        gone, new = [key for key in before if key not in now], [key for key in now if key not in before]
        if not (gone and new) and all('"' not in key for key in (*before, *now)):
            for key in gone:
                yield at_key(path, key), None
            for key, value in now.items():
                yield from _differences(before[key], value, at_key(path, key)) if key in before else [(at_key(path, key), value)]
            return
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for k, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, f"{path}.{k}")
        return
    if before != now or type(before) is not type(now):
        yield path, now


def _one_text(draft: Draft, base: Scenario, scenario: Scenario) -> Draft:
    """The draft with each number in the unit of the base, or of an example: one value has one text. What the base says already is dropped."""
    changes = dict(draft.changes)
    before = {number.path: number.value for number in base.numbers}
    for number in scenario.numbers:
        owners = [one for one in changes if number.path == one or number.path.startswith(f"{one}.")]
        if not owners:
            continue
        own = max(owners, key=len)  # of a unit that the draft brings, the change of one of its numbers
        below = split(number.path)[len(split(own)) :]
        leaf = leaf_of(changes[own], below)
        if isinstance(leaf, (dict, list, bool)) or leaf == "":  # none: a number that the model makes of several, such as a cumulative weight
            continue
        text, said = str(leaf), written(base, number.path) or _written_beside(base, number.path)
        one, si = canonical_limit(text, number.unit, _example(number) if said == "" or isinstance(said, (dict, list)) else str(said))
        if not below and before.get(number.path) == si and said != "" and sign_of(text) == sign_of(said):
            del changes[own]
        else:
            changes[own] = with_leaf(changes[own], below, as_written(one, 0))
    return replace(draft, changes=changes)


def _written_beside(base: Scenario, path: str) -> Plain:
    """How the base writes the same number of the first entry, for an entry that it has not."""
    first = [0 if str(part).isdigit() else part for part in split(path)]
    return written(base, dotted(tuple(first))) if 0 in first else ""


def _example(number: Parameter) -> str:
    """In which unit a number is written that the base does not write: shares in %, other plain numbers without."""
    return "2" if number.unit == "1" and number.value > 1.0 else example_of(number.unit)


def leaves(value: Any) -> int:
    """How many values there are in a form: what is sent is bounded by it."""
    if isinstance(value, Mapping):
        return sum(leaves(item) for item in value.values())
    return sum(leaves(item) for item in value) if isinstance(value, list) else 1
