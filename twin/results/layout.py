"""The layout of a results file: the only place with HDF5 paths, dimensions and units.

One table, :data:`VARIABLES`, lists every variable. A dimension that several groups share is a coordinate in the root; each table (events,
lots, batches, …) has a dimension of its own, in its group, so that no variable in a group bears the name of a root coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LAYOUT = 1
"""Version of this layout, stored in each file. A reader refuses a file of another version."""

When = Literal["series", "rows", "once"]
"""``series`` grows by record steps, ``rows`` by what happens, ``once`` is written when the run ends."""


@dataclass(frozen=True)
class Variable:
    """One array of the file. ``unit`` is SI, "1" for a pure number and "" for text; ``kind`` is the type of its values."""

    path: str
    dims: tuple[str, ...]
    unit: str
    long_name: str
    when: When = "series"
    kind: Literal["float", "int", "text"] = "float"

    @property
    def group(self) -> str:
        """The group that holds the variable, "" for the root."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name within the group."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Axis:
    """A coordinate in the root, shared by all groups."""

    name: str
    unit: str
    long_name: str


AXES: tuple[Axis, ...] = (
    Axis("stream", "", 'what leaves a port ("magnet.steel"), a bunker, a feed or a conveyor, or what a product took in, by its name'),
    Axis("unit", "", "every unit of the plant, in the order of the scenario"),
    Axis("bunker", "", "every bunker, and every other unit whose stock is recorded"),
    Axis("machine", "", "every machine"),
    Axis("material", "", "every material"),
    Axis("size", "m", "size class, by its mean"),
    Axis("element", "", "chemical element, and what assays leave open"),
    Axis("carrier", "", "energy carrier"),
    Axis("process", "", "every furnace and other unit that works on melts, and what serves them"),
    Axis("heat_level", "", "temperature at which waste heat comes"),
    Axis("carbon", "", "where the carbon of off-gas comes from: of the charge fossil, biogenic or of minerals; or of bought carriers"),
    Axis("steam", "", "what is counted of the steam of boilers; empty in a plant without one"),
    Axis("state", "", "state of a unit, in order of precedence"),
    Axis("gate", "", "feeds and products: where trucks deliver and pick up"),
    Axis("resource", "", "every resource that units share"),
    Axis("product", "", "every product"),
    Axis("cause", "", 'who stands because of whom, and how: "shredder blocked by bay"'),
    Axis("stop", "", 'machine and reason why it stopped: "shredder: jam"'),
    Axis("warning", "", "ways in which a kernel left its valid range"),
)
"""All but ``time``, which grows."""

TABLES: dict[str, str] = {"events": "event", "lots": "edge", "batches": "batch", "samples": "sample", "policies": "action"}
"""Groups of kind ``rows``, and the dimension that counts their rows."""

WHERE_USED: frozenset[str] = frozenset({"policies"})
"""Tables that only a plant has that has such a thing."""

COUNTED: dict[str, str] = {"parameter": "parameters", "file": "scenario", "kpi": "summary", "order": "orders", "peak": "accounts"}
"""Dimensions of tables that are written once, and the group that holds them."""

OPTIONAL: frozenset[str] = frozenset({"orders", "accounts"})
"""Groups that only files of plants have which use them; their tables are written once."""


def _of(group: str, when: When, *rows: tuple[str, str, str, str] | tuple[str, str, str, str, Literal["float", "int", "text"]]) -> list[Variable]:
    """Rows of (name, dimensions, unit, long name, kind)."""
    return [Variable(f"{group}/{row[0]}", tuple(row[1].split()), row[2], row[3], when, row[4] if len(row) == 5 else "float") for row in rows]


