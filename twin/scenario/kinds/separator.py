"""A separator: any machine of which the partition table is known, from a plant or by assumption."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.errors import UsageError
from twin.materials.catalogue import SUM_TOLERANCE
from twin.scenario.fields import Names
from twin.scenario.kind import Kind
from twin.scenario.machine import MachineModel
from twin.scenario.partition import DEFAULT, Partition
from twin.scenario.problems import Faults, Loc, nearest
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

ONLY = "out"
"""The port of a separator that does not separate."""
REST = "rest"


class Separator(MachineModel):
    """Splits by a table of shares; the last port takes what the others leave. It does not react to load."""

    kind: Literal["separator"]
    ports: Names = Field(default=(), description="Its ports; the last takes what is left. Those of 'partition' and then 'rest' where not given.")
    partition: Partition = Field(
        default=Partition(),
        description="For each port but the last the share of each material, group or 'default': a number, one for each size class, or by size; or {csv: file}.",
    )

    @property
    def outlets(self) -> tuple[str, ...]:
        """The ports, in the order in which they are delivered."""
        tabled = tuple(port for port, _ in self.partition.ports)
        return self.ports or ((*tabled, REST) if tabled else (ONLY,))

    @model_validator(mode="after")
    def _ports_agree(self) -> Self:
        faults = Faults()
        *others, last = self.outlets
        tabled = [port for port, _ in self.partition.ports]
        for port in tabled:
            if port == last:
                faults.add(f"the last port, {port!r}, takes what is left and has no shares of its own", "partition", port)
            elif port not in others:
                faults.add(f"unknown port {port!r}; {nearest(port, others)}", "partition", port)
        for port in others:
            if port not in tabled:
                faults.add(f"no shares for the port {port!r}", "partition")
        faults.stop_if_any()
        return self

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the table: unknown or missing materials, too few shares, shares above 1 in sum."""
        yield from super().check(vocabulary)
        bad = list(self._misfits(vocabulary))
        yield from bad
        if bad:
            return
        for material in vocabulary.materials:
            groups = vocabulary.groups_of(material)
            curves = [self.partition.curve(port, material, groups).at(vocabulary.sizes) for port, _ in self.partition.ports]
            for size, shares in zip(vocabulary.sizes.names, zip(*curves, strict=True), strict=False):
                if (total := math.fsum(shares)) > 1 + SUM_TOLERANCE:
                    yield ("partition",), f"the shares of {material!r}, {size}, sum to {total:.6g} over the ports, at most 1 is allowed"
                    break

    def _misfits(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        for port, curves in self.partition.ports:
            keys = [key for key, _ in curves]
            place: Loc = ("partition", "csv") if self.partition.file else ("partition", port)
            for key, curve in curves:
                if key != DEFAULT and (message := vocabulary.unknown_material(key)):
                    yield (*place, key), message
                if not curve.sizes and len(curve.shares) not in (1, len(vocabulary.sizes)):
                    yield (*place, key), f"{len(vocabulary.sizes)} shares are needed, one for each size class (got {len(curve.shares)})"
            if missing := vocabulary.unresolved(keys):
                yield place, f"no share of {', '.join(repr(name) for name in missing)}; name it or give a 'default'"
            for material, groups in vocabulary.ambiguous(keys):
                yield place, f"{material!r} is in {' and '.join(repr(group) for group in groups)}: give its own share"

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return ``partition``, shape ``(port, material, size)``, which sums to 1 over the ports."""
        table = np.zeros((len(self.outlets), len(materials.names), len(sizes)))
        for row, (port, _) in zip(table, self._in_order(), strict=False):
            for m, material in enumerate(materials.names):
                groups = [group for group, members in materials.groups.items() if material in members]
                row[m] = self.partition.curve(port, material, groups).at(sizes)
        rest = 1.0 - table[:-1].sum(axis=0)
        if rest.size and rest.min() < -SUM_TOLERANCE:
            raise UsageError(f"the shares sum to {1 - rest.min():.6g} over the ports, at most 1 is allowed")
        table[-1] = np.maximum(rest, 0.0)
        return {"partition": table}

    def _in_order(self) -> list[tuple[str, Any]]:
        tabled = dict(self.partition.ports)
        return [(port, tabled[port]) for port in self.outlets[:-1]]


KIND = Kind(
    name="separator",
    model=Separator,
    role="machine",
    ports=lambda model: model.outlets,
    kernel="twin.kernels.partition:SEPARATOR",
    summary="Splits by a partition table, inline or measured (CSV); the last port takes what is left.",
)
