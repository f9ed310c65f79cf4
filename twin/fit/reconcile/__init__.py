"""Measurements of a plant made to agree with its balances: reconciled values, tests of gross errors, a month closed."""

from twin.fit.reconcile.outcome import Reconciliation, reconcile
from twin.fit.reconcile.rows import Row

__all__ = ["Reconciliation", "Row", "reconcile"]
