"""What ``twin reconcile`` writes: tables that it reads again, the audit trail, and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.fit.reconcile import Reconciliation
    from twin.fit.reconcile.closing import Loss
    from twin.fit.reconcile.gross_errors import NodalTest
    from twin.fit.reconcile.worth import Worth

VALUES_HEAD, AUDIT_HEAD = "name,value,error,unit,from,to", "quantity,instrument,unit,from,to,measured"
"""How the tables begin that the command writes, and replaces."""


def values_of(outcomes: Sequence[Reconciliation]) -> str:
    """Return the reconciled values of one window after the other, as a table that ``twin reconcile`` reads."""
    from twin.fit.reconcile.data_file import as_table

    kinds = ("flow", "share", "level")  # constants and second instruments have other names
    known = [
        (row.name, row.reconciled, row.deviation, row.si, found.window)
        for found in outcomes
        for row in found.rows
        if not math.isnan(row.reconciled) and row.name.partition(".")[0] in kinds
    ]
    return as_table(known)


def write_table(path: str, text: str, head: str) -> Path:
    """Write a table that begins with ``head``; one that the command wrote is replaced, any other file refused."""
    from twin.results.replace import replacing, text_mark

    with replacing(Path(path), text_mark("a table of 'twin reconcile'", head.encode(), 256, begins=head.encode())) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


# -- as JSON -------------------------------------------------------------------------------------------------------------------------------


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_object(found: Reconciliation, best: list[Worth], target: str) -> dict[str, Any]:
    """Return an outcome as JSON, SI units; null for what is not there."""
    tests = found.tests
    return {
        "name": found.data.name,
        "verdict": found.verdict,
        "window": [found.window.begin.isoformat(), found.window.end.isoformat()] if found.window is not None else None,
        "data_sha256": found.data.digest,
        "plant_sha256": found.network.digest,
        "left_out": list(found.left_out),
        "global": {**vars(tests.whole), "passed": tests.whole.passed},
        "measurement_critical": _number(tests.critical),
        "nodes": [_nodal(test) for test in tests.nodes],
        "suspects": [{**vars(suspect), "alone": suspect.alone} for suspect in tests.suspects],
        "quantities": [{key: _number(value) if isinstance(value, float) else value for key, value in vars(row).items()} for row in found.rows],
        "unaccounted": [_loss(loss) for loss in found.losses],
        "worth": {"target": target, "instruments": [vars(worth) for worth in best]},
        "notes": list(found.notes),
    }


def _nodal(test: NodalTest) -> dict[str, Any]:
    keys = ("name", "node", "lack", "deviation", "statistic", "critical", "passed")
    values = {key: getattr(test, key) for key in keys}
    return {key: _number(value) if isinstance(value, float) else value for key, value in values.items()}


def _loss(loss: Loss) -> dict[str, Any]:
    low, high = loss.interval
    return {
        "place": loss.place,
        "component": loss.component,
        "unit": loss.si,
        "value": _number(loss.value),
        "low": _number(low),
        "high": _number(high),
        "share": _number(loss.share),
        "not_measured": list(loss.lacking),
    }
