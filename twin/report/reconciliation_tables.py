"""The tables and sentences of a page of reconciliation, in its language. Numbers stand as the engine writes them; the page puts their marks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.fit.reconcile import Reconciliation, Row
from twin.fit.reconcile.closing import PLANT, Loss
from twin.fit.reconcile.outcome import shown_bias, suspected
from twin.fit.reconcile.worth import NEW_ERROR, Worth
from twin.quantities import format_quantity
from twin.report.language import Language
from twin.report.tables import Table


def named(row: Row) -> str:
    """A quantity, and its instrument where that has another name."""
    return row.name if row.instrument in ("", row.name) else f"{row.name} ({row.instrument})"


def _shown(value: float, si: str) -> str:
    return "–" if math.isnan(value) else format_quantity(value, si)


def _plain(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def _window(found: Reconciliation, words: Language) -> str:
    assert found.window is not None
    return words.date(found.window.begin).removesuffix(" 00:00")


# -- sentences -----------------------------------------------------------------------------------------------------------------------------


def verdict(found: Reconciliation, words: Language) -> str:
    """Whether the data agree, as :attr:`~twin.fit.reconcile.Reconciliation.verdict` says it in English."""
    if not found.tests.suspects:
        return words.say(found.verdict)
    told = []
    for suspect in found.tests.suspects:
        core = words.say(suspected(suspect)[0])
        nodes = f" {words('reconcile.or')} ".join(suspect.nodes)
        told.append(words("reconcile.or_loses", told=core, nodes=nodes) if nodes else core)
    return words("reconcile.differ_left" if found.left_out else "reconcile.differ", told="; ".join(told))


def biases(found: Reconciliation, words: Language) -> list[str]:
    """By how much each suspect would read too much or too little, a line for each set."""
    return ["; ".join(words.say(part) for part in shown_bias(suspect, found).split("; ")) for suspect in found.tests.suspects]


def place(loss: Loss, words: Language) -> str:
    """Where, and of what component, something is unaccounted for."""
    where = words("reconcile.whole_plant") if loss.place == PLANT else loss.place
    return f"{where} ({loss.component})" if loss.component else where


# -- tables --------------------------------------------------------------------------------------------------------------------------------


def values(found: Reconciliation, words: Language) -> Table:
    """Return every quantity that is observable, measured beside reconciled."""
    rows = []
    for row in found.rows:
        if row.status != "not observable":
            error = words("reconcile.exact") if row.status == "exact" else _shown(row.error, row.si)
            after = words("reconcile.exact") if row.status == "exact" else _shown(row.deviation, row.si)
            numbers = (_plain(row.adjustment, "+.2f"), _plain(row.statistic, "+.2f"), _plain(row.adjustability, ".2f"))
            rows.append((named(row), _status(row, words), _shown(row.measured, row.si), error, _shown(row.reconciled, row.si), after, *numbers))
    return Table(("quantity", "is", "measured", "± sd", "reconciled", "± sd", "moved by [sd]", "z", "adjustability"), tuple(rows), 2, ())


def _status(row: Row, words: Language) -> str:
    return words("reconcile.exact") if row.status == "exact" else words.say(row.status)


def nodes(found: Reconciliation, words: Language) -> Table:
    """Return the balances in which everything was measured."""
    rows = [
        (
            words("reconcile.mass_of", node=test.name.removeprefix("mass of ")) if test.name.startswith("mass of ") else test.name,
            format_quantity(test.lack, test.si),
            format_quantity(test.deviation, test.si),
            f"{test.statistic:+.2f}",
            words.say("closes" if test.passed else "does not close"),
        )
        for test in found.tests.nodes
        if not math.isnan(test.statistic)
    ]
    return Table(("balance", "in - out - stored", "sd", "z", ""), tuple(rows))


def losses(found: Reconciliation, words: Language) -> Table:
    """Return what is unaccounted for, where it can be told."""
    rows = []
    for loss in found.losses:
        if not loss.lacking:
            share = "–" if math.isnan(loss.share) else f"{100 * loss.share:.2f} %"
            where = words("reconcile.whole_plant") if loss.place == PLANT else loss.place
            rows.append((where, loss.component or words("reconcile.mass"), *_told(loss, words)[:2], share, _told(loss, words)[2]))
    return Table(("place", "of", "opening + in - out - closing", "95 % interval", "of what came in", ""), tuple(rows), 2)


def _told(loss: Loss, words: Language) -> tuple[str, str, str]:
    """A loss, its interval, and whether it is told from 0."""
    if loss.lacking:
        return "–", "–", words.say("not counted")
    low, high = (format_quantity(value, loss.si) for value in loss.interval)
    told = "told from 0" if loss.told_from_zero else "not told from 0"
    return format_quantity(loss.value, loss.si), words("reconcile.interval", low=low, high=high), words.say(told)


def worth(best: Sequence[Worth], words: Language) -> Table:
    """Return by how much a better instrument would help."""
    rows = [
        (worth.name, words.say("its error halved" if worth.halved else f"measured to {100 * NEW_ERROR:.0f} %"), f"{100 * worth.fall:.1f} %")
        for worth in best
        if worth.fall >= 5e-4
    ]
    return Table(("quantity", "if", "variance falls by"), tuple(rows[:20]), 2)


def audit(found: Reconciliation, words: Language) -> Table:
    """Return each adjustment."""
    rows = []
    for row in found.rows:
        if not math.isnan(row.measured) and row.status != "exact":
            moved = _shown(row.reconciled - row.measured, row.si)
            source = words.say(row.source) if row.source else "–"
            rows.append((named(row), source, _status(row, words), _shown(row.measured, row.si), moved, _plain(row.adjustment, "+.2f")))
    return Table(("quantity", "source", "is", "measured", "adjustment", "in sd"), tuple(rows), 3)


def overview(windows: Sequence[Reconciliation], total: Reconciliation, words: Language) -> Table:
    """Return for each window and the total: the global test, the suspects, and what the plant's mass lacks."""
    rows = []
    for one in (*windows, total):
        loss = next(loss for loss in one.losses if loss.place == PLANT and not loss.component)
        suspects = "; ".join(", ".join(suspect.names) for suspect in one.tests.suspects) or "–"
        name = words("reconcile.total") if one is total else _window(one, words)
        rows.append((name, words.say(one.tests.whole.text), suspects, *_told(loss, words)))
    return Table(("window", "global test", "suspected", "unaccounted for", "95 % interval", ""), tuple(rows), 3, (), (1, 2))


def by_window(windows: Sequence[Reconciliation], total: Reconciliation, words: Language) -> Table:
    """Return the reconciled value of each quantity, a column for each window and one for the total."""
    each = [{row.name: row for row in one.rows} for one in (*windows, total)]
    names = dict.fromkeys(name for rows in each for name in rows)
    rows = [(name, *(_with_error(rows.get(name)) for rows in each)) for name in names]
    heads = (*(_window(one, words) for one in windows), words("reconcile.total"))
    return Table(("quantity", *heads), tuple(row for row in rows if any(cell != "–" for cell in row[1:])))


def _with_error(row: Row | None) -> str:
    if row is None or math.isnan(row.reconciled):
        return "–"
    return format_quantity(row.reconciled, row.si) + ("" if not row.deviation > 0.0 else f" ± {format_quantity(row.deviation, row.si)}")