SERIES: tuple[Variable, ...] = (
    *_of(
        "streams",
        "series",
        ("mass_flow", "time stream material", "kg/s", "mean mass flow over the record step, NaN in a stream that only melts flow in"),
        ("size_flow", "time stream size", "kg/s", "mean mass flow by size class over the record step"),
        ("element_flow", "time stream element", "kg/s", "mean mass flow by element over the record step"),
    ),
    *_of(
        "units",
        "series",
        ("state_share", "time unit state", "1", "share of the record step in each state"),
        ("starts", "time unit", "1", "how often a line began to work after it had stood"),
        ("level", "time bunker", "kg", "stock at the end of the record step"),
        ("level_min", "time bunker", "kg", "smallest stock within the record step"),
        ("level_max", "time bunker", "kg", "largest stock within the record step"),
        ("load", "time machine", "1", "flow through the machine over its limit, mean over the record step, 0 while it stands, NaN where it has no limit"),
        ("bottleneck", "time machine", "1", "share of the record step in which the machine limited its running line"),
        (
            "down_share",
            "time machine",
            "1",
            "share of the record step in which the machine was down, outside off-shift and maintenance time of its line, mean over its copies",
        ),
        ("repair_wait_share", "time machine", "1", "the part of down_share in which the repair had not begun, since the resources it needs were not free"),
        ("wait_share", "time cause", "1", "share of the record step in which a unit stood because of another, or of a resource"),
        ("power", "time unit carrier", "W", "mean power drawn over the record step, below 0 what a boiler supplies; of fuels by their lower heating value"),
        ("waste_heat", "time process heat_level", "W", "mean heat that leaves with off-gas, melts that cool, and through walls, over the record step"),
        ("boiler_steam", "time process steam", "W", "mean heat of steam that a boiler made, that units drew of it, and of what was over, over the record step"),
        ("gas_carbon", "time process carbon", "kg/s", "mean flow of carbon that leaves with a unit's gas, over the record step, by where it comes from"),
    ),
    *_of(
        "gates",
        "series",
        ("arrivals", "time gate", "1", "trucks that came to deliver"),
        ("turned_away", "time gate", "1", "trucks that were turned away"),
        ("turned_away_mass", "time gate", "kg", "mass that was turned away"),
        ("queue", "time gate", "1", "trucks that wait, without those that unload, mean over the record step"),
        ("wait", "time gate", "s", "time that trucks waited before they unloaded, summed over the record step"),
        ("pickups", "time gate", "1", "trucks that came to pick up"),
        ("short_pickups", "time gate", "1", "trucks that left with less than they came for"),
        ("empty_pickups", "time gate", "1", "trucks that found nothing to load"),
        ("rejected_pickups", "time gate", "1", "trucks that left with nothing because what they found was outside the specification"),
        ("limited_pickups", "time gate", "1", "trucks that did not come because the customer's limit was reached"),
        ("product_mass", "time product", "kg", "mass that left as product"),
        ("offspec_mass", "time product", "kg", "mass that left as product outside its specification"),
        ("rejected_mass", "time product", "kg", "mass that trucks rejected and that went elsewhere in the plant"),
        ("penalty", "time product", "EUR", "by how much the price of what left outside the specification fell"),
        ("unloading", "time gate", "1", "trucks that unload, of a product those that are loaded, mean over the record step"),
        ("left", "time gate", "1", "trucks that left after waiting; they are among those turned away"),
        ("judged_mass", "time product", "kg", "mass of loads that were judged by samples, those that were rejected for good included"),
        ("passed_offspec", "time product", "kg", "mass of loads whose samples kept the specification and which truly miss it"),
        ("failed_onspec", "time product", "kg", "mass of loads whose samples missed the specification and which truly keep it"),
    ),
    *_of(
        "resources",
        "series",
        ("in_use", "time resource", "1", "how many are held while they are on duty, mean over the record step"),
        ("available", "time resource", "1", "how many are on duty, mean over the record step"),
        ("queue", "time resource", "1", "units and trucks that wait for it, mean over the record step; who needs several waits for each of them"),
        ("wait", "time resource", "s", "time that units and trucks waited for it, summed over the record step"),
        ("grants", "time resource", "1", "how often one was granted"),
    ),
    *_of(
        "stops",
        "series",
        ("number", "time stop", "1", "stops of the machine for the reason that began, of each of its copies"),
        (
            "down",
            "time stop",
            "s",
            "time that the machine was down for the reason, outside off-shift and maintenance time of its line, summed over its copies; of several reasons at "
            "once one counts: that of a list, else of a hazard, else of a breakdown",
        ),
    ),
)

