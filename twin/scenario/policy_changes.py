"""Events that change parameters of policies while the plant runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twin.errors import UsageError
from twin.quantities import shown
from twin.scenario.asking import EVERY, read_every
from twin.scenario.places import Plain, split
from twin.scenario.policies import PolicySpec, read_value
from twin.scenario.policy import SETS
from twin.scenario.problems import nearest


class PolicyChanges:
    """The parameters of policies as events change them: ``policies.NAME.KEY``."""

    def __init__(self, specs: Mapping[str, PolicySpec], named: Mapping[str, Any]) -> None:
        self._specs, self._named = dict(specs), named
        self._owners = {point.path: name for name, spec in specs.items() for point in spec.sets}
        self._texts: dict[str, dict[str, str]] = {}

    def take(self, text: str, value: Plain) -> bool:
        """Note a change if it is one of a policy; raises ``UsageError`` where it cannot be, or where a policy sets what the event would."""
        path = split(text)
        for owned, owner in self._owners.items():
            if owned == text or owned.startswith(f"{text}.") or text.startswith(f"{owned}."):
                raise UsageError(f"{owned} is set by the policy {owner!r}; change a parameter of it instead, as policies.{owner}.…")
        if path[0] != "policies":
            return False
        name = str(path[1]) if len(path) > 1 else ""
        if name not in self._named:
            raise UsageError(f"unknown policy {name!r}; {nearest(name, self._named)}")
        spec = self._specs.get(name)
        key = str(path[2]) if len(path) == 3 else ""
        if spec is None or (spec.code is None and key != EVERY):  # wrong anyway, or replayed
            return True
        if key == EVERY and spec.asking.every is not None:
            every = read_every(value)
            self._specs[name] = replace(spec, asking=replace(spec.asking, every=every))
            self._texts.setdefault(name, {})[key] = text
            return True
        assert spec.code is not None
        if key not in spec.code.parameters:
            raise UsageError(f"one parameter of the policy can change, e.g. policies.{name}.{next(iter(spec.parameters), 'key')} (got {shown(text)})")
        words = {f"{SETS}.{role}": point.choices for role, point in zip(spec.code.sets, spec.sets, strict=True)}
        declared = spec.code.parameters[key]
        changed = read_value(declared, spec.units[key], value, words.get(declared.unit, ()))
        self._specs[name] = replace(spec, parameters={**spec.parameters, key: changed})
        self._texts.setdefault(name, {})[key] = text
        return True

    def changed(self, complain: Callable[[str, str], None]) -> dict[str, PolicySpec]:
        """Return the policies, with all that was changed, that the changes since the last call were of; ``complain`` notes (text of the change, message)."""
        texts, self._texts = self._texts, {}
        for name, keys in texts.items():
            code = self._specs[name].code
            for key, message in code.check(self._specs[name].parameters) if code is not None else ():
                complain(keys.get(key, next(iter(keys.values()))), f"{key}: {message}")
        return {name: self._specs[name] for name in texts}
