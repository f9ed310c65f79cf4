"""What the links of a cluster did, at the root of its file in the group ``links``; a cluster without links has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError
from twin.materials import ELEMENTS
from twin.results.create import text_array, text_type

Floats = NDArray[np.float64]
GROUP = "links"
COUNTS = {"trips": "loads that left the sender", "unloaded": "loads that the receiver took in", "turned_away": "loads that its gate did not take"}
MASSES = {"sent": "sent", "received": "taken in", "refused": "turned away at the gate", "under_way": "under way at the end, or waiting at the gate"}
VALUE = "value"
LOTS = {
    "sent": "place of the link, number of its load, lot of the sender that is in it",
    "taken": "place of the link, number of its load, lot of the receiver that it became",
}


WINDOW = {
    "distance": ("m", "driven, loaded and empty"),
    "mass": ("kg", "taken in by the receiver"),
    "worth": ("EUR", "paid by the receiver for it, by the link's own terms"),
    "energy": ("J", "of fuel"),
    "cost": ("EUR", "of driving, fuel included"),
    "co2": ("kg", "of fuel"),
    "loaded": ("kg", "loaded at the sender"),
}
"""What is told of a link for the window of key figures, with unit and meaning."""


@dataclass(frozen=True)
class Moved:
    """What a link did after the warm-up: m driven, kg taken in, EUR paid for it, J of fuel, EUR of driving, kg CO2 of fuel, kg loaded."""

    distance: float
    mass: float
    worth: float
    energy: float = 0.0
    cost: float = 0.0
    co2: float = 0.0
    loaded: float = 0.0


@dataclass(frozen=True)
class Carried:
    """Which lots of the sender became which of the receiver: ``sent`` (load, lot of the sender) and ``taken`` (load, lot of the receiver), loads from 1 on.

    A load that was turned away is in ``sent`` alone. Empty for a site that keeps no lots.
    """

    sent: tuple[tuple[int, int], ...] = ()
    taken: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Found:
    """What a receiver found at its gate, and paid for: kg by element (element,) of all loads; of each load its number, kg that it held and kg that the bridge
    showed; and kg that it showed in the window of key figures."""

    by_element: Floats
    loads: tuple[tuple[int, float, float], ...]
    weighed: float


@dataclass(frozen=True)
class Haul:
    """What a link did: ``trips`` that left, ``unloaded`` and ``turned_away`` loads; masses by element (element,), kg; ``value`` EUR of what was received.

    These count from the start of the run on, as ``carried`` does; ``moved`` in the window of key figures.
    """

    trips: int
    unloaded: int
    turned_away: int
    sent: Floats
    received: Floats
    refused: Floats
    under_way: Floats
    value: float
    moved: Moved
    carried: Carried = Carried()
    found: Found | None = None
    """None where loads are neither weighed nor sampled."""


def write_written(file: Any, links: Mapping[str, str]) -> None:
    """Write the links as they stand in the scenario, as JSON by name."""
    if links:
        _texts(file, "link", list(links), "link")
        _texts(file, "written", list(links.values()), "the link as written, JSON")


def write_hauls(file: Any, hauls: Sequence[Haul]) -> None:
    """Write what links did, in the order of their names."""
    if not hauls:
        return
    _texts(file, "element", list(ELEMENTS), "element")
    for name, text in COUNTS.items():
        _values(file, name, np.array([getattr(haul, name) for haul in hauls], dtype="i8"), text, "1")
    for name, text in MASSES.items():
        _values(file, name, np.array([getattr(haul, name) for haul in hauls], dtype="f8"), f"mass by element {text}", "kg")
    for name, (unit, text) in WINDOW.items():
        _values(file, f"window_{name}", np.array([getattr(haul.moved, name) for haul in hauls], dtype="f8"), f"after the warm-up: {text}", unit)
    for name, text in LOTS.items():
        rows = [(place, *pair) for place, haul in enumerate(hauls) for pair in getattr(haul.carried, name)]
        if rows:
            _values(file, f"lots_{name}", np.array(rows, dtype="i8"), text, "1")
    _write_found(file, hauls)
    _values(file, VALUE, np.array([haul.value for haul in hauls], dtype="f8"), "what the receiver pays for what it took in, by the link's own terms", "EUR")


def _write_found(file: Any, hauls: Sequence[Haul]) -> None:
    """Write what receivers found, where any weighs or samples; of links that do not, no numbers."""
    if all(haul.found is None for haul in hauls):
        return
    blank = np.full(len(ELEMENTS), np.nan)
    rows = [(float(place), *row) for place, haul in enumerate(hauls) if haul.found is not None for row in haul.found.loads]
    by_element = np.array([blank if haul.found is None else haul.found.by_element for haul in hauls])
    _values(file, "found", by_element, "mass by element taken in, as it was weighed and sampled", "kg")
    weighed = np.array([np.nan if haul.found is None else haul.found.weighed for haul in hauls])
    _values(file, "window_weighed", weighed, "after the warm-up: taken in, as it was weighed", "kg")
    _values(file, "weighed", np.array(rows).reshape(-1, 4), "place of the link, number of its load, mass that it held, mass that the weighbridge showed", "kg")


def _found_in(file: Any, links: int) -> list[Found | None]:
    if f"{GROUP}/found" not in file:
        return [None] * links
    by_element = _array(file, "found", (links, len(ELEMENTS)), "f")
    weighed, rows = _array(file, "window_weighed", (links,), "f"), file.get(f"{GROUP}/weighed")
    if getattr(rows, "ndim", 0) != 2 or rows.shape[1] != 4 or rows.dtype.kind != "f":
        raise FileError(f"{file.filename}: links/weighed is no table of loads: twin did not write this file, or it was changed")
    table = rows[...].tolist()
    loads = [tuple((int(load), held, shown) for link, load, held, shown in table if link == place) for place in range(links)]
    return [None if np.isnan(weighed[k]) else Found(by_element[k], loads[k], float(weighed[k])) for k in range(links)]


def links_in(file: Any) -> dict[str, str]:
    """Return the links of a file as they were written, by name. Raises ``FileError``."""
    if f"{GROUP}/link" not in file:
        return {}
    names, written = (_read_texts(file, key) for key in ("link", "written"))
    if len(names) != len(written) or len(dict.fromkeys(names)) != len(names):
        raise FileError(f"{file.filename}: its links do not fit their names: twin did not write this file, or it was changed")
    return dict(zip(names, written, strict=True))


def hauls_in(file: Any) -> dict[str, Haul]:
    """Return what each link of a finished run did. Raises ``FileError``."""
    names = list(links_in(file))
    if not names:
        return {}
    columns = {name: _array(file, name, (len(names),), "i") for name in COUNTS}
    columns |= {name: _array(file, name, (len(names), len(ELEMENTS)), "f") for name in MASSES}
    blank = np.full(len(names), np.nan)  # files of before these were kept
    columns |= {name: _array(file, f"window_{name}", (len(names),), "f") if f"{GROUP}/window_{name}" in file else blank for name in WINDOW}
    columns[VALUE] = _array(file, VALUE, (len(names),), "f")
    found, findings = {}, _found_in(file, len(names))
    for place, name in enumerate(names):
        trips, unloaded, turned_away = (int(columns[key][place]) for key in COUNTS)
        sent, received, refused, under_way = (columns[key][place] for key in MASSES)
        moved = Moved(*(float(columns[key][place]) for key in WINDOW))
        value, carried = float(columns[VALUE][place]), Carried(*(_pairs(file, key, place, len(names)) for key in LOTS))
        found[name] = Haul(trips, unloaded, turned_away, sent, received, refused, under_way, value, moved, carried, findings[place])
    return found


def _pairs(file: Any, name: str, place: int, links: int) -> tuple[tuple[int, int], ...]:
    """The pairs of load and lot of the link at a ``place`` among so many ``links``; none where none are kept."""
    if f"{GROUP}/lots_{name}" not in file:
        return ()
    rows = file[f"{GROUP}/lots_{name}"]
    if getattr(rows, "ndim", 0) != 2 or rows.shape[1] != 3 or rows.dtype.kind != "i":
        raise FileError(f"{file.filename}: links/lots_{name} is no table of lots: twin did not write this file, or it was changed")
    return tuple((load, lot) for link, load, lot in rows[...].tolist() if link == place)


def _texts(file: Any, name: str, texts: Sequence[str], what: str) -> None:
    labels = text_array(list(texts))
    dataset = file.create_dataset(f"{GROUP}/{name}", data=labels, dtype=text_type(labels.dtype.itemsize))
    dataset.attrs["long_name"] = what


def _values(file: Any, name: str, values: Any, what: str, unit: str) -> None:
    dataset = file.create_dataset(f"{GROUP}/{name}", data=values)
    dataset.attrs.update({"long_name": what, "units": unit})


def _array(file: Any, name: str, shape: tuple[int, ...], kind: str) -> Any:
    found = file.get(f"{GROUP}/{name}")
    if found is None or getattr(found, "shape", None) != shape or found.dtype.kind != kind:
        raise FileError(f"{file.filename}: links/{name} is missing or not of the shape {shape}: twin did not write this file, or it was changed")
    return found[...]


def _read_texts(file: Any, name: str) -> list[str]:
    found = file.get(f"{GROUP}/{name}")
    if found is None or getattr(found, "ndim", 0) != 1 or found.dtype.kind != "S":
        raise FileError(f"{file.filename}: links/{name} is missing or no list of texts: twin did not write this file, or it was changed")
    return [text.decode("utf-8", "replace") for text in found[...].tolist()]
