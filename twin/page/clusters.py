"""Clusters as a page shows them: what may go between sites, what did, the figures of each and together, and linked beside alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.page.folder import RESULTS, SCENARIOS, Folder
from twin.page.plant import as_svg
from twin.quantities import format_quantity
from twin.report.cluster_map import cluster_map, planned_map
from twin.report.cluster_page import by_site, called, drawings_of, is_hypothetical, label_of_figure, own_figures
from twin.report.language import Language
from twin.results.cluster import ClusterResult, open_cluster
from twin.results.held import contradictions
from twin.scenario.cluster import Cluster, is_cluster, load_cluster
from twin.scenario.tables import confined
from twin.study.comparison import Comparison

ALONE = "alone"
_STEM = re.compile(r"[^A-Za-z0-9_-]")
Progress = Callable[[float], None]


def loaded(folder: Folder, file: str, changes: Mapping[str, object] | None = None) -> Cluster:
    """A cluster of the folder. Raises ``UsageError`` for a file that describes none, ``ScenarioError``."""
    path = folder.existing(file, SCENARIOS)
    with confined(folder.path):
        if not is_cluster(path):
            raise UsageError(f"{file} is no cluster: a cluster has 'sites'")
        return load_cluster(path, changes)


def planned(folder: Folder, file: str, words: Language) -> dict[str, Any]:
    """A cluster before any run: its map, sites, links and networks."""
    cluster = loaded(folder, file)
    sites = [[name, site.title or site.name, str(site.seed), str(len(site.units))] for name, site in cluster.sites.items()]
    links = [[name, link.from_, link.to, str(link.trucks), format_quantity(link.payload, "kg")] for name, link in cluster.links.items()]
    return {
        "file": file,
        "title": cluster.title or cluster.name,
        "map": as_svg(planned_map(cluster), "cluster", words, tuple(cluster.sites)),
        "sites": _table(["site", "title", "seed", "units"], sites, words, text=2),
        "links": _table(["link", "from", "to", "trucks", "payload"], links, words, text=3),
        "linked": bool(cluster.links or cluster.energy),
        "hypothetical": bool(cluster.energy and cluster.energy.heat and cluster.energy.heat.hypothetical),
    }


def looked(folder: Folder, file: str, words: Language) -> dict[str, Any]:
    """What the results of a cluster say."""
    path = folder.existing(file, RESULTS)
    with open_cluster(path) as result, contradictions(path.name):
        drawings = {name: drawing for name, drawing in drawings_of([result]).items() if name != "map"}
        shown = [(name, as_svg(drawing, name, words, tuple(result.sites))) for name, drawing in drawings.items()]
        rows = [[called(key, words), *(cell or "–" for cell in cells)] for key, *cells in by_site(result)]
        own = [[called(key, words), value, words.say(note)] for key, value, note in own_figures([result])]
        return {
            "file": file,
            "title": str(result.attrs.get("scenario_title") or result.attrs["scenario_name"]),
            "digest": result.digest,
            "map": as_svg(cluster_map(result), "cluster", words, tuple(result.sites)),
            "by_site": _table(["key figure", *result.sites, "together"], rows, words),
            "own": {**_table(["key figure", "value", "note"], own, words), "wide": [2]},
            "links": _hauls(result, words),
            "drawings": [{"key": name, "label": label_of_figure(name, [result], words), "svg": svg} for name, svg in shown],
            "hypothetical": is_hypothetical(result),
        }


def _hauls(result: ClusterResult, words: Language) -> dict[str, Any]:
    heads = ["link", "loads sent", "taken in", "turned away", "mass sent", "received", "under way"]
    rows = []
    for name, haul in result.hauls.items():
        masses = [format_quantity(float(part.sum()), "kg") for part in (haul.sent, haul.received, haul.under_way)]
        rows.append([name, str(haul.trips), str(haul.unloaded), str(haul.turned_away), *masses])
    return _table(heads, rows, words)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: Language, text: int = 1) -> dict[str, Any]:
    heads = [words(f"cluster.{column}") if words.has(f"cluster.{column}") else column for column in columns]
    body = [[*row[:text], *(words.amount(cell) for cell in row[text:])] for row in rows]
    return {"columns": heads, "rows": body, "text": text}


def run_cluster_file(folder: Path, cluster: Cluster, progress: Callable[[float, float], None]) -> list[str]:
    """Make a run of a cluster by the call that ``twin run`` makes, and return the name of its file."""
    from twin.plant import links, topology
    from twin.plant.cluster import run_cluster

    found = {name: topology.derive(site) for name, site in cluster.sites.items()}
    for name, link in cluster.links.items():
        site = link.sender[0]
        links.check_no_melt(name, link, cluster.sites[site], found[site].destination)
    out = folder / f"{cluster.name}.h5"
    with run_cluster(cluster, out=out, progress=progress) as result:
        return [(result.path or out).name]


def sides_of(folder: Folder, file: str, against: str) -> tuple[Cluster, Cluster]:
    """What a cluster is held against, another of the folder or its own sites alone, and the cluster. Raises ``UsageError``, ``ScenarioError``."""
    cluster = loaded(folder, file)
    if against != ALONE:
        return loaded(folder, against), cluster
    if not (cluster.links or cluster.energy):
        raise UsageError(f"{file} has neither links nor energy networks: its sites are alone already")
    return loaded(folder, file, {"linked": False, "name": f"{_STEM.sub('_', cluster.name)}_alone"}), cluster


def compared(sides: tuple[Cluster, Cluster], replications: int, told: Progress) -> dict[str, Any]:
    """Run two clusters, with common random numbers where their seeds are equal, and say what differs; no file is left."""
    from twin.study.compare import compare
    from twin.study.executors import Serial

    comparison = compare(*sides, replications=replications, executor=Serial(), progress=lambda done, of: told(done / max(1, of)))
    return {"names": list(comparison.names), "rows": list(_rows(comparison)), "remarks": list(comparison.remarks), "replications": replications}


def _rows(comparison: Comparison) -> Iterable[dict[str, Any]]:
    """Figures that differ: those of the whole first, then of sites."""
    for row in sorted(comparison.ordered(1), key=lambda row: "/" in row.name):
        texts, change = row.texts(), row.changes[0]
        if change.verdict == "no change" or math.isnan(change.difference):  # what only one of both has is no difference
            continue
        relative = row.relative(1)
        share = f"{100 * relative:+.2f} %" if relative == relative else ""
        yield {"name": row.name, "texts": [texts[0], texts[1], row.difference_text(1), share], "verdict": change.verdict or "one run: no interval"}


def compared_said(answer: Mapping[str, Any], words: Language) -> dict[str, Any]:
    """The answer of a comparison in a language: verdicts first, then every figure that differs."""
    rows = answer["rows"]
    tables = []
    for of_site in (False, True):
        own = [[called(row["name"], words), *row["texts"], words.say(row["verdict"])] for row in rows if ("/" in row["name"]) == of_site]
        tables.append(_table(["key figure", *answer["names"], "difference", "change", "verdict"], own, words))
    better, worse = ([called(row["name"], words) for row in rows if row["verdict"] == verdict and "/" not in row["name"]] for verdict in ("better", "worse"))
    remarks = [words.amount(text) for text in answer["remarks"]]
    return {**answer, "better": better, "worse": worse, "whole": tables[0], "of_sites": tables[1], "remarks": remarks}


def write_report(folder: Folder, files: Sequence[str], name: str, words: Language) -> str:
    """Write the page of a cluster's results, or of one beside another, in the language of the page. Raises ``TwinError``."""
    from twin.report.cluster_page import write_cluster_page

    page = folder.new(name, ".html")
    return write_cluster_page([folder.existing(file, RESULTS) for file in files], page, words.code).name
