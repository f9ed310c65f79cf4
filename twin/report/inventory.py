"""A run as a life-cycle inventory that openLCA imports: what a plant takes in, draws and gives away, for a tonne that it treats.

Only what the run knows is in it. Impacts of electricity, fuels and transport, what products replace and how by-products share burdens are the affair of an
assessment with a database; no allocation is made here.
"""

from __future__ import annotations

import io
import math
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twin.errors import UsageError
from twin.quantities import DAY
from twin.report.source import Source, gather
from twin.results.money import energy_of
from twin.results.read import Result
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product

NAMESPACE = uuid.UUID("6f0c1f5e-6b0b-5f0c-9a53-6d9d3c1d4a11")
"""From this and a name follow the identifiers, so that the same run gives the same file."""
STAMP = (2000, 1, 1, 0, 0, 0)
CHANGED = "2000-01-01T00:00:00Z"
JOULES = {"MJ": 1e6}
TONNE = 1000.0


@dataclass(frozen=True)
class Exchange:
    """What one tonne treated takes in or gives: ``amount`` in ``unit`` (kg or MJ), ``spread`` its standard deviation over the runs."""

    name: str
    kind: Literal["product", "waste"]
    into: bool
    amount: float
    unit: str
    spread: float | None


def inventory(results: Sequence[Result], names: Sequence[str]) -> bytes:
    """Return an openLCA package (zip of JSON-LD, schema version 2) of one run, or of replications of one scenario.

    It holds one process whose reference is 1 t of input treated. Feeds that bring a gate fee, and products that earn nothing, are waste flows. Raises
    ``UsageError`` for runs of different scenarios, for a run that took nothing in, and where the package olca-schema is not installed.
    """
    try:
        import olca_schema
    except ImportError as error:
        raise UsageError("an inventory for openLCA needs olca-schema: pip install 'twin[data]'") from error
    source = gather(results, names)
    exchanges = exchanges_of(source, results)
    return _package(_entities(olca_schema, source, exchanges))


def exchanges_of(source: Source, results: Sequence[Result]) -> list[Exchange]:
    """Return what a tonne delivered to the plant takes in and gives away, means over the runs."""
    found: dict[tuple[str, bool], tuple[Literal["product", "waste"], str, list[float]]] = {}
    for result in results:
        feeds = [(name, model) for name, model in source.scenario.units.items() if isinstance(model, Feed)]
        taken = math.fsum(result.totals.mass(name) for name, _ in feeds)
        if taken <= 0.0:
            raise UsageError(f"{result.path or 'the run'} took nothing in during its window: there is no tonne to count for")
        for name, into, kind, unit, amount in _raw(source, result):
            found.setdefault((name, into), (kind, unit, []))[2].append(amount / taken * TONNE)
    return [Exchange(name, kind, into, math.fsum(values) / len(values), unit, _spread(values)) for (name, into), (kind, unit, values) in found.items()]


def _raw(source: Source, result: Result) -> Iterator[tuple[str, bool, Literal["product", "waste"], str, float]]:
    """What went in and out in the window: name, whether in, kind, unit, amount."""
    totals = result.totals
    for name, model in source.scenario.units.items():
        if isinstance(model, Feed):
            yield name, True, "waste" if getattr(model, "price", 0.0) <= 0.0 else "product", "kg", totals.mass(name)
        elif isinstance(model, Product):
            yield name, False, "waste" if source.look(name) == "outlet" else "product", "kg", totals.mass(name)
    for carrier in totals.names["carrier"]:
        energy = energy_of(totals, carrier)
        if energy > 0.0:
            yield carrier, True, "product", "MJ", energy / JOULES["MJ"]


def _spread(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _identifier(*words: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(words)))


