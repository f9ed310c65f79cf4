"""Draws the partition of every machine that has a page in ``machines/``: ``python docs/partition_plots.py`` writes ``machines/figures/KIND.svg``.

The machine is that of the page's first scenario, evaluated as in a run, at two throughputs: the share of each material that goes to its first port over the
size of the pieces, solid at the machine's rate and dashed at a quarter of it. Machines that break pieces show the size distribution of what comes out instead.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pages import blocks_of

from twin.kernels.compile import MachineKernel, Sizes
from twin.scenario import Scenario, load
from twin.scenario.kinds.feed import Feed
from twin.scenario.machine import MachineModel
from twin.units.ground.composition import spread

ROOT = Path(__file__).resolve().parents[1]
MACHINES = ROOT / "docs" / "machines"
BREAKERS = ("shredder", "hammer_mill", "granulator", "bag_opener")
COLOURS = ("#0b6e99", "#c5552d", "#4f7d35", "#8a4fa3", "#b58900", "#3d4f66", "#a8325e", "#6b6b6b")
FLAT = ("splitter", "baler")
"""They sort nothing."""
MOST = 8
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
LOADS = ((1.0, "-"), (0.25, "--"))


def example(kind: str) -> tuple[Scenario, str] | None:
    """The scenario of a machine's page and the machine's name in it; None where the page has none."""
    page = MACHINES / f"{kind}.md"
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "yaml" and "file" in block.marks:
            scenario = load(block.text, folder=ROOT / "scenarios")
            for name, model in scenario.units.items():
                if model.kind == kind:
                    return scenario, name
    return None


def partition(scenario: Scenario, name: str, load_factor: float) -> tuple[np.ndarray, np.ndarray, float]:
    """(feed (material, size), what comes out (port, material, size), throughput kg/s) of a machine at a share of its rate."""
    model = scenario.units[name]
    assert isinstance(model, MachineModel)
    kind = scenario.kinds[name]
    module, _, attribute = str(kind.kernel).partition(":")
    kernel: MachineKernel = getattr(importlib.import_module(module), attribute)
    sizes = Sizes(np.array(scenario.sizes.lower), np.array(scenario.sizes.upper), np.array(scenario.sizes.mean))
    feed = next(unit for unit in scenario.units.values() if isinstance(unit, Feed))
    materials = scenario.materials
    x = spread(dict(feed.composition or {}), feed.size, materials.names, materials.groups, scenario.sizes)
    rate = (model.rate.mean if model.rate is not None else 1.0) * load_factor
    values = model.kernel_values(materials, scenario.sizes)
    coefficients = kernel.prepare(values, scenario.properties, sizes)
    parameters = np.array([float(values[key]) for key in kernel.parameters])
    out = np.zeros((len(kind.ports(model)), *x.shape))
    warn = np.zeros(max(1, len(kernel.warnings)), dtype=np.int64)
    status = kernel.apply(x, x * rate, coefficients, parameters, load_factor, out, warn)
    assert status == 0, f"{name}: status {status}"
    return x, out, rate


def draw(kind: str, path: Path) -> bool:
    """Write the figure of a machine; returns whether its page has a scenario to draw."""
    found = example(kind)
    if found is None:
        return False
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    scenario, name = found
    if kind in FLAT:
        return False
    breaks = kind in BREAKERS
    port = scenario.kinds[name].ports(scenario.units[name])[0]
    with matplotlib.rc_context({"svg.hashsalt": "twin", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        sizes = np.array(scenario.sizes.mean) * 1000.0
        throughputs = []
        for factor, style in LOADS:
            x, out, rate = partition(scenario, name, factor)
            throughputs.append(f"{'solid' if style == '-' else 'dashed'} {rate * 3.6:.3g} t/h")
            _curves(axes, scenario, sizes, x, out[0], style, breaks)
        axes.set_xscale("log")
        axes.set_xticks([tick for tick in TICKS if sizes[0] / 1.5 <= tick <= sizes[-1] * 1.5], minor=False)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("size of the pieces, mm")
        axes.set_ylabel("share finer" if breaks else f"share that goes to '{port}'")
        axes.set_title(f"{kind.replace('_', ' ')}: {', '.join(throughputs)}", loc="left", fontsize=11)
        axes.grid(alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return True


def _curves(axes: Any, scenario: Scenario, sizes: np.ndarray, x: np.ndarray, out: np.ndarray, style: str, breaks: bool) -> None:
    """One line a material: the largest ones of the feed."""
    masses = x.sum(axis=1)
    for k, m in enumerate([int(m) for m in np.argsort(-masses, kind="stable")[:MOST] if masses[m] > 0.0]):
        label = scenario.materials.names[m].replace("_", " ") if style == "-" else None
        if breaks:
            upper = np.array(scenario.sizes.upper) * 1000.0
            axes.plot(upper, np.cumsum(out[m]) / max(out[m].sum(), 1e-300), style, color=COLOURS[k], label=label)
        else:
            there = x[m] > 1e-9 * masses[m]
            axes.plot(sizes[there], out[m][there] / x[m][there], style, color=COLOURS[k], label=label, marker="." if style == "-" else "")


def main(arguments: Sequence[str]) -> int:
    """Draw the machines named, or all that have a page."""
    kinds = list(arguments) or sorted(path.stem for path in MACHINES.glob("*.md"))
    for kind in kinds:
        path = MACHINES / "figures" / f"{kind}.svg"
        sys.stdout.write(f"{path.relative_to(ROOT)}\n" if draw(kind, path) else f"{kind}: its page has no scenario with one\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