ROWS: tuple[Variable, ...] = (
    *_of(
        "events",
        "rows",
        ("event_time", "event", "time", "when it happened", "int"),
        ("event_unit", "event", "", "the unit it happened to", "text"),
        ("what", "event", "", "what happened", "text"),
    ),
    *_of(
        "lots",
        "rows",
        ("lot", "edge", "1", "number of a lot", "int"),
        (
            "parent",
            "edge",
            "1",
            "number of the lot it was made from, 0 for the outside world; the lot itself where a composite came apart in it",
            "int",
        ),
        ("mass", "edge material", "kg", "mass that passed from parent to lot as material; where a composite came apart, below 0 for it, above for its parts"),
        ("element_mass", "edge element", "kg", "mass that passed from parent to lot by element, in materials or melts"),
        ("at_unit", "edge", "", "the unit where the lot came to be", "text"),
        ("at_time", "edge", "time", "when the lot came to be", "int"),
    ),
    *_of(
        "batches",
        "rows",
        ("batch_unit", "batch", "", "the unit that worked the batch", "text"),
        ("phase", "batch", "", "phase of the recipe", "text"),
        ("phase_start", "batch", "time", "when the phase began", "int"),
        ("phase_end", "batch", "time", "when the phase ended", "int"),
        ("limit", "batch", "", "what limited the length of the phase", "text"),
        ("temperature", "batch", "K", "temperature at the end of the phase"),
        ("log_po2", "batch", "1", "decadic logarithm of the oxygen pressure in atm at the end of the phase"),
        ("element_in", "batch element", "kg", "mass that came in during the phase, blast and fuel included, by element"),
        ("element_out", "batch element", "kg", "mass that left during the phase, by element"),
        ("metal", "batch element", "kg", "metal at the end of the phase, droplets in the slag included, by element; of a tap, the metal that was tapped"),
        (
            "slag",
            "batch element",
            "kg",
            "slag without metal droplets at the end of the phase, by element: what is dissolved; of a tap, what was tapped",
        ),
        ("entrained", "batch element", "kg", "metal droplets in the slag at the end of the phase, by element; of a tap, those that were tapped with slag"),
        ("solids", "batch element", "kg", "of the slag, what is solid oxide at the end of the phase, by element"),
        ("oxygen", "batch", "kg", "oxygen bought that was blown in the phase"),
        ("offgas", "batch", "m3", "off-gas of the phase at 0 °C and 1 atm, with the air that burns it"),
        ("heat_in", "batch", "J", "enthalpy of all that came in, against the elements at 298.15 K"),
        ("heat_out", "batch", "J", "enthalpy of all that left, and heat lost"),
        ("heat_stored", "batch", "J", "enthalpy of what the unit holds at the end of the phase less that at its start"),
        ("frozen", "batch", "m", "thickness of the slag that is frozen onto cooled walls at the end of the phase"),
        ("energy", "batch carrier", "J", "energy drawn in the phase"),
        ("waste_heat", "batch heat_level", "J", "heat that left in the phase by temperature"),
    ),
    *_of(
        "samples",
        "rows",
        ("sample_unit", "sample", "", "the feed whose delivery, or the product whose load, was sampled", "text"),
        ("sample_time", "sample", "time", "when the delivery was taken in, or the load was judged", "int"),
        ("sample_delivery", "sample", "1", "number of the delivery, or of the judged load, from 0", "int"),
        ("sample_mass", "sample", "kg", "mass of the samples together"),
        ("delivery_mass", "sample", "kg", "mass of the delivery or load"),
        ("true", "sample material", "1", "share of each material in the delivery or load"),
        ("measured", "sample material", "1", "share of each material as found in the samples, their mean"),
        ("deviation", "sample material", "1", "relative standard deviation of the measured share, after Gy; NaN where the material is not there"),
        ("true_element", "sample element", "1", "share of each element in the delivery or load"),
        ("measured_element", "sample element", "1", "share of each element as found in the samples"),
    ),
    *_of(
        "policies",
        "rows",
        ("action_time", "action", "time", "when a policy set something to another value", "int"),
        ("action_policy", "action", "", "the policy, by its name in the scenario", "text"),
        ("asking", "action", "1", "how many times that policy had been asked by then, this time included", "int"),
        ("set_point", "action", "", "path of what it set", "text"),
        ("action_value", "action", "unit_of_measure", "the value, within its bounds, in SI"),
        ("asked", "action", "unit_of_measure", "what the policy asked for, before the bounds cut it, in SI"),
        ("unit_of_measure", "action", "", "SI unit of the value", "text"),
    ),
)

