"""What a column is read as: by a mapping that a person gives, else by its name and its cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.fit.tables.numerals import Decimal
from twin.fit.tables.units import Unit, unit_of
from twin.quantities import shown
from twin.scenario.problems import nearest

KINDS = ("deliveries", "stops", "sieve", "assays")
_WORDS: dict[str, dict[str, str]] = {
    "deliveries": {
        "time": "timestamp time zeit zeitpunkt zeitstempel datetime datumzeit datumuhrzeit datezeit datetimestamp wiegezeit wiegezeitpunkt zeitpunktwaegung",
        "date": "date datum tag day monat month wiegedatum lieferdatum deliverydate belegdatum datumwaegung probedatum sampledate probenahme probenahmedatum",
        "clock": "uhrzeit clock timeofday wiegeuhrzeit",
        "mass": "mass masse netto net nett nettogewicht nettomasse netweight netmass gewicht weight menge tonnage tonnes tonnen quantity nettomenge "
        "liefermenge massnet anliefermenge wetmass nassmasse wetweight nassgewicht feuchtmasse feuchtgewicht",
        "gross": "brutto gross bruttogewicht grossweight grossmass bruttomasse vollgewicht fullweight",
        "tare": "tara tare taragewicht tareweight leergewicht emptyweight taremass taramasse",
        "dry": "dry drymass trockenmasse trockengewicht dryweight ts trockensubstanz atro",
        "moisture": "moisture feuchte feuchtigkeit wassergehalt watercontent feuchtegehalt moisturecontent wasseranteil",
    },
    "stops": {
        "machine": "machine maschine anlage aggregat equipment asset anlagenteil station betriebsmittel unit",
        "begin": "begin beginn start von from starttime startzeit begintime stoerbeginn stoerungsbeginn anfang stopbegin stoppedat",
        "end": "end ende bis to until endtime endzeit stoerende stoerungsende stopend restart wiederanlauf",
        "duration": "duration dauer downtime ausfallzeit stillstandszeit stillstand stoerdauer minutes minuten stoerungsdauer stillstandsdauer",
        "reason": "reason grund ursache cause stoergrund stoerungsgrund stoerung fehler stoerungsart stoerungsursache failure fault fehlertext meldung",
        "copy": "copy",
    },
    "sieve": {
        "size": "sievesize meshsize "
        "size sieve mesh sieb siebweite maschenweite aperture opening korngroesse sizemm partikelgroesse particlesize siebgroesse diameter lochweite",
        "lower": "sizeretained retainedsize lower unten untergrenze dmin unterkorn lowersize retainedon minsize kleiner",
        "upper": "sizepassing passingsize upper oben obergrenze dmax oberkorn uppersize maxsize passed",
        "passing": "passing durchgang siebdurchgang cumulativepassing cumpassing finer undersize passingcumulative durchgangssumme percentpassing "
        "summendurchgang",
        "coarser": "cumulativeretained cumretained retainedcumulative rueckstandssumme siebrueckstandssumme oversize kumulierterrueckstand summenrueckstand",
        "retained": "retained rueckstand siebrueckstand mass masse massretained retainedmass fraction anteil massenanteil weightretained percentretained share "
        "masspct einzelrueckstand gewicht weight",
    },
}
_WORDS["assays"] = {key: _WORDS["deliveries"][key] for key in ("time", "date", "clock")} | {"sample": "sample probe probennummer sampleid probeid probenr"}
ROLES: dict[str, tuple[str, ...]] = {kind: tuple(words) for kind, words in _WORDS.items()}
_BY_WORD = {kind: {word: role for role, words in table.items() for word in words.split()} for kind, table in _WORDS.items()}
_NUMBERED = re.compile(
    r"(.*(nr|no|num|id|nummer|number|code|district|plz|zip|avv|ewc|schluessel|lfd|beleg|ticket|index|kunde|customer|telefon|phone|konto|anzahl|count|stueck|pieces|axles|achsen|jahr|year|kw|woche|week))",
    re.DOTALL,
)
IGNORED = "ignore"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[A-Z][a-z]?)?")
_LONGEST_NAME = 60
_ROLE = re.compile(r"[a-z][a-z0-9_]*(\.[A-Z][a-z]?)?|[A-Z][a-z]?")


@dataclass(frozen=True)
class Entry:
    """What a mapping says of a column: its role or material, its unit, its decimal sign; None where nothing is said."""

    role: str | None = None
    unit: Unit | None = None
    decimal: Decimal | None = None


@dataclass(frozen=True)
class ColumnMap:
    """Entries by the heading of a column (or ``#3`` for the third)."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def entry(self, heading: str, position: int) -> Entry:
        """Return what is said of a column."""
        return self.entries.get(heading) or self.entries.get(f"#{position}") or Entry()

    def check(self, headings: Sequence[str]) -> None:
        """Raise ``UsageError`` where a column is mapped that is not there."""
        places = [f"#{k}" for k in range(1, len(headings) + 1)]
        for key in self.entries:
            if key not in headings and key not in places:
                raise UsageError(f"a mapping names the column {shown(key)}; {nearest(key, [*filter(None, headings)])}")


def word_of(name: str) -> str:
    """Return a name without case, marks and blanks, umlauts spelled out: ``Störungs-Beginn`` is ``stoerungsbeginn``."""
    spelled = name.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = unicodedata.normalize("NFKD", spelled)
    return re.sub(r"[^a-z0-9]", "", plain)


def role_of(name: str, kind: str) -> str | None:
    """Return the role that a column's name says, None where it is not known.

    >>> role_of("Brutto", "deliveries"), role_of("Kennzeichen", "deliveries")
    ('gross', None)
    """
    return _BY_WORD[kind].get(word_of(name))


def is_numbered(name: str) -> bool:
    """Whether a name is that of a number which measures nothing: of a ticket, a customer, a waste code."""
    return _NUMBERED.fullmatch(word_of(name)) is not None


def material_of(name: str) -> str | None:
    """Return a column's name as that of a material, or of a material's element (``pcb.Cu``); None where it cannot be one."""
    if len(name) > _LONGEST_NAME:
        return None
    if _NAME.fullmatch(name):
        return name
    spelled = name.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()).strip("_")
    return plain if _NAME.fullmatch(plain) else None


