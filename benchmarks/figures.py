"""What the benchmarks print: one line a figure, whether it meets its goal or not."""

from __future__ import annotations

from collections.abc import Callable


class Figures:
    """Prints figures as they are found and remembers which meet their goals."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self.met: list[str] = []
        self.missed: list[str] = []

    def figure(self, name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
        """Print a figure that has a goal."""
        good = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        (self.met if good else self.missed).append(name)
        goal = f"<={at_most:g}" if at_most is not None else f">={at_least:g}"
        self._write(f"figure {name} {value:.4g} goal {goal}")

    def beside(self, name: str, value: float | str, unit: str = "") -> None:
        """Print what is needed to judge a figure: a number of lots, an absolute time."""
        text = value if isinstance(value, str) else f"{value:.6g}"
        self._write(f"beside {name} {text} {unit}".rstrip())

    def summary(self) -> str:
        missed = f"; missed: {', '.join(self.missed)}" if self.missed else ""
        return f"{len(self.met)} of {len(self.met) + len(self.missed)} figures meet their goals{missed}"
