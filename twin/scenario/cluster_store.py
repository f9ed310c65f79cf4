"""A cluster as one text with the texts of its files, as a study keeps it: its sites stand whole in it, so that no other file is read."""

from __future__ import annotations

from collections.abc import Mapping

from twin.errors import ScenarioError
from twin.scenario import Scenario, load_stored
from twin.scenario.cluster import Cluster, rebuilt, shared_tree
from twin.scenario.places import Plain
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml

STORED = "stored cluster"
_SHARED = "shared"


def cluster_text(cluster: Cluster) -> str:
    """Return the cluster as YAML, each site its merged scenario."""
    sites: dict[str, Plain] = {name: site.merged for name, site in cluster.sites.items()}
    return to_yaml({"twin": 1, "cluster": True, "name": cluster.name, "title": cluster.title, "sites": sites, **shared_tree(cluster)})


def cluster_files(cluster: Cluster) -> dict[str, str]:
    """Return the texts of all files by name: ``sites/NAME/FILE`` and ``shared/FILE``."""
    of_sites = {f"sites/{name}/{file}": text for name, site in cluster.sites.items() for file, text in site.files.items()}
    return of_sites | {f"{_SHARED}/{file}": text for file, text in cluster.all_files.items()}


def is_stored_cluster(text: str) -> bool:
    """Whether a stored scenario is a cluster's."""
    return text.startswith("twin: 1\ncluster: true\n")


def load_stored_cluster(text: str, files: Mapping[str, str]) -> Cluster:
    """Return the cluster; no other file is read, whatever it says. Raises ``ScenarioError``."""
    root = parse_yaml(text, STORED)
    tree = root.plain()
    written = tree.get("sites") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(written, dict):
        raise ScenarioError([root.problem("a stored cluster has sites")])
    sites: dict[str, Scenario] = {}
    for name, scenario in written.items():
        prefix = f"sites/{name}/"
        sites[str(name)] = load_stored(to_yaml(scenario), {file.removeprefix(prefix): text for file, text in files.items() if file.startswith(prefix)})
    shared = {file.removeprefix(f"{_SHARED}/"): text for file, text in files.items() if file.startswith(f"{_SHARED}/")}
    bare = Cluster(str(tree.get("name", "")), str(tree.get("title", "")), sites, files=shared)
    return rebuilt(bare, sites, {key: tree[key] for key in ("links", "energy", "linked", "upstream", "avoided") if key in tree})
