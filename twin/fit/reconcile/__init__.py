"""Measurements of a plant made to agree with its balances: reconciled values, tests of gross errors, a month closed."""

from twin.fit.reconcile.outcome import Reconciliation, reconcile
from twin.fit.reconcile.rows import Row
from twin.fit.reconcile.windows import Windows, reconcile_windows

__all__ = ["Reconciliation", "Row", "Windows", "reconcile", "reconcile_windows"]
