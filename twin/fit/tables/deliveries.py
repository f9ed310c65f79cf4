"""Weighings to deliveries: time, mass as weighed, shares of materials; totals of a day or a month spread over trucks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from twin.errors import TableError
from twin.fit.tables.cells import is_blank, picture
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.composition import Composition, composition_of
from twin.fit.tables.limits import MOST_FAULTS
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Made, Times, number, shown_time, stamp, times_of
from twin.fit.tables.spreading import Delivery, as_they_come

_TONNE = 1000
_MOST = 10**10  # kg


def deliveries(columns: Sequence[Column], options: Options) -> Made:
    """Return the deliveries of a table of weighings. Raises ``TableError``."""
    times = times_of(columns, options)
    named = {role: the_one(columns, role) for role in ("mass", "gross", "tare", "dry", "moisture")}
    made = Made("deliveries", [], [])
    found = composition_of(columns, times.values, made.notes)
    masses = _masses(named, found, times, made.notes, options)
    rows = _rows(columns, times, masses, found, made.notes)
    whole = sum((row.mass for row in rows), Fraction(0))
    rows = as_they_come(rows, found.names, times, options, made.notes)
    made.heading = ["timestamp", "mass_t", *found.names]
    made.rows = [[stamp(row.time), number(row.mass / _TONNE), *map(number, row.shares)] for row in rows]
    what = {"hour": "hours of deliveries", "day": "days of deliveries"}.get(options.every or "", "deliveries")
    made.summary = f"{len(rows)} {what}, {float(whole / _TONNE):,.9g} t, {shown_time(rows[0].time)} to {shown_time(rows[-1].time)}"
    if found.names and not found.assays_only:
        made.summary += _by_material(rows, found, whole)
    return made


def _by_material(rows: Sequence[Delivery], found: Composition, whole: Fraction) -> str:
    sums = [sum((row.mass * row.shares[k] for row in rows), Fraction(0)) for k, name in enumerate(found.names) if "." not in name]
    names = [name for name in found.names if "." not in name]
    return "; " + ", ".join(f"{name} {float(100 * part / whole):.5g} %" for name, part in zip(names, sums, strict=True))


def _masses(named: dict[str, Column | None], found: Composition, times: Times, notes: list[str], options: Options) -> list[Fraction | None]:
    """Return the mass of each row in kg: net, or gross less tare, or the sum over materials; wet, as weighed, or dry."""
    net = _net(named, notes)
    if found.masses is not None:
        net = _with_materials(net, found, notes)
    moisture = named["moisture"]
    wet_shares = moisture.scaled("share") if moisture else None
    dry = named["dry"].scaled("mass") if named["dry"] else None
    if net is None and dry is not None:
        if wet_shares is None:
            if options.basis == "dry":
                return dry
            raise TableError(["there is a dry mass only: map the moisture, or say --basis dry to deliver dry mass"])
        if options.basis == "dry":
            return dry
        notes.append("mass as weighed: dry mass / (1 - moisture)")
        return [None if mass is None else mass / (1 - _moisture(wet_shares[k], moisture, k)) for k, mass in enumerate(dry)]
    if net is None:
        raise TableError(['no column of masses is found: say which, e.g. --map "COLUMN=mass [kg]", or gross and tare, or one for each material'])
    if options.basis == "dry":
        if wet_shares is None:
            raise TableError(['--basis dry needs the moisture: map it, e.g. --map "Feuchte=moisture [%]"'])
        notes.append("dry mass: mass as weighed x (1 - moisture)")
        return [None if mass is None else mass * (1 - _moisture(wet_shares[k], moisture, k)) for k, mass in enumerate(net)]
    if moisture is not None:
        moisture.notes.append("not taken off: masses are as weighed (--basis dry takes it off)")
    return net


def _moisture(share: Fraction | None, column: Column | None, row: int) -> Fraction:
    assert column is not None
    if share is None or not 0 <= share < 1:
        raise TableError([f"column {column.label!r}: line {column.lines[row]}: a moisture from 0 to below 100 % is needed (got {picture(column.cells[row])})"])
    return share


def _net(named: dict[str, Column | None], notes: list[str]) -> list[Fraction | None] | None:
    mass, gross, tare = named["mass"], named["gross"], named["tare"]
    if gross is None or tare is None:
        if mass is None and gross is not None:
            raise TableError([f'column {gross.label!r} is a gross mass, and no tare is found: map it, or --map "{gross.label}=mass"'])
        for column in (gross, tare):
            if column is not None:
                column.notes.append("not used")
        return mass.scaled("mass") if mass else None
    both = [None if a is None or b is None else a - b for a, b in zip(gross.scaled("mass"), tare.scaled("mass"), strict=True)]
    if mass is None:
        notes.append("mass = gross - tare")
        return both
    net = mass.scaled("mass")
    allowed = (gross.step + tare.step + mass.step) / 2
    faults = [
        f"line {mass.lines[k]}: gross less tare is {float(b):g} kg, and net is {float(n):g} kg"
        for k, (n, b) in enumerate(zip(net, both, strict=True))
        if n is not None and b is not None and abs(n - b) > allowed
    ]
    if faults:
        said = f'correct the file, or --map "{tare.label}=ignore" to take net as it stands'
        raise TableError([*faults[:MOST_FAULTS], *([f"{len(faults) - MOST_FAULTS} more such lines"] if len(faults) > MOST_FAULTS else []), said])
    mass.notes.append("is gross less tare")
    return net


def _with_materials(net: list[Fraction | None] | None, found: Composition, notes: list[str]) -> list[Fraction | None]:
    assert found.masses is not None
    sums = found.masses
    if net is None:
        notes.append("mass = sum over the materials")
        return sums
    for k, (whole, parts) in enumerate(zip(net, sums, strict=True)):
        if whole is not None and parts is not None and abs(whole - parts) > found.step:
            raise TableError(
                [f"line {found.lines[k]}: the materials sum to {float(parts):g} kg, and the mass is {float(whole):g} kg: correct it, or map one to ignore"]
            )
    return sums


def _rows(columns: Sequence[Column], times: Times, masses: Sequence[Fraction | None], found: Composition, notes: list[str]) -> list[Delivery]:
    lines = columns[0].lines
    faults: list[str] = []
    rows: list[Delivery] = []
    empty = 0
    for k, (time, mass) in enumerate(zip(times.values, masses, strict=True)):
        if time is None and mass is not None and _is_sum(mass, [row.mass for row in rows]):
            notes.append(f"line {lines[k]} left out: it has no date, and its mass is the sum of those above")
        elif time is None or mass is None:
            if time is None and mass is None and all(is_blank(column.cells[k]) for column in columns if column.role):
                continue
            faults.append(f"line {lines[k]} has no {'date' if time is None else 'mass'}: fill it in, or take the line out")
        elif mass < 0:
            faults.append(f"line {lines[k]}: the mass is negative ({float(mass):g} kg): a weighing out of the plant is no delivery; take the line out")
        elif mass > _MOST:
            faults.append(f"line {lines[k]}: {float(mass / _TONNE):.6g} t is no mass of a delivery (at most {_MOST // _TONNE} t): is the unit right?")
        elif mass == 0:
            empty += 1
        else:
            rows.append(Delivery(time, lines[k], mass, found.row(k)))
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], f"{len(faults) - MOST_FAULTS} more lines are wrong"]
    if faults:
        raise TableError(faults)
    if empty:
        notes.append(f"{empty} row{'s' * (empty > 1)} with a mass of 0 left out")
    if not rows:
        raise TableError(["no row has a mass above 0: there is nothing to deliver"])
    return rows


def _is_sum(mass: Fraction, above: Sequence[Fraction]) -> bool:
    return len(above) > 0 and abs(sum(above, Fraction(0)) - mass) <= Fraction(1, 1000) * mass
