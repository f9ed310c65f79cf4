"""``make validate``: runs every case, writes the table of ``docs/validation.md`` and a page in ``build/validation.html``, and prints what fails.

The table is part of the docs: what fails stands in it. The tests hold that a case which passed goes on passing.
"""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "kernels")]

from validation_cases import fuming, melt_laws, plants, smelting_laws, sorting_laws  # noqa: E402
from validation_cases.case import Case, Outcome  # noqa: E402

PAGE = ROOT / "docs" / "validation.md"
HTML = ROOT / "build" / "validation.html"
CASES: tuple[Case, ...] = (*sorting_laws.CASES, *smelting_laws.CASES, *melt_laws.CASES, *fuming.CASES, *plants.CASES)
BEGIN, END = "<!-- cases -->", "<!-- end of cases -->"
HEAD = ("group", "case", "kind", "source", "expected", "got", "unit", "known before", "result")


def shown(value: float) -> str:
    """A figure with four digits."""
    return "none" if math.isnan(value) else f"{value:.4g}"


def result_of(outcome: Outcome) -> str:
    """``pass``, or ``FAIL`` with what is said of it."""
    if outcome.passed:
        return "pass"
    return f"FAIL: {outcome.case.note}" if outcome.case.note else "FAIL"


def row(outcome: Outcome) -> tuple[str, ...]:
    """The cells of a case."""
    case = outcome.case
    return (case.group, case.subject, case.kind, case.source, case.expected, shown(outcome.got), case.unit, "yes" if case.known else "no", result_of(outcome))


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table of the docs page, with the count above it."""
    passed = sum(outcome.passed for outcome in outcomes)
    lines = [f"{passed} of {len(outcomes)} cases pass.", "", "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row(outcome)) + " |" for outcome in outcomes]
    return "\n".join(lines)


def page(outcomes: Sequence[Outcome]) -> str:
    """The same as one HTML page that needs nothing else."""
    passed = sum(outcome.passed for outcome in outcomes)
    style = (
        "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:110rem}table{border-collapse:collapse}th,td{border:1px solid #bbb;padding:.3rem .5rem;"
        "text-align:left;vertical-align:top}th{background:#eee}tr.fail td{background:#fbe9e7}td:nth-child(6){text-align:right;white-space:nowrap}"
    )
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in HEAD)
    body = "\n".join(
        f"<tr class='{'pass' if outcome.passed else 'fail'}'>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row(outcome)) + "</tr>"
        for outcome in outcomes
    )
    return (
        f"<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>twin beside what is known</title><style>{style}</style>\n"
        f"<h1>twin beside what is known</h1>\n<p>{passed} of {len(outcomes)} cases pass. What fails is shown as it is.</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></html>\n"
    )


def outcomes_of(cases: Iterable[Case]) -> list[Outcome]:
    """Run cases, in their order."""
    return [Outcome(case, float(case.got())) for case in cases]


def table_of(text: str) -> dict[tuple[str, str, str], bool]:
    """Which cases the table of the docs page calls passed, by group, case and expected figure."""
    table = text[text.index(BEGIN) : text.index(END)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| ") and not line.startswith("| group ")]
    return {(cells[0], cells[1], cells[4]): cells[8] == "pass" for cells in rows}


def main() -> int:
    """Run all, write both, print what fails."""
    outcomes = outcomes_of(CASES)
    text = PAGE.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(f"{text[:start]}\n\n{markdown(outcomes)}\n\n{text[end:]}", encoding="utf-8")
    HTML.parent.mkdir(exist_ok=True)
    HTML.write_text(page(outcomes), encoding="utf-8")
    for outcome in outcomes:
        if not outcome.passed:
            sys.stdout.write(f"FAIL {outcome.case.group}: {outcome.case.subject}: {shown(outcome.got)} {outcome.case.unit} ({outcome.case.expected})\n")
    sys.stdout.write(f"{sum(outcome.passed for outcome in outcomes)} of {len(outcomes)} cases pass; {PAGE.relative_to(ROOT)}, {HTML.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
