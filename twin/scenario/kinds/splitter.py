"""A splitter: divides a stream in fixed shares, without separating it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, WithJsonSchema

from twin.quantities import Quantity, shown
from twin.scenario.fields import NAME, read_shares
from twin.scenario.kind import Kind
from twin.scenario.machine import MachineModel
from twin.scenario.partition import check_port
from twin.scenario.problems import Faults, wrong
from twin.scenario.sizes import SizeClasses


def _read_shares(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise wrong(f"a mapping of ports to shares is needed, e.g. {{left: 60 %, right: 40 %}} (got {shown(value)})")
    faults = Faults()
    shares = read_shares(value, faults)
    for port in shares:
        check_port(port, faults, port)
    faults.stop_if_any()
    return shares


_SHARES = {"type": "object", "propertyNames": {"pattern": f"^{NAME}$"}, "additionalProperties": Quantity("1", ge=0, le=1).json_schema(), "minProperties": 1}


class Splitter(MachineModel):
    """Divides what it takes among its ports, the same share of every material and size."""

    FIXED: ClassVar[frozenset[str]] = frozenset({"by"})

    kind: Literal["splitter"]
    shares: Annotated[dict[str, float], BeforeValidator(_read_shares), WithJsonSchema(_SHARES)] = Field(
        description="The ports and the share of each; they sum to 1."
    )

    by: Literal["shares", "room", "free"] = Field(
        default="shares",
        description="What decides: the shares as they are; each multiplied by the share of its bunker that is empty; or all of a lot goes to the bunker that "
        "is emptiest, of those whose share is above 0. Looked up for each lot.",
    )

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return ``shares``, shape ``(port,)``."""
        return {"shares": np.array(list(self.shares.values()))}


KIND = Kind(
    name="splitter",
    model=Splitter,
    role="machine",
    ports=lambda model: tuple(model.shares),
    kernel="twin.kernels.partition:SPLITTER",
    summary="Divides a stream in fixed shares, without separating it.",
)
