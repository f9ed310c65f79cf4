"""Results files that the page looks at: opened together, and closed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twin.results.held import contradictions
from twin.results.read import Result, open_file


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Result]]:
    """Open results files, and close them at the end."""
    results: list[Result] = []
    try:
        results.extend(open_file(os.fspath(path)) for path in paths)
        with contradictions(", ".join(path.name for path in paths)):
            yield results
    finally:
        for result in results:
            result.close()
