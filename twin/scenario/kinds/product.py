"""A product: what leaves the plant, with specification, price and pick-up, and what becomes of a load outside the specification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, shown
from twin.scenario.acceptance import Acceptance, GradeBasis
from twin.scenario.fields import References, Text
from twin.scenario.kind import Kind, UnitModel
from twin.scenario.limits import Limit as Limit
from twin.scenario.orders import OrderList, OrderLoading
from twin.scenario.pickup import PickUp as PickUp
from twin.scenario.pickup import check_pickup
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.series import OrSeries, Series
from twin.scenario.settlement import Settlement
from twin.scenario.sizes import ONE_CLASS, SizeClasses
from twin.scenario.vocabulary import Vocabulary

_SHARE = Quantity("1", ge=0, le=1)
_PRICE = Quantity("EUR/kg")
_MONEY = OrSeries("EUR/kg")
_DEDUCTION = Quantity("EUR/kg", ge=0)
_STEP = Quantity("1", gt=0, le=1)
_LIMITS = (">= 92 %", "<= 3 %")
OffSpec = Literal["accept", "penalise", "reject"]
ACCEPT: OffSpec = "accept"
PENALISE: OffSpec = "penalise"
REJECT: OffSpec = "reject"
REJECTED = "rejected"
"""The port of a product that rejects: where the loads go that no truck takes."""


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
            try:
                limits.append(Limit.read(str(name), text, _SHARE, *_LIMITS))
            except UsageError as error:
                faults.add(str(error), str(name), got=text)
        faults.stop_if_any()
        return cls(tuple(limits))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "object", "additionalProperties": Limit.json_schema(*_LIMITS)}


@dataclass(frozen=True)
class PriceTerm:
    """What is paid: ``value`` EUR for each kg of ``name`` (None: of the product), or a series of it, for the share ``payable`` of it."""

    name: str | None
    value: float | Series
    payable: float = 1.0


@dataclass(frozen=True)
class Price:
    """What a product brings: the sum of its terms; EUR/kg, negative where it costs."""

    terms: tuple[PriceTerm, ...] = ()

    @property
    def changes(self) -> bool:
        """Return whether a price in it changes in time."""
        return any(isinstance(term.value, Series) for term in self.terms)

    @property
    def fixed(self) -> list[tuple[str, float, float]]:
        """Return its terms - name ("": of the product), EUR/kg, payable - where no price changes; nothing where one does."""
        return [] if self.changes else [(term.name or "", term.value, term.payable) for term in self.terms if not isinstance(term.value, Series)]

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it; those of a series stand in its file."""
        for term in self.terms:
            if not isinstance(term.value, Series):
                yield () if term.name is None else (term.name, "value"), term.value, "EUR/kg"
            if term.name is not None:
                yield (term.name, "payable"), term.payable, "1"

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Price:
        """Return the price written as a quantity or series, or as a mapping of names to ``{value: ..., payable: ...}``."""
        if isinstance(value, Price):
            return value
        faults = Faults()
        if not isinstance(value, Mapping) or set(value) == {"series"}:
            terms = [PriceTerm(None, _MONEY.read(value, info) if isinstance(value, Mapping) else _quantity(value, _PRICE, faults))]
        else:
            terms = [_term(str(name), written, faults, info) for name, written in value.items()]
        faults.stop_if_any()
        return cls(tuple(terms))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        price = _MONEY.json_schema()
        properties = {"value": price, "payable": _SHARE.json_schema()}
        term = {"type": "object", "properties": properties, "required": ["value"], "additionalProperties": False}
        return {"anyOf": [price, {"type": "object", "additionalProperties": {"anyOf": [price, term]}}]}


@dataclass(frozen=True)
class PenaltyTerm:
    """What a load loses that misses the limit on ``name`` (None: any limit), in EUR for each kg of the whole load.

    ``flat`` at once, and ``price`` for each ``per`` (a share from 0 to 1) by which it lies beyond the limit, parts of a step in proportion.
    """

    name: str | None
    flat: float = 0.0
    price: float = 0.0
    per: float = 1.0


