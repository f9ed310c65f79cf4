"""The page of a cluster: map, key figures by site and together, heat over the year, and, beside another case, CO2 from the one to the other."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.report.cluster_curves import duration_curve, stock_curves, storage_curve, waterfall
from twin.report.cluster_map import cluster_map
from twin.report.comparing import name_of
from twin.report.drawing import Drawing, svg
from twin.report.language import Language, language
from twin.report.page import style_sheet
from twin.results.cluster import ClusterResult, open_cluster
from twin.results.held import contradictions
from twin.results.kpis import NO_VALUE, kpi_text
from twin.results.provenance import twin_version
from twin.results.replace import check_replaceable, replacing, text_mark

PAGE = text_mark("a cluster page of twin", b'<meta name="generator" content="twin report of a cluster">', 2048)
ENGLISH = language("en")
STOCK = "stock"
"""Before a "-" and the name of a tank: the figure of what it held."""
OF_SITES = ("throughput", "margin", "margin_cash", "energy.electricity", "co2", "scope_1", "scope_1_biogenic", "scope_2")
"""Rows of the table by site, where any site, or the whole, has them."""


def write_cluster_page(files: Sequence[str | os.PathLike[str]], out: Path, code: str = "en") -> Path:
    """Write the page of one cluster's file, or of two, the first of which is what the other is held against, in the language ``code``.

    An existing page is replaced, any other file refused. Raises ``UsageError`` for more than two files, or without jinja2, ``FileError``.
    """
    words = language(code)
    if not 0 < len(files) <= 2:
        raise UsageError(f"one cluster is reported, or two beside one another (got {len(files)}); 'twin compare' takes more")
    check_replaceable(out, PAGE)
    results = [open_cluster(Path(file)) for file in files]
    try:
        with contradictions(", ".join(map(str, files))):
            text = render(results, words)
    finally:
        for result in results:
            result.close()
    with replacing(out, PAGE) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return out


def render(results: Sequence[ClusterResult], words: Language = ENGLISH) -> str:
    """Return the page; the last of ``results`` is shown, the first what it is held against."""
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise UsageError("a page needs jinja2: pip install 'twin[report]'") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("twin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    shown = results[-1]
    drawings = drawings_of(results)
    sites = list(shown.sites)
    labels = {name: label_of_figure(name, results, words) for name in drawings}
    figures = [(name, labels[name], Markup(svg(words.drawing(drawing, sites), f"figure-{name}"))) for name, drawing in drawings.items()]
    context: dict[str, Any] = {
        "title": str(shown.attrs.get("scenario_title") or shown.attrs["scenario_name"]),
        "name": str(shown.attrs["scenario_name"]),
        "base": str(results[0].attrs["scenario_name"]) if len(results) > 1 else "",
        "hypothetical": is_hypothetical(shown),
        "sites": sites,
        "by_site": [[called(key, words), *map(words.amount, cells)] for key, *cells in by_site(shown)],
        "own": [[called(key, words), *map(words.amount, cells), words.say(note)] for key, *cells, note in own_figures(results)],
        "t": words,
        "digests": [(str(result.path), result.digest) for result in results],
        "replication": int(shown.attrs["replication"]),
        "version": twin_version(),
        "figures": figures,
        "style": Markup(style_sheet()),
    }
    return environment.get_template("cluster.html.j2").render(**context)


def is_hypothetical(result: ClusterResult) -> bool:
    """Whether its heat network is assumed, and not there."""
    return result.energy.has_heat and bool(result.energy.number("heat/hypothetical"))


def drawings_of(results: Sequence[ClusterResult]) -> dict[str, Drawing]:
    """The figures of the last of ``results`` by name; beside the first where there are two."""
    shown = results[-1]
    found = {"map": cluster_map(shown)}
    if len(results) > 1 and not any(math.isnan(result.kpis["co2"].value) for result in results):
        found["waterfall"] = waterfall(*results)
    if shown.energy.has_heat:
        warmup = max(float(site.attrs["warmup"]) for site in shown.sites.values())
        found["duration"] = duration_curve(shown.energy, warmup)
        if shown.energy.number("heat/capacity") > 0.0:
            found["storage"] = storage_curve(shown.energy)
    return found | {f"{STOCK}-{name}": drawing for name, drawing in stock_curves(shown.energy).items()}


def label_of_figure(key: str, results: Sequence[ClusterResult], words: Language) -> str:
    """What a figure shows, above it."""
    stem, _, tank = key.partition("-")
    return words(f"cluster_page.{stem}", base=results[0].attrs["scenario_name"], name=tank or results[-1].attrs["scenario_name"])


def called(key: str, words: Language) -> str:
    """What people call a key figure of a cluster: of a site behind its name, and where no words are known as it stands."""
    site, _, figure = key.rpartition("/")
    name = name_of(figure, words) if words.has(f"kpi.{figure.partition('.')[0]}") else figure.replace("_", " ")
    return f"{site}: {name}" if site else name


def by_site(result: ClusterResult) -> list[list[str]]:
    """Rows of key figures: the name, a cell a site, and all together; "" where there is none."""
    rows = []
    for key in OF_SITES:
        cells = []
        for name, site in result.sites.items():
            own = f"{key}.{name}"
            kpi = result.kpis[own] if own in result.kpis else site.kpis[key] if key in site.kpis and not key.startswith("co2") else None
            cells.append("" if kpi is None else kpi_text(key, kpi.value, kpi.unit))
        whole = result.kpis.get(key)
        cells.append("" if whole is None else kpi_text(key, whole.value, whole.unit))
        if any(cell not in ("", NO_VALUE) for cell in cells):
            rows.append([key, *cells])
    return rows


def own_figures(results: Sequence[ClusterResult]) -> list[list[str]]:
    """What is the cluster's own, beside the base."""
    names = [name for result in results for name in result.kpis if "/" not in name and name.partition(".")[2] not in result.sites]
    rows = []
    for name in dict.fromkeys(names):
        kpis = [result.kpis.get(name) for result in results]
        cells = ["" if kpi is None else kpi_text(name, kpi.value, kpi.unit) for kpi in kpis]
        rows.append([name, *cells, next((kpi.note for kpi in kpis if kpi is not None), "")])
    return rows
