"""Which instrument is worth most: by how much a target would be known better if one error were halved, or a stream measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.errors import UsageError
from twin.fit.reconcile.closing import PLANT
from twin.fit.reconcile.outcome import Reconciliation
from twin.fit.reconcile.system import Floats
from twin.scenario.problems import nearest

FLOWS, LOSS = "flows", "loss"
NEW_ERROR = 0.02
"""Relative error of an instrument that is put where none is."""


@dataclass(frozen=True)
class Worth:
    """``fall`` 0..1: the share of the target's variance that goes away. ``halved``: an error is halved; else a new instrument of :data:`NEW_ERROR` comes."""

    name: str
    fall: float
    halved: bool


def worths(found: Reconciliation, target: str = FLOWS) -> list[Worth]:
    """Return what each change brings, the best first.

    ``target``: ``flows``, the mean squared relative error of all observable flows; ``loss``, the plant's unaccounted loss; or the name of a quantity. A new
    reading of variance v takes c c'/(v + c_k) from the covariance, with c its column; an error that is halved is one more reading of a third of its variance.
    """
    if target == LOSS:
        return _of_loss(found)
    weights = _weights(found, target)
    system, covariance = found.solution.system, found.solution.covariance
    seen = np.flatnonzero(~np.isnan(np.diag(covariance)))
    inner = np.ix_(seen, seen)
    known, weight = covariance[inner], weights[seen]
    before = float((weight**2 * np.diag(known)).sum()) if target == FLOWS else float(weight @ known @ weight)
    if not before > 0.0:
        return []
    result = []
    for position, k in enumerate(seen.tolist()):
        variable = system.variables[k]
        if variable.measured:
            extra = float(system.deviation[k]) ** 2 / 3.0
        elif math.isinf(variable.deviation) and not variable.name.startswith("level."):
            extra = (NEW_ERROR * abs(float(found.solution.values[k]))) ** 2
        else:
            continue
        column = known[:, position]
        gained = column**2 / (extra + column[position]) if extra + column[position] > 0.0 else np.zeros(len(column))
        fall = float((weight**2 * gained).sum()) if target == FLOWS else float(weight @ column) ** 2 / (extra + column[position])
        result.append(Worth(found.solution.system.variables[k].name, fall / before, variable.measured))
    return sorted(result, key=lambda worth: (-worth.fall, worth.name))


def _weights(found: Reconciliation, target: str) -> Floats:
    names = [variable.name for variable in found.solution.system.variables]
    weights = np.zeros(len(names))
    if target == FLOWS:
        for k, name in enumerate(names):
            value = float(found.solution.values[k])
            if name.startswith("flow.") and value != 0.0:
                weights[k] = 1.0 / value
        return weights
    wanted = next((row.name for row in found.rows if target in (row.name, row.name.removeprefix("flow."))), None)
    if wanted is None or wanted not in names:
        raise UsageError(f"the target {target[:80]!r} is nothing that was reconciled: 'flows', 'loss' or a quantity; {nearest(target, names)}")
    place = names.index(wanted)
    if math.isnan(float(found.solution.deviation[place])):
        raise UsageError(f"the target {wanted!r} is not observable: no measurement more exact would help, one more is needed")
    weights[place] = 1.0
    return weights


def _of_loss(found: Reconciliation) -> list[Worth]:
    loss = next((loss for loss in found.losses if loss.place == PLANT and not loss.component), None)
    if loss is None or loss.lacking:
        lacking = f": {', '.join(loss.lacking[:5])} not measured" if loss is not None else ""
        raise UsageError(f"the plant's loss cannot be told{lacking}; take 'flows' or the name of a quantity as target")
    system = found.solution.system
    slopes = np.zeros(len(system.variables))
    for equation in system.equations:
        if equation.node and " (" not in equation.node:
            for term in equation.terms:
                slopes[term.variables[0]] += term.factor
    total = loss.deviation**2
    falls = {system.variables[k].name: 0.75 * (slopes[k] * system.deviation[k]) ** 2 / total for k in system.measured.tolist() if total > 0.0}
    return sorted((Worth(name, float(fall), True) for name, fall in falls.items() if fall > 0.0), key=lambda worth: (-worth.fall, worth.name))