@dataclass(frozen=True)
class Penalty:
    """By how much the price of a load outside the specification falls: the sum of its terms.

    >>> penalty = Penalty.read({"Cu": {"per": "1 %", "price": "20 EUR/t"}})
    >>> round(penalty.of([(Limit("Cu", ">=", 0.92), 0.905)]), 6)  # 1.5 steps of 0.02 EUR/kg
    0.03
    """

    terms: tuple[PenaltyTerm, ...] = ()

    def of(self, missed: Iterable[tuple[Limit, float]]) -> float:
        """Return what a load loses in EUR/kg, given the limits that it misses, at least one, each with the share found."""
        beyond = {limit.name: abs(share - limit.value) for limit, share in missed}
        total = 0.0
        for term in self.terms:
            if term.name is None:
                total += term.flat
            elif term.name in beyond:
                total += term.flat + term.price * (beyond[term.name] / term.per)
        return total

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for term in self.terms:
            if term.name is None:
                yield (), term.flat, "EUR/kg"
                continue
            if term.flat or not term.price:
                yield (term.name, "flat"), term.flat, "EUR/kg"
            if term.price:
                yield (term.name, "price"), term.price, "EUR/kg"
                yield (term.name, "per"), term.per, "1"

    @classmethod
    def read(cls, value: object) -> Penalty:
        """Return the penalty written as a quantity, or as a mapping of names to a quantity or ``{flat: ..., price: ..., per: ...}``."""
        if isinstance(value, Penalty):
            return value
        faults = Faults()
        if not isinstance(value, Mapping):
            terms = [PenaltyTerm(None, _quantity(value, _DEDUCTION, faults))]
        else:
            terms = [_penalty_term(str(name), written, faults) for name, written in value.items()]
        faults.stop_if_any()
        return cls(tuple(terms))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        money = _DEDUCTION.json_schema()
        term = {"type": "object", "properties": {"flat": money, "price": money, "per": _STEP.json_schema()}, "additionalProperties": False}
        return {"anyOf": [money, {"type": "object", "additionalProperties": {"anyOf": [money, term]}}]}


def _penalty_term(name: str, written: object, faults: Faults) -> PenaltyTerm:
    if not isinstance(written, Mapping):
        return PenaltyTerm(name, _quantity(written, _DEDUCTION, faults, name))
    keys = {"flat": _DEDUCTION, "price": _DEDUCTION, "per": _STEP}
    unknown = [key for key in written if key not in keys]
    for key in unknown:
        faults.add(f"unknown key {shown(key)}; {nearest(key, keys)}", name, str(key))
    if not unknown and not {"flat", "price"} & written.keys():
        faults.add("'price' is missing: what each step costs, e.g. {price: 20 EUR/t, per: 1 %}", name, "price")
    if ("price" in written) != ("per" in written):
        faults.add("'price' and 'per' belong together: what each step beyond the limit costs, e.g. {price: 20 EUR/t, per: 1 %}", name)
    return PenaltyTerm(name, **{key: _quantity(written[key], quantity, faults, name, key) for key, quantity in keys.items() if key in written})


def _term(name: str, written: object, faults: Faults, info: ValidationInfo) -> PriceTerm:
    if not isinstance(written, Mapping):
        return PriceTerm(name, _quantity(written, _PRICE, faults, name))
    if set(written) == {"series"}:
        return PriceTerm(name, _MONEY.read(written, info))
    for key in written:
        if key not in ("value", "payable"):
            faults.add(f"unknown key {shown(key)}; {nearest(key, ('value', 'payable'))}", name, str(key))
    if "value" not in written:
        faults.add("'value' is missing, e.g. {value: 6 EUR/kg, payable: 92 %}", name, "value")
        return PriceTerm(name, 0.0)
    payable = _quantity(written["payable"], _SHARE, faults, name, "payable") if "payable" in written else 1.0
    value = written["value"]
    return PriceTerm(name, _MONEY.read(value, info) if isinstance(value, Mapping) else _quantity(value, _PRICE, faults, name, "value"), payable)


