"""Gives policies their eyes, and what they did in an earlier run where that is to be done again."""

from __future__ import annotations

from collections.abc import Sequence

from twin.errors import ScenarioError, UsageError
from twin.plant.build import Built, asker, coming
from twin.plant.observe import Observer
from twin.plant.translation import Translation
from twin.results.read import Result
from twin.scenario.quantity_names import Quantity
from twin.units.control.policy import Actions, Observe, PolicyUnit, Row


def connect_policies(built: Built, translation: Translation, actions: Actions) -> None:
    """Let each policy read what it goes by; ``actions``: the rows of those that do again what they did.

    Raises ``ScenarioError`` for a quantity that is not in the plant, ``UsageError`` for a policy that is not installed and has no rows.
    """
    units = [unit for unit in built.site.units if isinstance(unit, PolicyUnit)]
    if not units:
        return
    observer = Observer(built, translation)
    for unit in units:
        unit.connect(_eyes(observer, unit), actions.get(unit.name))
        unit.watch(built.site.bunkers)
        for name in unit.spec.asking.lots:
            asker(built, name).deciders.append(unit)
        for name in unit.spec.asking.trucks:
            coming(built, name).deciders.append(unit)


def _eyes(observer: Observer, unit: PolicyUnit) -> Observe:
    try:
        quantities = observer.find(unit.spec.reads)
        for quantity in quantities:
            _check_known(quantity, observer.translation)
    except UsageError as error:
        raise ScenarioError([observer.built.site.scenario.problem(f"policies.{unit.name}.reads", str(error))]) from None

    def look() -> Sequence[float]:
        found: list[float] = observer.read(quantities).tolist()
        return found

    return look


def _check_known(quantity: Quantity, translation: Translation) -> None:
    """Raise ``UsageError`` for a quantity that never has a value in this plant: a policy that reads it would never be asked."""
    if quantity.path.startswith("streams/") and quantity.index[0] in translation.unrecorded:
        raise UsageError(f"{quantity.name} is not known with 'streams: false' in 'record'; leave that out, or read a level")
    if quantity.path == "streams/mass_flow" and quantity.index[0] in translation.molten:
        raise UsageError(f"{quantity.name}: a melt holds no materials; read an element of it, as flow.STREAM.Cu")
    if quantity.path == "units/load" and quantity.index[0] in translation.unlimited:
        raise UsageError(f"{quantity.name}: the machine has neither a rate nor a cycle time, and so no load")


def actions_in(result: Result) -> dict[str, list[Row]]:
    """Return what the policies of a run did, by policy, in order of time; nothing of a file that does not number their askings."""
    if not result.has("policies/asking"):
        return {}
    columns = (result.array(f"policies/{name}").tolist() for name in ("action_policy", "asking", "set_point", "action_value", "asked"))
    found: dict[str, list[Row]] = {}
    for policy, asking, path, value, asked in zip(*columns, strict=True):
        found.setdefault(str(policy), []).append((int(asking), str(path), float(value), float(asked)))
    return found
