"""Limits as they are written, ``>= 92 %``: read, kept and printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from twin.errors import UsageError
from twin.quantities import Quantity, shown

Operator = Literal["<=", ">=", "<", ">"]
_OPERATOR = r"\s*(<=|>=|<|>)"
_WRITTEN = re.compile(rf"{_OPERATOR}\s*(.+)")
_SIGNS = {">=": "≥", "<=": "≤"}


@dataclass(frozen=True)
class Limit:
    """What ``name`` must keep: a share from 0 to 1, or another number in SI units, must be e.g. ``<=`` a value.

    >>> Limit("Cu", ">=", 0.92).holds(0.90)
    False
    >>> Limit("Cu", ">=", 0.92).text, Limit("Cu", ">=", 0.92).typeset
    ('Cu >= 92 %', '≥ 92 %')
    """

    name: str
    op: Operator
    value: float

    @classmethod
    def read(cls, name: str, text: object, quantity: Quantity, *examples: str) -> Limit:
        """Return the limit on ``name`` written as an operator and a ``quantity``; raises ``UsageError``, which shows the ``examples``.

        >>> Limit.read("Cu", ">= 92 %", Quantity("1", ge=0, le=1), ">= 92 %")
        Limit(name='Cu', op='>=', value=0.92)
        """
        match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            written = " or ".join(f'"{example}"' for example in examples)
            raise UsageError(f"a limit is needed, e.g. {written} (got {shown(text)})")
        return cls(name, cast(Operator, match[1]), quantity.read(match[2]))

    @staticmethod
    def json_schema(*examples: str) -> dict[str, Any]:
        """Return the JSON Schema of what a person may write."""
        return {"type": "string", "pattern": f"^{_OPERATOR}", "examples": list(examples)}

    @property
    def lower(self) -> bool:
        """Whether it asks for so much at least."""
        return self.op in (">=", ">")

    def holds(self, share: float) -> bool:
        """Return whether ``share`` keeps the limit."""
        if self.op in ("<=", "<"):
            return share <= self.value if self.op == "<=" else share < self.value
        return share >= self.value if self.op == ">=" else share > self.value

    @property
    def text(self) -> str:
        """A share's limit as it is written."""
        return f"{self.name} {self.op} {100 * self.value:.6g} %"

    @property
    def typeset(self) -> str:
        """A share's limit without its name, as it is printed."""
        return f"{_SIGNS.get(self.op, self.op)} {100 * self.value:.4g} %"
