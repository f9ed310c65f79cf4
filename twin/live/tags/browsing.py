"""Makes a first tags file of what an OPC UA server has: quantities guessed by name where that is sure enough, all else commented out."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from twin.errors import FileError, UsageError
from twin.live.addresses import server_address
from twin.live.extra import need
from twin.plant.build import build
from twin.plant.observe import Observer
from twin.plant.translation import Translation
from twin.scenario import Scenario
from twin.scenario.quantity_names import names

MOST_NODES = 5000
DEEPEST = 8
PATIENCE = 10.0
_UNITS = {"level": "t", "flow": "t/h", "power": "kW", "state": "1", "load": "%", "queue": "1", "share": "%"}
_WORDS = {
    "level": ("level", "stock", "fill", "silo", "bunker"),
    "power": ("power", "kw"),
    "flow": ("flow", "rate", "belt"),
    "state": ("state", "runs", "running"),
}
_NUMBERS = ("Float", "Double", "Int16", "Int32", "Int64", "UInt16", "UInt32", "UInt64", "Byte", "SByte")


class Found(NamedTuple):
    """A variable of a server: its node and its name with those of the folders above, e.g. plant/yard/level."""

    node: str
    name: str


def browse(address: str) -> list[Found]:
    """Return the numeric variables of a server, at most 5000, without those about the server itself. Raises ``FileError`` where it does not answer."""
    asyncua = need("asyncua", "OPC UA")
    server_address(address)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(_browse(asyncua, address))
    except (OSError, TimeoutError, asyncua.ua.UaError) as error:
        raise FileError(f"{address}: the server cannot be browsed ({type(error).__name__} {error}); check address, port and security") from None


async def _browse(asyncua: Any, address: str) -> list[Found]:
    ua = asyncua.ua
    found: list[Found] = []
    seen: set[str] = set()

    async def walk(node: Any, path: tuple[str, ...]) -> None:
        key = node.nodeid.to_string()
        if key in seen or len(path) > DEEPEST or len(found) >= MOST_NODES:
            return
        seen.add(key)
        for child in await node.get_children():
            if child.nodeid.NamespaceIndex == 0:  # what every server has: itself, types, views
                continue
            name = (await child.read_browse_name()).Name or ""
            if await child.read_node_class() == ua.NodeClass.Variable:
                kind = await child.read_data_type_as_variant_type()
                if kind.name in _NUMBERS and len(found) < MOST_NODES:
                    found.append(Found(child.nodeid.to_string(), "/".join((*path, name))))
            else:
                await walk(child, (*path, name))

    client = asyncua.Client(address, timeout=PATIENCE)
    async with client:
        await walk(client.nodes.objects, ())
    return found


def quantities_of(scenario: Scenario) -> list[str]:
    """Return the names of quantities that an instrument of the plant may show."""
    built = build(scenario, 0)
    observer = Observer(built, Translation(built))
    known = names(observer.axes, {})
    return [name for name in known if name.partition(".")[0] in _UNITS]


def guess(name: str, quantities: Iterable[str]) -> str:
    """Return the quantity that a signal's name names for sure, "" where none or several are as likely.

    All words of the unit must be in the name, and a word for what is measured.

    >>> guess("Plant/YARD_Level", ["level.yard", "level.steel_bay", "power.magnet"]), guess("TT_4711", ["level.yard"])
    ('level.yard', '')
    """
    words = _words(name)
    joined = "".join(words)
    best: list[tuple[int, str]] = []
    for quantity in quantities:
        kind, _, unit = quantity.partition(".")
        own = _words(unit)
        if not own or not all(word in words for word in own):
            continue
        if not (set(_WORDS.get(kind, (kind,))) & set(words)) and joined != "".join([kind, *own]):
            continue
        best.append((sum(map(len, own)), quantity))
    most = max((size for size, _ in best), default=0)
    first = [quantity for size, quantity in best if size == most]
    return first[0] if len(first) == 1 else ""


def _words(text: str) -> list[str]:
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]


def first_tags(scenario: Scenario, scenario_file: str, address: str, found: Sequence[Found]) -> str:
    """Return the text of a tags file. Raises ``UsageError`` where the server has no numeric variable."""
    if not found:
        raise UsageError(f"{address}: has no numeric variable that a tag could name")
    known = quantities_of(scenario)
    lines = [
        "# A first tags file, made by browsing. Check every line: what a signal shows was guessed by its name, and its error is not known.",
        "live: 1",
        "plant:",
        f"  scenario: {json.dumps(scenario_file)}",
        f'  start: "{scenario.start:%Y-%m-%dT%H:%M}Z"  # the time of the plant\'s clock that is the start of the scenario',
        "sources:",
        f"  server: {{opcua: {json.dumps(address)}}}",
        "tags:",
    ]
    guessed, unknown, taken = [], [], set()
    for variable in found:
        quantity = guess(variable.name, known)
        signal = json.dumps(variable.name, ensure_ascii=True)
        where = f"address: {json.dumps(variable.node, ensure_ascii=True)}"
        if quantity and quantity not in taken:
            taken.add(quantity)
            guessed.append(f"  {signal}: {{quantity: {quantity}, unit: '{_UNITS[quantity.partition('.')[0]]}', {where}}}  # unit? error?")
        else:
            unknown.append(f"  # {signal}: {{quantity: ?, unit: ?, {where}}}")
    if not guessed:
        lines[-1] = "tags: {}  # write the tags here: none of the names says what it shows"
    return "\n".join([*lines, *guessed, *unknown]) + "\n"
