"""The libraries of the extra ``live``, imported only where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from twin.errors import UsageError


def need(module: str, what: str) -> Any:
    """Return a module of the extra. Raises ``UsageError`` where it is not installed; ``what`` says what needs it."""
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(f"{what} needs {module.partition('.')[0]}: pip install 'twin[live]'") from None
