"""A product: what leaves the plant, with specification, price and pick-up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import MassOrZero, Quantity, shown
from twin.scenario.distributions import DurationVariate, MassVariate
from twin.scenario.fields import CalendarName, References, Text
from twin.scenario.kind import Kind, Model, UnitModel, default
from twin.scenario.machine import NOT_USED
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.vocabulary import Vocabulary

Operator = Literal["<=", ">=", "<", ">"]
_LIMIT = re.compile(r"\s*(<=|>=|<|>)\s*(.+)")
_SHARE = Quantity("1", ge=0, le=1)
_PRICE = Quantity("EUR/kg")


@dataclass(frozen=True)
class Limit:
    """One line of a specification: the share of an element, material or group must be e.g. ``<=`` a value from 0 to 1."""

    name: str
    op: Operator
    value: float

    def holds(self, share: float) -> bool:
        """Return whether ``share`` keeps the limit."""
        if self.op in ("<=", "<"):
            return share <= self.value if self.op == "<=" else share < self.value
        return share >= self.value if self.op == ">=" else share > self.value


@dataclass(frozen=True)
class Specification:
    """What a product must keep, in the order written."""

    limits: tuple[Limit, ...] = ()

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for limit in self.limits:
            yield (limit.name,), limit.value, "1"

    @classmethod
    def read(cls, value: object) -> Specification:
        """Return the specification written as a mapping of names to limits."""
        if isinstance(value, Specification):
            return value
        if not isinstance(value, Mapping):
            raise wrong(f'a mapping of names to limits is needed, e.g. {{Cu: ">= 92 %"}} (got {shown(value)})')
        faults, limits = Faults(), []
        for name, text in value.items():
            match = _LIMIT.fullmatch(text) if isinstance(text, str) else None
            if match is None:
                faults.add(f'a limit is needed, e.g. ">= 92 %" or "<= 3 %" (got {shown(text)})', str(name), got=text)
                continue
            try:
                limits.append(Limit(str(name), match[1], _SHARE.read(match[2])))  # type: ignore[arg-type]
            except UsageError as error:
                faults.add(str(error), str(name), got=text)
        faults.stop_if_any()
        return cls(tuple(limits))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        limit = {"type": "string", "pattern": "^\\s*(<=|>=|<|>)", "examples": [">= 92 %", "<= 3 %"]}
        return {"type": "object", "additionalProperties": limit}


@dataclass(frozen=True)
class PriceTerm:
    """What is paid: ``value`` EUR for each kg of ``name`` (None: of the product), for the share ``payable`` of it."""

    name: str | None
    value: float
    payable: float = 1.0


@dataclass(frozen=True)
class Price:
    """What a product brings: the sum of its terms; EUR/kg, negative where it costs."""

    terms: tuple[PriceTerm, ...] = ()

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for term in self.terms:
            if term.name is None:
                yield (), term.value, "EUR/kg"
            else:
                yield (term.name, "value"), term.value, "EUR/kg"
                yield (term.name, "payable"), term.payable, "1"

    @classmethod
    def read(cls, value: object) -> Price:
        """Return the price written as a quantity, or as a mapping of names to ``{value: ..., payable: ...}``."""
        if isinstance(value, Price):
            return value
        faults = Faults()
        if not isinstance(value, Mapping):
            terms = [PriceTerm(None, _quantity(value, _PRICE, faults))]
        else:
            terms = [_term(str(name), written, faults) for name, written in value.items()]
        faults.stop_if_any()
        return cls(tuple(terms))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        price = _PRICE.json_schema()
        properties = {"value": price, "payable": _SHARE.json_schema()}
        term = {"type": "object", "properties": properties, "required": ["value"], "additionalProperties": False}
        return {"anyOf": [price, {"type": "object", "additionalProperties": {"anyOf": [price, term]}}]}


def _term(name: str, written: object, faults: Faults) -> PriceTerm:
    if not isinstance(written, Mapping):
        return PriceTerm(name, _quantity(written, _PRICE, faults, name))
    for key in written:
        if key not in ("value", "payable"):
            faults.add(f"unknown key {shown(key)}; {nearest(key, ('value', 'payable'))}", name, str(key))
    if "value" not in written:
        faults.add("'value' is missing, e.g. {value: 6 EUR/kg, payable: 92 %}", name, "value")
        return PriceTerm(name, 0.0)
    payable = _quantity(written["payable"], _SHARE, faults, name, "payable") if "payable" in written else 1.0
    return PriceTerm(name, _quantity(written["value"], _PRICE, faults, name, "value"), payable)


def _quantity(value: object, quantity: Quantity, faults: Faults, *loc: str | int) -> float:
    try:
        return quantity.read(value)
    except UsageError as error:
        faults.add(str(error), *loc, got=value)
        return 0.0


class PickUp(Model):
    """Trucks that take the product away."""

    every: DurationVariate = Field(description="Time from one truck to the next.")
    mass: MassVariate = Field(description="What a truck takes.")
    minimum: MassOrZero = default(0.0, NOT_USED, description="A truck that finds less leaves empty.")
    calendar: CalendarName = Field(default=None, description="When trucks come; always where not given.")


class Product(UnitModel):
    """What leaves the plant: by pick-ups from a bunker, or all at once where it is taken from a port."""

    kind: Literal["product"]
    from_: References = Field(alias="from", description="A bunker, or ports that are taken at once.")
    pickup: PickUp | None = Field(default=None, description="Trucks that take it; at once where not given.")
    spec: Specification = Field(default=Specification(), description="Limits on shares of elements, materials or groups.")
    price: Price = Field(default=Price(), description="What it brings: EUR per mass of product, or of what is named in it.")
    targets: tuple[Text, ...] = Field(
        default=(), description="What it is to recover; what is priced, and what the specification asks for at least, where not given."
    )

    def aims(self) -> tuple[str, ...]:
        """Return the elements, materials or groups whose recovery counts: ``targets``, else the priced ones and those with a lower limit."""
        priced = [term.name for term in self.price.terms if term.name is not None]
        lower = [limit.name for limit in self.spec.limits if limit.op in (">=", ">")]
        return self.targets or tuple(dict.fromkeys((*priced, *lower)))

    def materials_named(self) -> Iterator[str]:
        """Yield the names in specification, price and targets."""
        yield from (name for _, name in self._names())

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the names in specification, price and targets."""
        for loc, name in self._names():
            if message := vocabulary.unknown_material(name, elements=True):
                yield loc, message

    def _names(self) -> Iterator[tuple[Loc, str]]:
        yield from ((("spec", limit.name), limit.name) for limit in self.spec.limits)
        yield from ((("price", term.name), term.name) for term in self.price.terms if term.name is not None)
        yield from ((("targets", index), name) for index, name in enumerate(self.targets))


KIND = Kind(
    name="product",
    model=Product,
    role="product",
    behaviour="twin.units.product:Product",
    summary="What leaves the plant, with specification, price and pick-up.",
)
