"""Runs a cluster: each site a plant of its own, all in one time. What no link connects runs as it would alone, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twin.engine.clock import Clock, nanoseconds
from twin.errors import FileError, ScenarioError, UsageError
from twin.plant import topology
from twin.plant.build import own_clock
from twin.plant.energy import join_energy
from twin.plant.links import join, varied_by_links
from twin.plant.simulate import SLICES, Progress, Simulation
from twin.quantities import NANOSECONDS, format_quantity
from twin.results.cluster import ClusterResult, ClusterWriter, SiteWriter, open_cluster, open_saved_cluster
from twin.results.energy import HYPOTHETICAL_HEAT, StoredEnergy
from twin.results.held import contradictions
from twin.results.sources import check_code, made_by
from twin.scenario import load_stored
from twin.scenario.cluster import Cluster, check_cluster, stored_energy, stored_links


class ClusterSimulation:
    """A run of a cluster: the simulation of each site by name, and the clock whose time they share."""

    def __init__(self, cluster: Cluster, replication: int = 0) -> None:
        self.cluster, self.replication = cluster, replication
        self.clock = Clock()
        self.sites: dict[str, Simulation] = {}
        varied = varied_by_links(cluster.links.values(), cluster.sites)
        rank = 0
        for name, scenario in cluster.sites.items():
            self.sites[name] = Simulation(scenario, replication, clock=own_clock(scenario, self.clock, rank), varied=varied[name])
            rank += len(self.sites[name].built.site.units) + 2 * sum(link.sender[0] == name for link in cluster.links.values())
        self.roads = {name: join(name, link, *(self.sites[end].built for end in (link.sender[0], link.receiver[0]))) for name, link in cluster.links.items()}
        self.networks = join_energy(cluster.energy, {name: site.built for name, site in self.sites.items()})
        for name, site in self.sites.items():
            for unit in site.built.site.units:
                unit.site_name = name
        self.horizon = nanoseconds(cluster.horizon)

    def run(self, until: int, writers: Mapping[str, SiteWriter], progress: Progress | None = None) -> None:
        """Do all events before ``until`` (ns), of all sites, and write every block that ends by then."""
        slice_length = max(1, self.horizon // SLICES)
        while self.clock.now < until:
            blocks = [site.block_end for site in self.sites.values()]
            upto = min(until, *blocks, (self.clock.now // slice_length + 1) * slice_length)
            self.clock.run(upto)
            for name, site in self.sites.items():
                site.keep(upto, writers[name])
            if progress is not None:
                progress(upto / NANOSECONDS, self.cluster.horizon)

    def writers(self, writer: ClusterWriter) -> dict[str, SiteWriter]:
        """The writers of all sites in a new file."""
        notes = {HYPOTHETICAL_HEAT: True} if self.networks is not None and self.networks.hypothetical else {}
        return {
            name: writer.site(name, site.translation.labels(), site.scenario.start, site.attrs() | notes, site.used_tables())
            for name, site in self.sites.items()
        }

    def start(self) -> None:
        """Schedule the first events."""
        for site in self.sites.values():
            site.start()

    def finish(self, writer: ClusterWriter, writers: Mapping[str, SiteWriter]) -> ClusterResult:
        """Close the accounts of all sites, and put the file in place."""
        writer.write_links([road.haul() for road in self.roads.values()])
        if self.networks is not None:
            writer.write_energy(self.networks.account(self.horizon))
        return writer.finish_cluster({name: site.finish(writers[name]) for name, site in self.sites.items()})

    def save(self, writer: ClusterWriter, writers: Mapping[str, SiteWriter]) -> Path:
        """Write the states of all sites instead of a finished run."""
        for name, site in self.sites.items():
            site.save(writers[name])
        return writer.save_cluster()

    def load(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Take over the saved states of all sites. Raises ``ValueError`` where they are not of this cluster, or of several times."""
        times = {int(state["now"]) for state in states.values()}
        if len(times) != 1:
            raise ValueError(f"the sites stand at several times, {sorted(times)} ns")
        self.clock.begin_at(times.pop(), 0)
        for name, site in self.sites.items():
            site.load(states[name])

    def attrs(self) -> dict[str, Any]:
        """Attributes of the root of the file."""
        cluster = self.cluster
        return {
            "scenario_name": cluster.name,
            "scenario_title": cluster.title,
            "scenario_sha256": cluster.sha256,
            "replication": self.replication,
            "horizon": cluster.horizon,
        }

    def stop_at(self, until: float) -> int:
        """Return a moment at which the run may be stopped, ns. Raises ``UsageError`` for one that is past, or not before the horizon."""
        stop, now = nanoseconds(until), self.clock.now
        if not now < stop < self.horizon:
            times = [format_quantity(time / NANOSECONDS, "s") for time in (now, self.horizon, stop)]
            raise UsageError(f"a run can be stopped between {times[0]} and its horizon, {times[1]} (got {times[2]})")
        return stop