def read_entry(text: str) -> tuple[str, Entry]:
    """Return the column and the entry of ``--map``: ``Netto kg=mass``, ``PAPERTONS=paper [short ton]``, ``Platz=ignore``. Raises ``UsageError``."""
    column, equals, said = text.rpartition("=")
    if not equals or not column.strip() or not said.strip():
        raise UsageError(f'--map needs COLUMN=ROLE, e.g. "Netto kg=mass" or "Papier=paper [short ton]" (got {shown(text)})')
    role, bracket, unit = said.partition("[")
    return column.strip(), _entry(role.strip(), unit.rstrip(" ]") if bracket else None, None, f"--map {shown(text)}")


def _entry(role: object, unit: object, decimal: object, place: str) -> Entry:
    if role is not None and (not isinstance(role, str) or not _ROLE.fullmatch(role)):
        raise UsageError(f"{place}: a role, the name of a material or 'ignore' is needed (got {shown(role)})")
    if decimal not in (None, "comma", "point"):
        raise UsageError(f"{place}: decimal is 'comma' or 'point' (got {shown(decimal)})")
    found = None
    if unit is not None:
        found = unit_of(str(unit))
        if found is None:
            raise UsageError(f"{place}: {shown(unit)} is no unit that is known, e.g. kg, t, lb, short ton, %, mm, min")
    return Entry(role or None, found, decimal)


def read_mapping(path: Path) -> tuple[dict[str, Entry], dict[str, Any]]:
    """Return the columns of a mapping file, and its other options by name. Raises ``UsageError``, ``ScenarioError``.

    ``columns: {Netto [kg]: mass, Preis: {role: ignore}, Brutto: {role: gross, unit: kg, decimal: comma}}``, beside ``kind``, ``decimal``, ``dates``, ``zone``,
    ``repeated_hour``, ``encoding``, ``separator``, ``sheet``, ``trucks``, ``basis``, ``only``,
    ``from``, ``to``, ``every``, ``hours``.
    """
    from twin.scenario.tables import read_text
    from twin.scenario.yaml_source import parse_yaml

    tree: Any = parse_yaml(read_text(path, path.name), path.name).plain()
    if not isinstance(tree, dict):
        raise UsageError(f"{path.name}: a mapping is needed, e.g. columns: {{Netto [kg]: mass}}")
    for key in tree:
        if key != "columns" and key not in OPTIONS:
            raise UsageError(f"{path.name}: unknown key {shown(key)}; {nearest(str(key), ('columns', *OPTIONS))}")
    columns = tree.get("columns") or {}
    if not isinstance(columns, dict):
        raise UsageError(f"{path.name}: 'columns' is a mapping of headings to roles (got {shown(columns)})")
    entries = {}
    for heading, said in columns.items():
        place = f"{path.name}: column {shown(heading)}"
        if isinstance(said, dict):
            for key in said:
                if key not in ("role", "unit", "decimal"):
                    raise UsageError(f"{place}: unknown key {shown(key)}; {nearest(str(key), ('role', 'unit', 'decimal'))}")
            entries[str(heading)] = _entry(said.get("role"), said.get("unit"), said.get("decimal"), place)
        else:
            entries[str(heading)] = read_entry(f"{heading}={said}")[1]
    return entries, {key: value for key, value in tree.items() if key != "columns"}


OPTIONS = ("kind", "decimal", "dates", "zone", "repeated_hour", "encoding", "separator", "sheet", "trucks", "basis", "only", "from", "to", "every", "hours")
"""What a mapping file may say beside its columns."""
