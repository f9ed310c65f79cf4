"""What ``run``, ``validate`` and ``resume`` do with a cluster, which is several plants in one time."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.results.cluster import ClusterResult
    from twin.results.hauls import Haul
    from twin.scenario.cluster import Cluster

MAIN_FIGURES = ("throughput", "energy", "energy_specific", "margin")
SCOPES = ("scope_1", "scope_1_biogenic", "scope_2", "scope_3_upstream")
"""Key figures that the summary shows of each site, where it has them."""
ONE_PLANT = "is of one plant; a cluster is run with -o, --replication, --replications, --set, --until and --save"


def run(options: argparse.Namespace, moment: Callable[[str, Any], float]) -> int:
    """``twin run`` of a cluster; ``moment`` reads a duration or date from the start of a scenario."""
    from twin.cli import budget

    if options.kind not in (None, "terminating"):
        raise UsageError(f"--kind {ONE_PLANT}")
    if (options.until is None) != (options.save is None):
        raise UsageError("--until and --save belong together: the state at that time is kept in the file")
    if options.until is not None and options.output is not None:
        raise UsageError("--until keeps one state in --save; leave out --output")
    if options.ensemble is not None and options.replications is None and options.until_half_width is None:
        raise UsageError("--ensemble tells chance and parameters apart by several runs: give --replications N")
    cluster = cluster_of(options)
    budget.weigh(list(cluster.sites.values()), max(1, options.replications or 1), options.yes)
    compile_all(cluster)
    if options.replications is not None or options.until_half_width is not None:
        if options.until is not None:
            raise UsageError("--until keeps one state in --save; leave out --replications")
        from twin.cli import replications

        return replications.run(options, cluster)
    from twin.cli import running, tables
    from twin.plant.cluster import run_cluster, run_cluster_until

    if options.until is not None:
        save = Path(options.save)
        until = moment(options.until, next(iter(cluster.sites.values())))
        with tables.progress(cluster.name) as show, running.told(show, save):
            running.show_saved(run_cluster_until(cluster, until, save, replication=options.replication, progress=show), options.json)
        return 0
    out = Path(options.output or f"{cluster.name}.h5")
    with tables.progress(cluster.name) as show, running.told(show, out):
        result = run_cluster(cluster, out=out, replication=options.replication, progress=show)
    with result:
        show_result(result, options.json)
    if not options.json:
        _show_ends(cluster)
    return 0


def _show_ends(cluster: Cluster) -> None:
    """Which series end long before the run does."""
    from twin.cli import cluster_energy, tables

    for text in cluster_energy.ends_early(cluster):
        tables.stdout().print(f"note: {text}", highlight=False, markup=False, soft_wrap=True)


def validate(options: argparse.Namespace) -> int:
    """``twin validate`` of a cluster: each site, as it would be alone."""
    from twin.cli import cluster_energy, tables
    from twin.plant import notes, topology

    cluster = cluster_of(options)
    found = {name: topology.derive(site) for name, site in cluster.sites.items()}
    if options.json:
        sites = {name: tables.topology_object(site, found[name], notes.notes_of(site, found[name])) for name, site in cluster.sites.items()}
        print(json.dumps({"cluster": cluster.name, "sha256": cluster.sha256, "sites": sites}, indent=2))
        return 0
    for name, site in cluster.sites.items():
        tables.stdout().print(f"site {name}: {site.name}, seed {site.seed}", highlight=False, markup=False)
        tables.show_topology(site, found[name], notes.notes_of(site, found[name]))
    for name, link in cluster.links.items():
        tables.stdout().print(f"link {name}: {link.trucks} trucks from {link.from_} to {link.to}", highlight=False, markup=False)
    for text in cluster_energy.networks(cluster.energy):
        tables.stdout().print(text, highlight=False, markup=False, soft_wrap=True)
    _show_ends(cluster)
    return 0


def resume(options: argparse.Namespace, moment: Callable[[str, Any], float]) -> int:
    """``twin resume`` of a cluster's saved state."""
    from twin.cli import running, tables
    from twin.plant.api import load_stored
    from twin.plant.cluster import resume_cluster, resume_cluster_until
    from twin.results.cluster import open_saved_cluster
    from twin.results.sources import check_code

    state = Path(options.state)
    with open_saved_cluster(state) as (attrs, _, sites, *_):
        name = str(attrs["scenario_name"])
        for site in sites.values():
            check_code(state, site.attrs, force=options.force)
        first = next(iter(sites.values()))
        scenario = load_stored(first.scenario, first.files)
    with tables.progress(name) as show, running.told(show, Path(options.save or options.output or f"{name}.h5")):
        if options.until is not None:
            path = resume_cluster_until(state, moment(options.until, scenario), Path(options.save), force=options.force, progress=show)
            running.show_saved(path, options.json)
            return 0
        result = resume_cluster(state, out=Path(options.output or f"{name}.h5"), force=options.force, progress=show)
    with result:
        show_result(result, options.json)
    return 0


def cluster_of(options: argparse.Namespace) -> Cluster:
    """The cluster with what ``--set`` changes."""
    from twin.cli.changed_scenario import changes_of
    from twin.plant import links, topology
    from twin.scenario.cluster import load_cluster

    if getattr(options, "seed", None) is not None:
        raise UsageError("--seed: each site of a cluster has its own; --set sites.NAME.seed=N changes one")
    cluster = load_cluster(Path(options.scenario), changes_of(options.set))
    found = {name: topology.derive(site) for name, site in cluster.sites.items()}
    for name, link in cluster.links.items():
        source = link.sender[0]
        links.check_no_melt(name, link, cluster.sites[source], found[source].destination)
    return cluster


