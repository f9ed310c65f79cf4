"""What is wrong with a scenario, in words: nearest names, several faults of one value at once, and pydantic's errors reworded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NoReturn, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from twin.quantities import shown

Loc = tuple[str | int, ...]
_MANY = 12
MOST_PROBLEMS = 300
"""Reading stops when so many problems are found, so that a hopeless file does not hold anyone up."""
_LONGEST_WORD, _MOST_WORDS = 80, 500


def nearest(word: object, words: Iterable[str]) -> str:
    """Return what to write instead of an unknown ``word``: the nearest of ``words`` and, where they are few, all of them."""
    known = list(dict.fromkeys(words))
    folded = {name.lower(): name for name in reversed(known[:_MOST_WORDS]) if len(name) <= _LONGEST_WORD}
    close = difflib.get_close_matches(str(word)[:_LONGEST_WORD].lower(), folded, n=1, cutoff=0.6)
    hint = f"did you mean {folded[close[0]]!r}?" if close else ""
    if not known:
        return "none is known"
    listed = ", ".join(name[:_LONGEST_WORD] for name in known[:_MANY])
    if len(known) > _MANY:
        return hint or f"known: {listed}, … ({len(known)} in all)"
    return f"{hint} (known: {listed})" if hint else f"known: {listed}"


def wrong(message: str) -> PydanticCustomError:
    """Return the error that a validator raises: ``message`` as it stands."""
    return PydanticCustomError("twin", "{message}", {"message": message})


class Faults:
    """Collects what is wrong inside one value, each with its place below it, so that all of it is reported at once."""

    def __init__(self) -> None:
        self._found: list[InitErrorDetails] = []

    def add(self, message: str, *loc: str | int, got: object = None) -> None:
        """Note a fault at ``loc`` below the value."""
        self._found.append(InitErrorDetails(type=wrong(message), loc=loc, input=got))

    def __len__(self) -> int:
        return len(self._found)

    def stop(self) -> NoReturn:
        """Raise all that was noted."""
        raise ValidationError.from_exception_data("scenario", self._found)

    def stop_if_any(self) -> None:
        """Raise all that was noted, if anything was."""
        if self._found:
            self.stop()


def in_words(detail: ErrorDetails, keys: Iterable[str] = ()) -> str:
    """Return the message for one of pydantic's errors: what is wrong, what was got, what is allowed."""
    kind, got = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    word = detail["loc"][-1] if detail["loc"] else ""
    if kind in ("twin", "quantity"):
        return detail["msg"]
    if kind == "missing":
        return f"{word!r} is missing"
    if kind == "extra_forbidden":
        return f"unknown key {str(word)[:80]!r}; {nearest(word, keys)}"
    if kind in _NEEDED:
        return f"{_NEEDED[kind]} is needed (got {shown(got)})"
    if kind == "literal_error":
        return f"{context.get('expected', '')} is needed (got {shown(got)})"
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        return f"must be {word} {context.get(key)} (got {shown(got)})"
    text = detail["msg"]
    return f"{text[:1].lower()}{text[1:]} (got {shown(got)})"


def keys_at(model: type[BaseModel], path: Loc) -> tuple[str, ...]:
    """Return the keys that a model allows at a path below it; none where that is not a model."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field.annotation for name, field in found.model_fields.items()} if found else {}
        found = _model_in(fields[part]) if part in fields else found
    return tuple(field.alias or name for name, field in found.model_fields.items()) if found else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


_NEEDED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}
_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "too_long": ("of a length of at most", "max_length"),
    "too_short": ("of a length of at least", "min_length"),
    "string_too_long": ("of a length of at most", "max_length"),
    "string_too_short": ("of a length of at least", "min_length"),
}


def refuse(message: str, *loc: str | int) -> None:
    """Raise pydantic's error with one fault."""
    faults = Faults()
    faults.add(message, *loc)
    faults.stop()
