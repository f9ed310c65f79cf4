"""Reports: a run as one page of HTML that opens without a network, and its figures as files.

The package can be called: ``twin.report(["run.h5"], "report.html")`` is :func:`twin.report.files.report`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that is also the function by its name, since ``twin.report`` can be but one of the two."""

    def __call__(self, *args: Any, **more: Any) -> Any:
        from twin.report.files import report

        return report(*args, **more)


sys.modules[__name__].__class__ = _Callable