def show_result(result: ClusterResult, as_json: bool) -> None:
    """The main key figures of each site, what to know before trusting them, and where the others stand."""
    from rich.markup import escape

    from twin.cli import cluster_energy
    from twin.cli.figures import new_table
    from twin.cli.tables import stdout
    from twin.results.findings import findings_of
    from twin.results.growth import growing
    from twin.results.kpis import kpi_text

    if as_json:
        sites = {
            name: {"digest": site.digest, "kpis": {key: {"value": kpi.value, "unit": kpi.unit} for key, kpi in site.kpis.items()}}
            for name, site in result.sites.items()
        }
        whole = {key: {"value": kpi.value, "unit": kpi.unit} for key, kpi in result.kpis.items() if "/" not in key}
        about = {"cluster": result.attrs["scenario_name"], "file": str(result.path), "digest": result.digest, "kpis": _finite(whole)}
        links = {name: _haul_object(haul) for name, haul in result.hauls.items()}
        energy = cluster_energy.as_object(result.energy)
        shared = {key: _finite(value) for key, value in {"links": links, "energy": energy}.items() if value}
        print(json.dumps({**about, "sites": _finite(sites), **shared}, indent=2))
        return
    own = result.kpis
    known = [key for key in MAIN_FIGURES if any(key in site.kpis for site in result.sites.values())]
    table = new_table("key figure", *result.sites, "together")
    for key in known:
        sides = [*(site.kpis for site in result.sites.values()), own]
        table.add_row(key, *(kpi_text(key, side[key].value, side[key].unit) if key in side else "" for side in sides))
    for key in (key for key in SCOPES if key in own and (own[key].value or key != "scope_1_biogenic")):
        cells = [own.get(f"{key}.{site}") for site in result.sites]
        table.add_row(key, *("" if cell is None else kpi_text(key, cell.value, cell.unit) for cell in (*cells, own[key])))
    for key in (key for key in own if key.startswith("avoided.")):
        table.add_row(key, *("" for _ in result.sites), kpi_text(key, own[key].value, own[key].unit))
    console = stdout()
    console.print(table)
    for key in (key for key in own if key.startswith("avoided.")):
        console.print(f"{key}: {own[key].note}, if that is so; in no other figure", highlight=False, markup=False, soft_wrap=True)
    if result.hauls:
        hauls = new_table("link", "loads sent", "taken in", "turned away", "mass sent", "received", "under way")
        for name, haul in result.hauls.items():
            masses = [f"{float(part.sum()) / 1000:,.3f} t" for part in (haul.sent, haul.received, haul.under_way)]
            hauls.add_row(name, str(haul.trips), str(haul.unloaded), str(haul.turned_away), *masses)
        console.print(hauls)
        for name, haul in result.hauls.items():
            if haul.found is not None:
                console.print(
                    f"{name}: weighed {haul.found.weighed / 1000:,.3f} t of {haul.moved.mass / 1000:,.3f} t that came after the warm-up; paid by that"
                )
    cluster_energy.show(console, result.energy)
    if own["co2"].note:
        console.print(f"[yellow]warning[/] co2 cannot be told: {escape(own['co2'].note)}", soft_wrap=True)
    for name, site in result.sites.items():
        for text in (*findings_of(site), *(growth.text for growth in growing(site))):
            console.print(f"[yellow]warning[/] {escape(f'{name}: {text}')}", soft_wrap=True)
    worst = max(site.attrs["worst_residual"] for site in result.sites.values())
    console.print(f"balances of all sites closed, worst residual {worst:.1e}; one run, replication {result.attrs['replication']}: no interval")
    console.print(
        f"{result.path}: digest {result.digest[:16]}; all key figures of a site: twin report {result.path}/sites/NAME", highlight=False, soft_wrap=True
    )


def _haul_object(haul: Haul) -> dict[str, Any]:
    """What a link did; masses in kg by element, those that there are."""
    from twin.materials import ELEMENTS

    masses = {key: getattr(haul, key).tolist() for key in ("sent", "received", "refused", "under_way")}
    if haul.found is not None:
        masses["found"] = haul.found.by_element.tolist()
    by_element = {key: {element: kg for element, kg in zip(ELEMENTS, values, strict=True) if kg} for key, values in masses.items()}
    return {"trips": haul.trips, "unloaded": haul.unloaded, "turned_away": haul.turned_away, "value": haul.value, "mass": by_element, **_weighed_object(haul)}


def _weighed_object(haul: Haul) -> dict[str, Any]:
    """The loads as they were weighed, where they were."""
    if haul.found is None:
        return {}
    return {"weighed": [{"load": load, "held": held, "shown": shown} for load, held, shown in haul.found.loads]}


def _finite(value: Any) -> Any:
    """The same with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0.0 else value


def compile_all(cluster: Cluster) -> None:
    """Compile the kernels of all sites, where none are kept, and say so."""
    from twin.cli.running import compile_if_cold

    for site in cluster.sites.values():
        compile_if_cold(site)