def _quantity(value: object, quantity: Quantity, faults: Faults, *loc: str | int) -> float:
    try:
        return quantity.read(value)
    except UsageError as error:
        faults.add(str(error), *loc, got=value)
        return 0.0


class Product(UnitModel):
    """What leaves the plant: by pick-ups from a bunker, or all at once where it is taken from a port.

    A product that rejects has the port ``rejected``, which leads where the loads go that no truck takes.
    """

    changeable: ClassVar[frozenset[str]] = frozenset({"pickup"})

    kind: Literal["product"]
    from_: References = Field(alias="from", description="A bunker, or ports that are taken at once.")
    pickup: PickUp | None = Field(default=None, description="Trucks that take it; at once where not given.")
    orders: OrderList = Field(
        default=OrderList(),
        description="Masses that are wanted by a date, as a list or the name of a CSV with the columns due, mass_t and, if you like, name and from. Each is "
        "loaded as soon as all of it lies there, in order of due date.",
    )
    loading: OrderLoading | None = Field(default=None, description="How orders are loaded; at once where not given.")
    spec: Specification = Field(default=Specification(), description="Limits on shares of elements, materials or groups.")
    when_off_spec: OffSpec = Field(
        default=ACCEPT,
        description="A load outside the specification is taken at its price (`accept`), at a price that `penalty` lowers (`penalise`), or not (`reject`): "
        "it goes to who takes from the port `rejected`.",
    )
    acceptance: Acceptance | None = Field(
        default=None,
        description="How a load is judged. Where not given: by one sample where the product has a price, trucks or orders take it, and the scenario has "
        "`size_bounds`; else by what is true.",
    )
    grade_basis: GradeBasis = Field(
        default="as_received", description="On which mass the specification and grades are told: as it is weighed, or `dry`, without the materials' moisture."
    )
    goes_to: Literal["recycling", "other_recovery", "disposal"] | None = Field(
        default=None, description="What becomes of it, for the shares that a plant documents; not told where no product says it."
    )
    penalty: Penalty = Field(default=Penalty(), description="How much the price of a load outside the specification falls, with `penalise`.")
    price: Price = Field(default=Price(), description="What it brings: EUR per mass of product, or of what is named in it.")
    settlement: Settlement | None = Field(default=None, description="How its lots are settled, instead of a price; see the page on money.")
    targets: tuple[Text, ...] = Field(
        default=(), description="What it is to recover; what is priced, and what the specification asks for at least, where not given."
    )

    @property
    def sampled(self) -> Acceptance | None:
        """Return how loads are sampled; None where they are judged by what they truly hold."""
        return self.acceptance if self.acceptance is not None and self.acceptance.by == "samples" and self.spec.limits else None

    @property
    def rejects(self) -> bool:
        """Return whether loads outside the specification stay in the plant."""
        return self.when_off_spec == REJECT

    @property
    def fetched(self) -> bool:
        """Return whether it waits in its bunkers for trucks or orders; else it leaves as it comes."""
        return self.pickup is not None or bool(self.orders)

    def aims(self) -> tuple[str, ...]:
        """Return the elements, materials or groups whose recovery counts: ``targets``, else the priced ones and those with a lower limit."""
        priced = [term.name for term in self.price.terms if term.name is not None] if self.settlement is None else list(self.settlement.metals)
        lower = [limit.name for limit in self.spec.limits if limit.lower]
        return self.targets or tuple(dict.fromkeys((*priced, *lower)))

    def materials_named(self) -> Iterator[str]:
        """Yield the names in specification, price and targets."""
        yield from (name for _, name in self._names())

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the names in specification, price and targets, and with what becomes of loads."""
        for loc, name in self._names():
            if message := vocabulary.unknown_material(name, elements=True):
                yield loc, message
        yield from self._check_quality(vocabulary.sizes)
        yield from self._check_settlement()
        if self.pickup is not None:
            yield from check_pickup(self.pickup)
        if self.loading is not None and not self.orders:
            yield ("loading",), "'loading' needs 'orders'; how a truck of 'pickup' is loaded stands there"

    def _names(self) -> Iterator[tuple[Loc, str]]:
        yield from ((("spec", limit.name), limit.name) for limit in self.spec.limits)
        yield from ((("price", term.name), term.name) for term in self.price.terms if term.name is not None)
        yield from ((("settlement", "metals", name), name) for name in (self.settlement.metals if self.settlement is not None else ()))
        yield from ((("settlement", "penalties", name), name) for name in (self.settlement.penalties if self.settlement is not None else ()))
        yield from ((("targets", index), name) for index, name in enumerate(self.targets))

    def _check_settlement(self) -> Iterator[tuple[Loc, str]]:
        if self.settlement is not None:
            yield from ((("settlement", *loc), message) for loc, message in self.settlement.check())
            if self.price.terms:
                yield ("settlement",), "give 'price' or 'settlement', not both"
            if not self.fetched:
                yield ("settlement",), "lots are what trucks or orders take: give 'pickup' or 'orders', or a 'price'"

    def _check_quality(self, sizes: SizeClasses) -> Iterator[tuple[Loc, str]]:
        if self.when_off_spec != ACCEPT and not self.spec.limits:
            yield ("when_off_spec",), f"{self.when_off_spec!r} needs a 'spec', e.g. {{Cu: \">= 92 %\"}}"
        if self.acceptance is not None and not self.spec.limits:
            yield ("acceptance",), "needs a 'spec' that loads are judged by, e.g. {Cu: \">= 92 %\"}"
        if self.sampled is not None and sizes is ONE_CLASS:
            yield ("acceptance",), "a sample holds pieces, and nobody says how large they are: give 'size_bounds', or {by: truth}"
        if self.rejects and not self.fetched:
            yield ("when_off_spec",), "a load is rejected at a pick-up: give 'pickup' or 'orders', or use 'penalise'"
        if self.when_off_spec == PENALISE and not self.penalty.terms:
            yield ("penalty",), "'penalty' is missing: how much the price falls, e.g. 30 EUR/t, or {Cu: {price: 20 EUR/t, per: 1 %}}"
        if self.when_off_spec != PENALISE and self.penalty.terms:
            yield ("penalty",), f"is used only with 'when_off_spec: penalise' (got {self.when_off_spec!r})"
        limited = [limit.name for limit in self.spec.limits]
        for term in self.penalty.terms:
            if term.name is not None and term.name not in limited:
                yield ("penalty", term.name), f"the specification has no limit on {term.name!r}; {nearest(term.name, limited)}"


def with_acceptance(models: Mapping[str, UnitModel], sizes: SizeClasses) -> dict[str, UnitModel]:
    """Return the models, those of products that are sold judged by a sample where they do not say how: its mass stands among the numbers of a run."""
    return {name: _sampled_by_default(model) if isinstance(model, Product) and sizes is not ONE_CLASS else model for name, model in models.items()}


def _sampled_by_default(product: Product) -> Product:
    sold = bool(product.price.terms) or product.settlement is not None
    judged = product.acceptance is not None or not product.spec.limits
    return product if judged or not (sold and product.fetched) else product.model_copy(update={"acceptance": Acceptance()})


def _ports(product: Product) -> tuple[str, ...]:
    return (REJECTED,) if product.rejects else ()


KIND = Kind(
    name="product",
    model=Product,
    role="product",
    ports=_ports,
    behaviour="twin.units.gates.product:Product",
    summary="What leaves the plant, with specification, price and pick-up.",
)