def run_cluster(cluster: Cluster, *, out: Path | None = None, replication: int = 0, progress: Progress | None = None) -> ClusterResult:
    """Run a cluster to its horizon; without ``out`` the result lives in memory. Raises :class:`~twin.errors.RunError` where the run fails."""
    simulation = ClusterSimulation(cluster, replication)
    with ClusterWriter(out, list(cluster.sites), simulation.attrs(), cluster.written, _energy(cluster), cluster.elsewhere) as writer:
        writers = simulation.writers(writer)
        simulation.start()
        simulation.run(simulation.horizon, writers, progress)
        return simulation.finish(writer, writers)


def run_cluster_until(cluster: Cluster, until: float, save: Path, *, replication: int = 0, progress: Progress | None = None) -> Path:
    """Run up to ``until`` (s; events at that instant are not done) and keep the state in the file ``save``."""
    simulation = ClusterSimulation(cluster, replication)
    stop = simulation.stop_at(until)
    with ClusterWriter(save, list(cluster.sites), simulation.attrs(), cluster.written, _energy(cluster), cluster.elsewhere) as writer:
        writers = simulation.writers(writer)
        simulation.start()
        simulation.run(stop, writers, progress)
        return simulation.save(writer, writers)


def resume_cluster(state: Path, *, out: Path | None = None, force: bool = False, progress: Progress | None = None) -> ClusterResult:
    """Go on from a saved state to the horizon; the file then has the digest of the undisturbed run."""
    with contradictions(state):
        simulation, changed = _taken_up(state, force)
        with ClusterWriter.take_up(state, out, {}) as writer:
            writers = {name: writer.site_again(name, changed[name]) for name in simulation.sites}
            simulation.run(simulation.horizon, writers, progress)
            return simulation.finish(writer, writers)


def resume_cluster_until(state: Path, until: float, save: Path, *, force: bool = False, progress: Progress | None = None) -> Path:
    """Go on from a saved state up to ``until`` (s from the start) and keep the state again."""
    with contradictions(state):
        simulation, changed = _taken_up(state, force)
        stop = simulation.stop_at(until)
        with ClusterWriter.take_up(state, save, {}) as writer:
            writers = {name: writer.site_again(name, changed[name]) for name in simulation.sites}
            simulation.run(stop, writers, progress)
            return simulation.save(writer, writers)


def _energy(cluster: Cluster) -> StoredEnergy:
    return StoredEnergy(cluster.energy_written, cluster.files)


def _taken_up(state: Path, force: bool) -> tuple[ClusterSimulation, dict[str, dict[str, Any]]]:
    """The simulation in its saved state, and what the new file says of the code of each site."""
    with open_saved_cluster(state) as (attrs, links, saved, energy, elsewhere):
        scenarios, codes, contents = {}, {}, {}
        for name, site in saved.items():
            check_code(state, site.attrs, force=force)
            scenarios[name] = load_stored(site.scenario, site.files)
            topology.derive(scenarios[name])
            changed = check_code(state, site.attrs, scenarios[name].code, force=force)
            codes[name] = {**made_by(scenarios[name].code), **({"resumed_with_other_code": "; ".join(changed)} if changed else {})}
            contents[name] = site.state
    cluster = _stored(attrs, scenarios, links, (energy, elsewhere))
    simulation = ClusterSimulation(cluster, int(attrs["replication"]))
    simulation.load(contents)
    return simulation, codes


def _stored(attrs: Mapping[str, Any], scenarios: Mapping[str, Any], links: Mapping[str, str], stored: tuple[StoredEnergy, str]) -> Cluster:
    energy, elsewhere = stored
    problems: list[str] = []
    check_cluster(scenarios, lambda site, key, message: problems.append(f"{site}.{key}: {message}"))
    if problems:
        raise ValueError(problems[0])
    title = str(attrs.get("scenario_title", ""))
    networks = stored_energy(energy.written, energy.files, scenarios)
    return Cluster(
        str(attrs["scenario_name"]), title, scenarios, stored_links(links, energy.files, scenarios), links, networks, energy.written, energy.files, elsewhere
    )


@contextmanager
def stored_cluster(path: Path) -> Iterator[tuple[ClusterResult, Cluster]]:
    """A finished run of a cluster and the cluster that it was made from, read from its file alone. Raises ``FileError``."""
    with open_cluster(path) as result, contradictions(path):
        try:
            scenarios = {name: load_stored(site.scenario, site.files) for name, site in result.sites.items()}
            for scenario in scenarios.values():
                topology.derive(scenario)
        except ScenarioError as error:
            raise FileError(f"{path}: a scenario in it cannot be read: {error}") from None
        yield result, _stored(result.attrs, scenarios, result.written_links, (result.stored_energy, result.elsewhere))