ONCE: tuple[Variable, ...] = (
    *_of(
        "units",
        "once",
        ("bottleneck_share", "machine", "1", "share of the running time of its line in which the machine limited it"),
        ("range_warnings", "unit warning", "1", "how often a kernel left its valid range", "int"),
        ("lots", "unit", "1", "lots that the line of a machine drew in the whole run, 0 for other units", "int"),
        (
            "recycle_limited_lots",
            "unit",
            "1",
            "lots that took more than .1 % longer than any machine of the line of this name needs, because its recycle does not settle in that time",
            "int",
        ),
    ),
    *_of(
        "balance",
        "once",
        ("initial", "element", "kg", "stock at the start"),
        ("in", "element", "kg", "delivered"),
        ("out", "element", "kg", "left as product or gas"),
        ("stored", "element", "kg", "weighed in all units at the end"),
        ("residual", "element", "kg", "initial + in - out - stored"),
        ("out_by_product", "element product", "kg", "left with each product over the whole run: the deportment of an element is its row over the row's sum"),
        ("material_initial", "material", "kg", "stock at the start"),
        ("material_in", "material", "kg", "delivered"),
        ("material_out", "material", "kg", "left as product or gas"),
        ("material_stored", "material", "kg", "weighed in all units at the end"),
        ("material_source", "material", "kg", "made by conversion: liberated, burnt, dissolved"),
        ("material_residual", "material", "kg", "initial + in + source - out - stored"),
        ("energy_in", "carrier", "J", "drawn from outside, by the meter of each carrier"),
        ("energy_used", "carrier", "J", "used, summed over the units"),
        ("energy_residual", "carrier", "J", "in - used"),
    ),
    *_of(
        "orders",
        "once",
        ("order_product", "order", "", "the product that is ordered; the table is there only where a plant has orders", "text"),
        ("order_name", "order", "", "the name of the order", "text"),
        ("order_mass", "order", "kg", "what is wanted"),
        ("due", "order", "time", "by when"),
        ("done", "order", "time", "when it was loaded, NaN where it was not by the end"),
        ("late", "order", "s", "by how much it was late, 0 where it was not; NaN where it was not loaded by the end"),
    ),
    *_of(
        "accounts",
        "once",
        ("energy_cost", "unit carrier", "EUR", "price of the energy drawn after the warm-up, of carriers whose price is a series; cut where it steps"),
        ("co2", "unit carrier", "kg", "CO2 of the energy drawn after the warm-up, of carriers whose factor is a series; cut where it steps"),
        ("through", "machine", "kg", "mass that went through the machine after the warm-up, recycle included"),
        ("peak_power", "peak", "W", "highest mean power of a whole window of the tariff, of the run or of each month; NaN where there is none"),
        ("peak_time", "peak", "s", "time for which the peak counts"),
        ("settled", "product", "EUR", "worth of the lots that left after the warm-up, of products with a settlement"),
        ("feed_cost", "gate", "EUR", "price of what was taken in after the warm-up, of feeds whose price is a series"),
        ("paid", "product", "EUR", "what was paid after the warm-up for lots that left by then and before, of products with a settlement"),
    ),
    *_of(
        "parameters",
        "once",
        ("path", "parameter", "", "dotted place in the scenario or its catalogues", "text"),
        ("value", "parameter", "unit_of_measure", "value in SI"),
        ("unit_of_measure", "parameter", "", "SI unit of the value", "text"),
        ("basis", "parameter", "", "measured, literature, calibrated or assumed", "text"),
        ("source", "parameter", "", "where the value comes from", "text"),
        ("low", "parameter", "unit_of_measure", "lower end of its range, where one is stated"),
        ("high", "parameter", "unit_of_measure", "upper end of its range, where one is stated"),
    ),
    *_of(
        "summary",
        "once",
        (
            "value",
            "kpi",
            "unit_of_measure",
            "over the record steps that begin at or after the warm-up; NaN where a price or a factor that it needs is not given",
        ),
        ("above", "kpi", "1", "of a ratio, what stands above the line, in SI; NaN of other key figures"),
        ("below", "kpi", "1", "of a ratio, what stands below the line, in SI; NaN of other key figures"),
        ("low", "kpi", "unit_of_measure", "of a share of what was processed: the value if the change of stock is counted as the worse of lost and recovered"),
        ("high", "kpi", "unit_of_measure", "of a share of what was processed: the value if the change of stock is counted as the better of lost and recovered"),
        ("note", "kpi", "", "why there is no value, or what it leaves out", "text"),
        ("unit_of_measure", "kpi", "", "SI unit of the value", "text"),
    ),
    *_of(
        "scenario",
        "once",
        ("yaml", "", "", "the merged scenario", "text"),
        ("file_name", "file", "", "name of a catalogue or CSV that the scenario reads", "text"),
        ("file_text", "file", "", "its contents", "text"),
        ("kpi_inputs", "", "", "what the KPIs need besides the arrays, as JSON: prices, targets, lines", "text"),
    ),
)

