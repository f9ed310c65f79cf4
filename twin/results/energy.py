"""What power and heat did in a cluster, at the root of its file in the group ``energy``; a cluster without networks has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError
from twin.results.create import text_array, text_type

GROUP = "energy"
WRITTEN, FILE_NAMES, FILE_TEXTS = "written", "file_name", "file_text"
HYPOTHETICAL_HEAT = "hypothetical_heat"
"""Attribute of the sites of a cluster whose heat network is assumed and not there: every report says so."""
Values = NDArray[Any] | tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """An array of the file: its unit, ``1`` for counts and texts, and what it is."""

    units: str
    what: str


STOCKS = (
    ("stock", "1", "tanks, by name"),
    ("of", "1", "what each holds: site and carrier, or oxygen plant"),
    ("capacity", "", "what it holds at most"),
    ("first", "", "what it held at the end of the warm-up"),
    ("delivered", "", "what was delivered since then"),
    ("turned_back", "", "what of deliveries did not fit"),
    ("used", "", "what was drawn from it"),
    ("lacking", "", "used by burners that held a waiting bath, and not there"),
    ("last", "", "what it held at the end"),
    ("lowest", "", "the least that it held"),
    ("deliveries", "1", "how many came"),
    ("paid", "EUR", "paid for what was delivered"),
    ("worth", "EUR", "what that cost which was drawn, at the mean price of what lay there"),
    ("waited", "s", "time that units waited since there was not enough for them, together"),
    ("time", "s", "end of each step"),
    ("content", "", "what each held at the end of each step, from the start of the run"),
)
"""Name, unit (that of the amounts, where none stands here) and meaning of what is told of tanks, of fuels and of oxygen."""

COLUMNS: Mapping[str, Column] = {
    "power/source": Column("1", "who draws electricity: sites, and the heat network"),
    "power/energy": Column("J", "electricity drawn by source, since the warm-up"),
    "power/tariff_cost": Column("EUR", "price of that at the tariff, by source, as if all came from the grid"),
    "power/drawn": Column("J", "electricity drawn in all"),
    "power/from_grid": Column("J", "of that from the grid"),
    "power/own_used": Column("J", "of that from own power"),
    "power/fed_in": Column("J", "own power fed into the grid"),
    "power/cost": Column("EUR", "price of what came from the grid"),
    "power/income": Column("EUR", "paid for what was fed in"),
    "power/co2": Column("kg", "CO2 of what came from the grid, scope 2"),
    "power/highest": Column("W", "the highest power drawn at once, without what is drawn in no time"),
    "power/highest_from_grid": Column("W", "the same from the grid"),
    "power/time": Column("s", "end of each step"),
    "power/load": Column("W", "mean power by step and source, from the start of the run"),
    "power/grid": Column("W", "mean power from the grid by step"),
    "power/fed": Column("W", "mean power fed in by step"),
    "heat/source": Column("1", "heat that is there anyway"),
    "heat/offered": Column("J", "what there was, by source, since the warm-up"),
    "heat/taken": Column("J", "what was taken"),
    "heat/wasted": Column("J", "what was not"),
    "heat/source_cost": Column("EUR", "paid for what was taken"),
    "heat/source_co2": Column("kg", "CO2 that counts for what was taken"),
    "heat/boiler": Column("1", "what makes heat"),
    "heat/made": Column("J", "heat made by boiler"),
    "heat/used": Column("J", "of its carrier"),
    "heat/boiler_cost": Column("EUR", "price of that; of electricity at the tariff, which is in power/cost too"),
    "heat/boiler_co2": Column("kg", "CO2 of that; of electricity it is in power/co2 too"),
    "heat/electric": Column("1", "whether the carrier is electricity"),
    "heat/biogenic": Column("1", "whether its CO2 is biogenic"),
    "heat/user": Column("1", "who uses heat"),
    "heat/wanted": Column("J", "what they wanted"),
    "heat/served": Column("J", "what they got"),
    "heat/income": Column("EUR", "what they paid"),
    "heat/pipe_loss": Column("J", "lost by the pipe"),
    "heat/lacking": Column("J", "wanted and not there, by users and the pipe"),
    "heat/tank_lost": Column("J", "lost by the tank"),
    "heat/tank_first": Column("J", "what the tank held at the end of the warm-up"),
    "heat/tank_last": Column("J", "what it held at the end"),
    "heat/tank_rounded": Column("J", "put into the tank where it was full or empty between two nanoseconds"),
    "heat/capacity": Column("J", "what the tank holds at most"),
    "heat/closure": Column("1", "what came less what went and is stored, over what came"),
    "heat/solves": Column("1", "how often all powers were set"),
    "heat/hypothetical": Column("1", "whether the network is assumed and not there"),
    "heat/arrival": Column("K", "temperature of the water at the end of the pipe, at the end of the run"),
    "heat/time": Column("s", "end of each step"),
    "heat/offered_by_step": Column("W", "mean by step and source, from the start of the run"),
    "heat/taken_by_step": Column("W", "mean by step and source"),
    "heat/made_by_step": Column("W", "mean by step and boiler"),
    "heat/served_by_step": Column("W", "mean by step and user"),
    "heat/tank_by_step": Column("W", "mean given to the tank by step, below 0 taken from it"),
    "heat/lacking_by_step": Column("W", "mean by step"),
    "heat/content": Column("J", "what the tank holds at the end of each step"),
    "heat/event_time": Column("s", "when something happened to the tank or a boiler"),
    "heat/event": Column("1", "what"),
    **{f"{group}/{name}": Column(unit or own, what) for group, own in (("fuels", "J"), ("oxygen", "Nm3")) for name, unit, what in STOCKS},
}
"""Everything that a file may have below ``/energy``; sums are over the time after the warm-up."""


@dataclass(frozen=True)
class EnergyAccount:
    """What the networks did: arrays and texts by the names of :data:`COLUMNS`, of those networks that there are."""

    values: Mapping[str, Values] = field(default_factory=dict)

    @property
    def has_power(self) -> bool:
        """Whether there is a power network."""
        return "power/energy" in self.values

    @property
    def has_heat(self) -> bool:
        """Whether there is a heat network."""
        return "heat/closure" in self.values

    def stocks(self) -> Iterator[tuple[str, str, str, Mapping[str, float]]]:
        """Yield group (``fuels``, ``oxygen``), name, SI unit of amounts, and the numbers of each tank."""
        for group, unit in (("fuels", "J"), ("oxygen", "Nm3")):
            for place, name in enumerate(self.names(f"{group}/stock") if f"{group}/stock" in self.values else ()):
                told = [key for key, *_ in STOCKS if key not in ("stock", "of", "time", "content") and f"{group}/{key}" in self.values]
                yield group, name, unit, {key: float(np.asarray(self.values[f"{group}/{key}"])[place]) for key in told}

    def places(self) -> dict[str, tuple[str, str]]:
        """Site and carrier, or oxygen plant, of each tank by name."""
        found: dict[str, tuple[str, str]] = {}
        for group in ("fuels", "oxygen"):
            if f"{group}/of" in self.values:
                parts = (place.partition(".") for place in self.names(f"{group}/of"))
                found |= {name: (site, what) for name, (site, _, what) in zip(self.names(f"{group}/stock"), parts, strict=True)}
        return found

    def number(self, name: str) -> float:
        """A single value, or the sum of several."""
        return float(np.sum(self.values[name]))

    def names(self, name: str) -> tuple[str, ...]:
        """The labels of an axis."""
        return tuple(self.values[name])

    def by_name(self, axis: str, name: str) -> dict[str, float]:
        """Values of ``name`` by the labels of ``axis``."""
        return dict(zip(self.names(axis), np.asarray(self.values[name]).tolist(), strict=True))


@dataclass(frozen=True)
class StoredEnergy:
    """The networks as they were written, JSON ("" where there are none), and the texts of the files that they and links read."""

    written: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def write_stored(file: Any, stored: StoredEnergy) -> None:
    """Write the networks as they stand in the scenario."""
    if stored.written:
        _text(file, WRITTEN, (stored.written,), "the networks as written, JSON")
    if stored.files:
        _text(file, FILE_NAMES, tuple(stored.files), "files that networks and links read")
        _text(file, FILE_TEXTS, tuple(stored.files.values()), "their texts")


def write_account(file: Any, account: EnergyAccount) -> None:
    """Write what the networks did."""
    for name, values in account.values.items():
        column = COLUMNS[name]
        if isinstance(values, tuple):
            _text(file, name, values, column.what)
        else:
            file.create_dataset(f"{GROUP}/{name}", data=values).attrs.update({"long_name": column.what, "units": column.units})


def stored_in(file: Any) -> StoredEnergy:
    """Return the networks of a file as they were written. Raises ``FileError``."""
    (written,) = (_texts(file, WRITTEN) or ("",)) if f"{GROUP}/{WRITTEN}" in file else ("",)
    if f"{GROUP}/{FILE_NAMES}" not in file:
        return StoredEnergy(written)
    names, texts = _texts(file, FILE_NAMES), _texts(file, FILE_TEXTS)
    if len(names) != len(texts):
        raise FileError(f"{file.filename}: the files of its energy networks do not fit their names: twin did not write this file, or it was changed")
    return StoredEnergy(written, dict(zip(names, texts, strict=True)))


def account_in(file: Any) -> EnergyAccount:
    """Return what the networks of a finished run did; nothing in it where there are none. Raises ``FileError``."""
    found: dict[str, Values] = {}
    for name in COLUMNS:
        if f"{GROUP}/{name}" in file:
            dataset = file[f"{GROUP}/{name}"]
            if not hasattr(dataset, "dtype"):
                raise FileError(f"{file.filename}: energy/{name} is no array: twin did not write this file, or it was changed")
            found[name] = _texts(file, name) if dataset.dtype.kind == "S" else np.asarray(dataset[...])
    return EnergyAccount(found)


def _text(file: Any, name: str, texts: tuple[str, ...], what: str) -> None:
    labels = text_array(list(texts))
    dataset = file.create_dataset(f"{GROUP}/{name}", data=labels, dtype=text_type(labels.dtype.itemsize))
    dataset.attrs["long_name"] = what


def _texts(file: Any, name: str) -> tuple[str, ...]:
    found = file.get(f"{GROUP}/{name}")
    if found is None or getattr(found, "ndim", 0) != 1 or found.dtype.kind != "S":
        raise FileError(f"{file.filename}: energy/{name} is missing or no list of texts: twin did not write this file, or it was changed")
    return tuple(text.decode("utf-8", "replace") for text in found[...].tolist())
