"""Scenarios to begin with: a small plant, and those that come with twin."""

from __future__ import annotations

from importlib import resources

from twin.errors import UsageError
from twin.quantities import shown


def starter(like: str = "") -> str:
    """Return a commented scenario to begin with, as YAML text: of a small plant, or the one that ``like`` names (``"lvp"`` or ``"lvp_line"``).

    Raises :class:`~twin.errors.UsageError` for a plant that there is not.
    """
    folder = resources.files("twin.scenario")
    if not like:
        return folder.joinpath("starter.yaml").read_text(encoding="utf-8")
    names = patterns()
    name = next((name for name in names if like in (name, name.partition("_")[0])), None)
    if name is None:
        raise UsageError(f"there is no plant {shown(like)} to begin like: take one of {', '.join(names)}")
    return folder.joinpath("patterns", f"{name}.yaml").read_text(encoding="utf-8")


def patterns() -> list[str]:
    """The plants that come with twin and need no other file."""
    return sorted(entry.name.removesuffix(".yaml") for entry in resources.files("twin.scenario").joinpath("patterns").iterdir() if entry.name.endswith(".yaml"))
