"""Where a comparison over years keeps its runs: a JSON file with all of them, and beside it, while it is at work, a journal.

A run is found again by its key, so that what has changed is never taken for finished. The file is the same whether it was made in one go or in pieces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from twin.errors import FileError
from twin.results.guarded import uninterrupted
from twin.results.kpis import Kpi
from twin.results.replace import check_replaceable, replacing, text_mark
from twin.study.journal import Journal, Row
from twin.study.runs import Outcome

LAYOUT = "twin_years"
YEARS = text_mark("a comparison over years of twin", f'"{LAYOUT}"'.encode(), begins=b"{")


class YearsFile:
    """The file and journal of one comparison; only one process can have them open. Raises ``FileError`` where ``path`` is another kind of file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        check_replaceable(path, YEARS)
        self.journal = Journal(path.with_name(f"{path.name}.journal"))
        try:
            self._old = _runs_in(path)
        except BaseException:
            self.journal.close()
            raise

    def outcome(self, key: str) -> Outcome | None:
        """Return how the run of a key ended; None where it was not made."""
        return self.journal.row(key).outcome if key in self.journal.places else self._old.get(key)

    def append(self, key: str, outcome: Outcome) -> None:
        """Keep the outcome of a run, at once."""
        with uninterrupted():
            self.journal.append(Row(key, outcome))

    def write(self, head: Mapping[str, Any], runs: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Write the file with ``head``, and each of ``runs`` by its key and place, put it in place and remove the journal."""
        rows = []
        for key, place in runs:
            outcome = self.outcome(key)
            assert outcome is not None and outcome.kpis is not None, "only a comparison with all runs is written"
            figures = {name: [None if math.isnan(kpi.value) else kpi.value, kpi.unit] for name, kpi in outcome.kpis.items()}
            rows.append(json.dumps({"key": key, **place, "digest": outcome.digest, "kpis": figures}))
        lines = [f'"{LAYOUT}": 1', *(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items())]
        text = "{\n" + ",\n".join([*lines, '"runs": [\n' + ",\n".join(rows) + "\n]"]) + "\n}\n"
        with uninterrupted():
            try:
                with replacing(self.path, YEARS) as temporary:
                    temporary.write_text(text, encoding="utf-8")
            except FileError as error:
                raise FileError(f"{error}; the finished runs are kept in {self.journal.path}, and the same command goes on from there") from None
            self.journal.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.journal.close()


def _runs_in(path: Path) -> dict[str, Outcome]:
    """The runs of a file by key; none where there is no file. Raises ``FileError`` where it was changed."""
    if not path.exists():
        return {}
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return {run["key"]: _outcome(run) for run in runs}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileError(f"{path} was cut short or changed since twin wrote it: its runs cannot be read; give another name with -o, or remove it") from None


def _outcome(run: Mapping[str, Any]) -> Outcome:
    kpis = {name: Kpi(math.nan if value is None else float(value), str(unit)) for name, (value, unit) in run["kpis"].items()}
    return Outcome(kpis, digest=str(run["digest"]))
