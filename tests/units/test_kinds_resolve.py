"""Every kind leads to what it names: a behaviour with ``assemble``, or a kernel whose parameters its model gives."""

from __future__ import annotations

import importlib

import pytest

from twin.kernels.compile import MachineKernel
from twin.scenario.kind import find, names


@pytest.mark.parametrize("name", names())
def test_a_kind_leads_to_its_behaviour_or_kernel(name: str) -> None:
    kind = find(name)
    where = kind.kernel if kind.role == "machine" else kind.behaviour
    assert where is not None
    module, _, attribute = where.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if kind.role == "machine":
        assert isinstance(found, MachineKernel)
        assert kind.behaviour is None
    else:
        assert callable(found.assemble)
