"""What models say of their fields, in German: of all kinds, none is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel
from served_pages import SMALL, Served

from twin.page.draft import Draft
from twin.page.plant import unit_form
from twin.report.language import language
from twin.scenario import load
from twin.scenario.kind import find, names
from twin.scenario.settings import ResourceSpec, TimeFrame


def models_of(model: type[BaseModel], seen: dict[type[BaseModel], None]) -> Iterator[type[BaseModel]]:
    if model not in seen:
        seen[model] = None
        yield model
        for name, hint in get_type_hints(model, include_extras=True).items():
            if name in model.model_fields:
                for below in within(hint):
                    yield from models_of(below, seen)


def within(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        if part is not hint and not isinstance(part, str):
            yield from within(part)


def texts_of(kind: str) -> set[str]:
    models = models_of(find(kind).model, {})
    return {find(kind).summary, *(field.description for model in models for field in model.model_fields.values() if field.description)}


def test_no_text_of_a_kind_is_left_in_english() -> None:
    german = language("de")
    every = {text for name in names() for text in texts_of(name)}
    every |= {field.description for model in (ResourceSpec, TimeFrame) for field in model.model_fields.values() if field.description}
    assert len(every) > 600
    assert {text for text in every if german.say(text) == text} == set()


def test_the_form_of_every_unit_speaks_the_language_of_the_page(shared: Served) -> None:
    plant = load(SMALL)
    draft = {"base": "small.yaml", "changes": {}, "remove": []}
    for unit in plant.units:
        english, form = (shared.ask("unit", draft=draft, unit=unit, language=code)["unit"] for code in ("en", "de"))
        abouts = [[row["about"] for row in (*one["numbers"], *one["fields"], *one["blocks"]) if row["about"]] for one in (english, form)]
        assert len(abouts[0]) == len(abouts[1]) > 0 and not set(abouts[0]) & set(abouts[1]), unit
        assert form["summary"] != english["summary"] == (unit_form(plant, plant, unit, Draft("small.yaml", {})) or {})["summary"]
    kinds = shared.ask("kind", language="de")["kinds"]
    assert all(one["summary"] != find(one["name"]).summary for one in kinds)


def test_a_lot_is_called_one_thing() -> None:
    """What a line draws at once is a Los, what a furnace makes at once a Charge."""
    english, german = (language(code) for code in ("en", "de"))
    table = (resources.files("twin.report") / "words.txt").read_text(encoding="utf-8").splitlines()
    keys = [line.partition(" | ")[0] for line in table if re.search(r"\b[Ll]ots?\b", line.partition(" | ")[2].rpartition(" | ")[0])]
    assert len(keys) > 15
    assert [key for key in keys if re.search(r"\bChargen?\b", german(key, **PLACES))] == []
    assert all(english(key, **PLACES) for key in keys)


def test_what_a_user_states_stands_in_a_form_as_it_was_stated(shared: Served) -> None:
    """What a form holds goes back as it came: neither translated nor with more in it than was said."""
    mean = "units.deliveries.mass.normal.mean"
    draft = shared.ask("plant", draft={"base": "small.yaml", "changes": {}, "remove": []}, typed={mean: "11 t"}, language="de")["draft"]
    said = {mean: {"basis": "measured", "source": "lab book of May"}}
    draft = shared.ask("plant", draft=draft, stated=said, language="de")["draft"]
    form = shared.ask("unit", draft=draft, unit="deliveries", language="de")["unit"]
    (row,) = (row for row in form["numbers"] if row["path"] == mean)
    assert (row["basis"], row["basis_is"]) == ("gemessen", "measured")
    (block,) = (block for block in form["blocks"] if block["key"] == "mass")
    kept = {"value": "11 t", "basis": "measured", "source": "lab book of May"}
    assert block["value"] == {"normal": {"mean": kept, "sd": "1.5 t"}}
    value = {"normal": {**block["value"]["normal"], "sd": "2 t"}}
    found = shared.ask("shape", draft=draft, path="units.deliveries.mass", value=value, language="de")["draft"]
    assert found["changes"] == {mean: kept, "units.deliveries.mass.normal.sd": "2 t"}


PLACES = dict.fromkeys(("lot", "n"), "1")
