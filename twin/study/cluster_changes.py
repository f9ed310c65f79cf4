"""Changes of a cluster by path: ``SITE.units.screen.aperture``, ``links.copper.payload``, ``energy.heat.tank.diameter``, ``time.horizon`` of all sites."""

from __future__ import annotations

from collections.abc import Mapping

from twin.errors import Problem, ScenarioError, UsageError
from twin.scenario import Scenario
from twin.scenario.cluster import TIME_KEYS, Cluster, rebuilt
from twin.scenario.elsewhere import KEYS as ELSEWHERE
from twin.scenario.loading import CHANGE
from twin.scenario.places import Plain, dotted, split
from twin.scenario.problems import nearest
from twin.study.changes import with_changes

SHARED = ("links", "energy", "linked", *ELSEWHERE)
"""What a cluster has beside its sites."""
SITES, TIME = "sites", "time"


def plant_or_cluster_with(base: Scenario | Cluster, changes: Mapping[str, Plain]) -> Scenario | Cluster:
    """Return a scenario or a cluster with the values at some paths changed. Raises :class:`~twin.errors.ScenarioError`."""
    return cluster_with(base, changes) if isinstance(base, Cluster) else with_changes(base, changes)


def cluster_with(cluster: Cluster, changes: Mapping[str, Plain]) -> Cluster:
    """Return the cluster with the values at some paths changed.

    A path begins with a site (``north.units.screen.aperture``; ``sites.north…`` is the same), with ``links``, ``energy``, ``linked``, ``upstream`` or
    ``avoided``, or is one of ``time``, which all sites have. Shares of a site's composition go on to sum to 1, as in a plant's study. Raises
    :class:`~twin.errors.ScenarioError` with every problem.
    """
    if not changes:
        return cluster
    of_sites: dict[str, dict[str, Plain]] = {name: {} for name in cluster.sites}
    shared: dict[str, Plain] = {}
    problems = []
    for text, value in changes.items():
        try:
            site, path = _place(text, cluster)
        except UsageError as error:
            problems.append(Problem(CHANGE, 0, 0, text, str(error)))
            continue
        for own in [of_sites[site]] if site else of_sites.values() if path.startswith(f"{TIME}.") else [shared]:
            own[path] = value
    sites = {}
    for name, scenario in cluster.sites.items():
        try:
            sites[name] = with_changes(scenario, of_sites[name])
        except ScenarioError as error:
            problems += [Problem(found.file, found.line, found.column, _within(name, found.path), found.message) for found in error.problems]
    if problems:
        raise ScenarioError(problems)
    return rebuilt(cluster, sites, shared)


def site_of(path: str, cluster: Cluster) -> tuple[str, str]:
    """Return the site that a path leads into, "" for what is the cluster's own, and the path from there."""
    try:
        return _place(path, cluster)
    except UsageError:
        return "", path


def _place(text: str, cluster: Cluster) -> tuple[str, str]:
    parts = split(text)
    first = str(parts[0])
    if first in SHARED:
        return "", text
    if first == TIME:
        if len(parts) != 2 or parts[1] not in TIME_KEYS:
            raise UsageError(f"sites have {', '.join(f'{TIME}.{key}' for key in TIME_KEYS)} in common")
        return "", text
    rest = parts[1:] if first == SITES and len(parts) > 1 else parts
    if str(rest[0]) not in cluster.sites:
        known = [*cluster.sites, *SHARED, TIME]
        raise UsageError(f"there is no site {str(rest[0])!r}; {nearest(rest[0], known)}")
    if len(rest) < 2:
        raise UsageError(f"a path within the site is needed, e.g. {rest[0]}.units.NAME.rate")
    return str(rest[0]), dotted(rest[1:])


def _within(site: str, path: str) -> str:
    """The path of a problem of a site, as it is called in the cluster."""
    return f"change.{site}.{path.removeprefix('change.')}" if path.startswith("change.") else f"{site}.{path}"