def _entities(o: Any, source: Source, exchanges: Sequence[Exchange]) -> list[Any]:
    """The data sets: unit groups and properties by openLCA's own identifiers, flows, the process."""
    from olca_schema import units

    groups, properties = [], {}
    for symbol, reference in (("kg", "mass"), ("MJ", "energy")):
        unit, group, quantity = units.unit_ref(symbol), units.group_ref(symbol), units.property_ref(symbol)
        assert unit is not None and group is not None and quantity is not None, reference
        groups.append(
            o.UnitGroup(
                id=group.id, name=group.name, last_change=CHANGED, default_flow_property=quantity,
                units=[o.Unit(id=unit.id, name=symbol, conversion_factor=1.0, is_ref_unit=True)],
            )
        )  # fmt: skip
        kind = o.FlowPropertyType.PHYSICAL_QUANTITY
        properties[symbol] = o.FlowProperty(id=quantity.id, name=quantity.name, unit_group=group, flow_property_type=kind, last_change=CHANGED)
    scenario = source.scenario
    process = _process(o, source)
    treated = Exchange(f"{scenario.title or scenario.name}: input treated", "product", False, TONNE, "kg", None)
    flows = []
    for number, exchange in enumerate([treated, *exchanges], 1):
        flow = _flow(o, scenario.name, exchange, properties[exchange.unit])
        flows.append(flow)
        process.exchanges.append(_exchange(o, number, exchange, flow, properties[exchange.unit], units.unit_ref(exchange.unit)))
    process.last_internal_id = len(process.exchanges)
    return [*groups, *properties.values(), *flows, process]


def _process(o: Any, source: Source) -> Any:
    scenario, attrs = source.scenario, source.first.attrs
    digests = ", ".join(result.digest[:16] for result in source.results)
    moved = [(name, 1.0 if isinstance(model, Feed) else -1.0) for name, model in scenario.units.items() if isinstance(model, (Feed, Product))]
    change = math.fsum(sign * source.totals.mass(name) for name, sign in moved)
    text = (
        f"Simulated with twin {attrs['twin_version']}: {scenario.name}, scenario SHA-256 {attrs['scenario_sha256']}, runs {len(source.results)}, "
        f"seed {attrs['seed']}, digest {digests}. Window of {source.duration / DAY:.6g} d. "
        f"Stock in the plant, and what furnaces take from air and additives, make up {-change / TONNE:.6g} t between what went in and what came out. "
        "No allocation between products is made, and no emission factor is in it."
    )
    return o.Process(
        id=_identifier(scenario.name, str(attrs["scenario_sha256"]), *(result.digest for result in source.results)), name=scenario.title or scenario.name,
        description=text, process_type=o.ProcessType.UNIT_PROCESS, default_allocation_method=o.AllocationType.NO_ALLOCATION, exchanges=[], last_change=CHANGED,
    )  # fmt: skip


def _flow(o: Any, plant: str, exchange: Exchange, quantity: Any) -> Any:
    kind = o.FlowType.WASTE_FLOW if exchange.kind == "waste" else o.FlowType.PRODUCT_FLOW
    factor = o.FlowPropertyFactor(conversion_factor=1.0, flow_property=quantity.to_ref(), is_ref_flow_property=True)
    own = exchange.unit == "kg"
    identifier = _identifier("flow", plant if own else "carrier", exchange.kind, exchange.name)
    return o.Flow(id=identifier, name=exchange.name, category=plant if own else None, flow_type=kind, flow_properties=[factor], last_change=CHANGED)


def _exchange(o: Any, number: int, exchange: Exchange, flow: Any, quantity: Any, unit: Any) -> Any:
    uncertainty = None
    if exchange.spread:
        uncertainty = o.Uncertainty(distribution_type=o.UncertaintyType.NORMAL_DISTRIBUTION, mean=exchange.amount, sd=exchange.spread)
    return o.Exchange(
        internal_id=number, amount=exchange.amount, flow=flow.to_ref(), flow_property=quantity.to_ref(), unit=unit, is_input=exchange.into,
        is_quantitative_reference=number == 1, is_avoided_product=False, uncertainty=uncertainty,
    )  # fmt: skip


_FOLDERS = {"UnitGroup": "unit_groups", "FlowProperty": "flow_properties", "Flow": "flows", "Process": "processes"}


def _package(entities: Sequence[Any]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        texts = [("olca-schema.json", '{"version": 2}')]
        texts += [(f"{_FOLDERS[type(entity).__name__]}/{entity.id}.json", entity.to_json()) for entity in entities]
        for name, text in texts:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, text)
    return content.getvalue()