VARIABLES: tuple[Variable, ...] = (*SERIES, *ROWS, *ONCE)
"""Every variable of a complete file, besides the coordinates."""

BY_PATH: dict[str, Variable] = {variable.path: variable for variable in VARIABLES}

ADDED: frozenset[str] = frozenset(
    {
        "carbon", "units/gas_carbon", "steam", "units/boiler_steam",
        "cause", "resource", "stop", "stops/number", "stops/down", "gates/unloading", "gates/left", "gates/judged_mass", "gates/passed_offspec",
        "gates/failed_onspec", "resources/in_use", "resources/available", "resources/queue", "resources/wait", "resources/grants", "units/wait_share",
        "units/repair_wait_share", "units/lots", "units/starts", "units/recycle_limited_lots", "accounts/feed_cost", "summary/above", "summary/below",
        "summary/low", "summary/high", "summary/note", "policies/action_time", "policies/action_policy", "policies/asking", "policies/set_point",
        "policies/action_value", "policies/asked", "policies/unit_of_measure",
    },
)  # fmt: skip
"""Paths that were added to this layout later: a file without them is read, and what follows from them is NaN."""

STATE_GROUP = "saved_state"
"""Where a saved state stands, outside the digest. (A group ``state`` would bear the name of the coordinate of ``state_share``.)"""

TEXT_WIDTHS: dict[str, int] = {"events/what": 200, "batches/phase": 32, "batches/limit": 64, "policies/action_policy": 64, "policies/set_point": 128}
"""Bytes of a text column that grows; names of units take the width of the longest one."""


def dims_of(path: str) -> tuple[str, ...]:
    """Return the dimensions of a variable or coordinate; raises ``KeyError`` for what is not in the layout."""
    if path in BY_PATH:
        return BY_PATH[path].dims
    if path in ("time_bounds", "size_bounds"):
        return (path.removesuffix("_bounds"), "bound")
    return ({"time": "time", "summary/kpi": "kpi", **{axis.name: axis.name for axis in AXES}}[path],)


def table_of(name: str) -> tuple[Variable, ...]:
    """Return the columns of a table that grows, e.g. ``table_of("events")``."""
    return tuple(variable for variable in ROWS if variable.group == name)


def as_markdown() -> str:
    """Return the layout as the table that the docs show."""
    lines = ["| variable | dimensions | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `/{axis.name}` | ({axis.name}) | {axis.unit or 'text'} | {axis.long_name} |" for axis in AXES]
    for variable in VARIABLES:
        since = "ns since start" if variable.kind == "int" else "s since start"
        unit = {"": "text", "time": since}.get(variable.unit, variable.unit)
        lines.append(f"| `/{variable.path}` | ({', '.join(variable.dims)}) | {unit} | {variable.long_name} |")
    return "\n".join(lines) + "\n"
