"""The scenario language: from YAML to a checked, frozen :class:`Scenario`. Nothing here imports the compiler, the simulator or HDF5."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.scenario.loading import load, load_stored
    from twin.scenario.model import Parameter, Scenario, TimedEvent

__all__ = ["Parameter", "Scenario", "TimedEvent", "load", "load_stored"]


def __getattr__(name: str) -> object:
    """Import the public names when they are first used: a kind imports this package before the loader can be imported."""
    if name in ("load", "load_stored"):
        from twin.scenario import loading

        return getattr(loading, name)
    if name in __all__:
        from twin.scenario import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
