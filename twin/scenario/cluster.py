"""A cluster: several plants, its sites, in one time. Each stays a scenario of its own.

A site's streams of random numbers are keyed by its seed and the names of its units, so two sites that share both would share their chance: that is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel

from twin.errors import Problem, ScenarioError, UsageError
from twin.quantities import format_quantity, shown
from twin.scenario.annotations import unwrap
from twin.scenario.elsewhere import KEYS as ELSEWHERE
from twin.scenario.elsewhere import Elsewhere, Shared, read_elsewhere
from twin.scenario.energy.read import Energy, named_in, read_energy
from twin.scenario.fields import NAME
from twin.scenario.kind import Kind
from twin.scenario.links import Link, read_links
from twin.scenario.loading import CHANGE, change_by, load
from twin.scenario.merge import changed, merged
from twin.scenario.model import Parameter, Scenario
from twin.scenario.parameters import annotated_numbers
from twin.scenario.places import Node, Path, dotted, from_plain, lookup, split
from twin.scenario.policy import Policy
from twin.scenario.problems import nearest
from twin.scenario.tables import Files, read_text
from twin.scenario.yaml_source import parse_yaml

KEYS = ("twin", "name", "title", "time", "sites", "links", "energy", "linked", *ELSEWHERE)
SITE_KEYS = ("extends", "seed", "change")
TIME_KEYS = ("start", "horizon", "warmup")
Note = Callable[[str, str, str], None]
"""``note(site, key, message)`` keeps a problem of a site."""
_HAS_SITES = re.compile(r"^sites[ \t]*:", re.MULTILINE)
_EXTENDS = re.compile(r"^extends[ \t]*:[ \t]*[\"']?([^\"'#\n]+?)[\"']?[ \t]*(#.*)?$", re.MULTILINE)
_LONGEST_CHAIN = 20


@dataclass(frozen=True)
class Unlinked:
    """What a cluster that is not linked has of links and networks, as it stands in its file: JSON, and the files that they read. It counts nowhere; a
    change may link the cluster again.
    """

    links: Mapping[str, str]
    energy: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Cluster:
    """A checked cluster. ``sites``: the scenario of each by name, in order; all have one ``start`` and ``horizon`` (s).

    ``links`` by name, none where it is not ``linked``; ``written``: as they stand in its file, as JSON. ``energy`` likewise; ``files``: what both read.
    ``elsewhere``: the factors of CO2 elsewhere, as JSON. ``numbers``: those of all three, with basis and source.
    """

    name: str
    title: str
    sites: Mapping[str, Scenario]
    links: Mapping[str, Link] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    energy: Energy | None = None
    energy_written: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    elsewhere: str = ""
    numbers: tuple[Parameter, ...] = field(default=(), repr=False)
    unlinked: Unlinked | None = field(default=None, repr=False)

    @property
    def linked(self) -> bool:
        """Whether its links and networks count."""
        return self.unlinked is None

    @property
    def all_files(self) -> dict[str, str]:
        """The texts that links and networks read, whether these count or not."""
        return {**self.files, **(self.unlinked.files if self.unlinked is not None else {})}

    def parameters(self) -> list[Parameter]:
        """Return every number that a run uses: of sites as ``SITE.PATH``, then of links, networks and factors of CO2 elsewhere."""
        of_sites = [replace(number, path=f"{name}.{number.path}") for name, site in self.sites.items() for number in site.parameters()]
        return [*of_sites, *self.numbers]

    @property
    def horizon(self) -> float:
        """The horizon that all sites share, s."""
        return next(iter(self.sites.values())).horizon

    @property
    def warmup(self) -> float:
        """The longest warm-up of a site, s."""
        return max(site.warmup for site in self.sites.values())

    @cached_property
    def seed(self) -> int:
        """One number for the seeds of all sites by name: equal for two clusters only whose sites of one name have one seed."""
        seeds = json.dumps(sorted((name, site.seed) for name, site in self.sites.items()))
        return int(hashlib.sha256(seeds.encode("ascii")).hexdigest()[:12], 16)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of all sites' units by name."""
        return {name: kind for site in self.sites.values() for name, kind in site.kinds.items()}

    @property
    def code(self) -> tuple[Kind | Policy, ...]:
        """What of the sites is of other packages."""
        return tuple(dict.fromkeys(part for site in self.sites.values() for part in site.code))

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over the names and the scenarios of the sites, in order, and over links, energy and factors of CO2 elsewhere."""
        rows: list[object] = [[name, site.sha256] for name, site in self.sites.items()]
        if self.written:
            rows.append(dict(self.written))
        if self.energy is not None:
            rows.append(["energy", self.energy_written, dict(self.files)])
        elif self.files:
            rows.append(["files", dict(self.files)])
        if self.elsewhere:
            rows.append(["elsewhere", self.elsewhere])
        return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode("ascii")).hexdigest()


def is_cluster(path: FilePath) -> bool:
    """Whether a file describes a cluster: it has ``sites``, or extends a file that has. False for what cannot be read, which the loader will say."""
    for _ in range(_LONGEST_CHAIN):
        try:
            text = read_text(path)
        except (UsageError, OSError, ValueError):
            return False
        if _HAS_SITES.search(text):
            return True
        base = _EXTENDS.search(text)
        if base is None:
            return False
        path = path.parent / base[1]
    return False


def load_cluster(path: FilePath, changes: Mapping[str, object] | None = None, given: Mapping[str, str] | None = None) -> Cluster:
    """Return the cluster in a YAML file, with the values at some paths changed. Raises ``ScenarioError`` with every problem found.

    ``given``: texts in the place of series files that its networks name, such as another year's weather and prices.
    """
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    root = merged(parse_yaml(text, str(path)), path.parent, Files(path.parent), (str(path.resolve()),))
    if changes:
        root = changed(root, from_plain(dict(changes), "--set"))
    return _Reader(root, Files(path.parent, dict(given or {}))).read(path.stem)


def rebuilt(cluster: Cluster, sites: Mapping[str, Scenario], changes: Mapping[str, object]) -> Cluster:
    """Return the cluster with other scenarios of its sites, and with values of links, networks and factors changed by path, e.g. ``links.copper.payload``.

    No file is read: series are among those that the cluster has. Raises ``ScenarioError``.
    """
    root = from_plain(shared_tree(cluster), "cluster")
    if changes:
        root = changed(root, from_plain(dict(changes), CHANGE))
    reader = _Reader(root, Files(None, cluster.all_files, closed=True))
    check_cluster(sites, lambda site, key, message: reader.problems.append(Problem(CHANGE, 0, 0, f"{site}.{key}", message)))
    assert isinstance(root.value, dict)
    return reader.shared(cluster.name, cluster.title, root.value, sites)


def shared_tree(cluster: Cluster) -> dict[str, Any]:
    """Return what is written of a cluster beside its sites: links, networks, factors of CO2 elsewhere, and that it is not linked."""
    own = cluster.unlinked
    links, energy = (cluster.written, cluster.energy_written) if own is None else (own.links, own.energy)
    tree: dict[str, Any] = {"links": {name: json.loads(text) for name, text in links.items()}}
    if energy:
        tree["energy"] = json.loads(energy)
    if own is not None:
        tree["linked"] = False
    return {**tree, **(json.loads(cluster.elsewhere) if cluster.elsewhere else {})}


def stored_links(written: Mapping[str, str], files: Mapping[str, str], sites: Mapping[str, Scenario]) -> dict[str, Link]:
    """Return links from their JSON in a file and the texts of the files that they read. Raises ``ValueError`` where they are not of these sites."""
    problems: list[str] = []
    nodes = {name: from_plain(json.loads(text), name) for name, text in written.items()}
    given = Files(None, dict(files), closed=True)
    links = read_links(nodes, sites, given, lambda path, message: problems.append(f"links.{dotted(path)}: {message}"))
    if problems:
        raise ValueError(problems[0])
    return links


def stored_energy(written: str, files: Mapping[str, str], sites: Mapping[str, Scenario]) -> Energy | None:
    """Return energy networks from their JSON in a file and the texts of the files that they read. Raises ``ValueError`` where they are not of these sites."""
    if not written:
        return None
    problems: list[str] = []
    given = Files(None, dict(files), closed=True)
    energy = read_energy(
        from_plain(json.loads(written), "energy"), sites, given, lambda path, message: problems.append(f"{dotted(('energy', *path))}: {message}")
    )
    if problems:
        raise ValueError(problems[0])
    return energy


def check_cluster(sites: Mapping[str, Scenario], note: Note) -> None:
    """Say through ``note(site, key, message)`` what keeps sites from running in one time, each with a chance of its own."""
    names = list(sites)
    for place, name in enumerate(names):
        own, first = sites[name], sites[names[0]]
        if own.start != first.start:
            note(name, "time.start", f"site {name!r} begins {own.start.isoformat()}, {names[0]!r} {first.start.isoformat()}: one clock needs one begin")
        if own.horizon != first.horizon:
            times = [format_quantity(site.horizon, "s") for site in (own, first)]
            note(name, "time.horizon", f"site {name!r} ends after {times[0]}, {names[0]!r} after {times[1]}: set time: {{horizon: ...}} for the whole cluster")
        for other in names[:place]:
            common = [unit for unit in own.units if unit in sites[other].units]
            if own.seed == sites[other].seed and common:
                note(
                    name,
                    "seed",
                    f"the seed {own.seed} is that of {other!r} too, and both have a unit {common[0]!r}: they would share their chance; give one another seed",
                )


class _Reader:
    """Reads the tree of a cluster, and gathers what is wrong with it."""

    def __init__(self, root: Node, files: Files) -> None:
        self.root, self.files = root, files
        self.problems: list[Problem] = []

    def read(self, stem: str) -> Cluster:
        top = self._mapping(self.root, "", KEYS)
        if "twin" not in top or top["twin"].value != 1:
            self._wrong(top.get("twin", self.root), "twin", "a cluster begins with 'twin: 1'")
        name, title = (self._text(top.get(key), key, default) for key, default in (("name", stem), ("title", "")))
        times = {f"time.{key}": node for key, node in self._mapping(top["time"], "time", TIME_KEYS).items()} if "time" in top else {}
        found = top.get("sites")
        if found is None or not isinstance(found.value, dict) or not found.value:
            self._wrong(found or self.root, "sites", "a cluster has sites, each a mapping: sites: {recycler: {extends: weee_line.yaml, seed: 11}}")
            raise ScenarioError(self.problems)
        sites: dict[str, Scenario] = {}
        for key, node in found.value.items():
            with self._gathered():
                sites[key] = self._site(key, node, times)
        if len(sites) == len(found.value):
            nodes = found.value
            check_cluster(sites, lambda site, key, message: self._wrong(nodes[site], f"sites.{site}.{key}", message))
        if len(sites) < len(found.value):
            self._stop_if_any()
        return self.shared(name, title, top, sites)

    def shared(self, name: str, title: str, top: Mapping[str, Node], sites: Mapping[str, Scenario]) -> Cluster:
        """Return the cluster of these sites with the links, networks and factors in ``top``. Raises ``ScenarioError`` with every problem found."""
        linked = self._linked(top)
        written = self._links(top)
        links = read_links(written, sites, self.files, lambda path, message: self._wrong_link(written, path, message))
        network = self._networks(top)
        energy = self._energy(network, sites) if network is not None else None
        stated = self._elsewhere(top, sites)
        models: dict[str, tuple[Node, BaseModel | None]] = {f"links.{key}": (written[key], link) for key, link in links.items()}
        if network is not None:
            models["energy"] = network, energy
        if stated is not None:
            models[""] = stated
        numbers = [number for where, (node, model) in models.items() if model is not None for number in self._numbers(where, node, model, linked)]
        self._stop_if_any()
        elsewhere = json.dumps(stated[0].plain(), separators=(",", ":")) if stated is not None else ""
        texts = {key: json.dumps(written[key].plain(), separators=(",", ":"), sort_keys=True) for key in links}
        networks = json.dumps(network.plain(), separators=(",", ":")) if network is not None and energy is not None else ""
        files = dict(self.files.texts)
        if not linked:  # what is wrong with links and networks was said all the same
            return Cluster(name, title, sites, elsewhere=elsewhere, numbers=tuple(numbers), unlinked=Unlinked(texts, networks, files))
        return Cluster(name, title, sites, links, texts, energy, networks, files, elsewhere, tuple(numbers))

    def _stop_if_any(self) -> None:
        if self.problems:
            raise ScenarioError(list(dict.fromkeys(self.problems)))  # two sites of one file have its problems twice

    def _numbers(self, where: str, node: Node, model: BaseModel, linked: bool) -> list[Parameter]:
        """The numbers of a link, of the networks or of factors; none of what does not count."""
        prefix = split(where) if where else ()
        annotations = {(*prefix, *path): about for path, about in unwrap(node)[1].items()}

        def wrong(path: Path, message: str) -> None:
            self.problems.append(Problem(*lookup(node, path[len(prefix) :])[1], dotted(path), message))

        found = annotated_numbers(model, prefix, annotations, wrong)
        return found if linked or not where else []

    def _elsewhere(self, top: Mapping[str, Node], sites: Mapping[str, Scenario]) -> tuple[Node, Elsewhere | None] | None:
        """The factors of CO2 elsewhere as written and as read, None where none are stated."""
        stated = {key: top[key] for key in ELSEWHERE if key in top}
        if not stated:
            return None
        node = Node(stated, self.root.place, {key: item.place for key, item in stated.items()})
        shared = named_in(top["energy"]) if "energy" in top else Shared()  # of an unlinked cluster too, which extends or is extended by the linked one
        found = read_elsewhere(node, sites, shared, lambda path, message: self.problems.append(Problem(*lookup(node, path)[1], dotted(path), message)))
        return node, found

    def _linked(self, top: Mapping[str, Node]) -> bool:
        """Whether there are links and networks."""
        node = top.get("linked")
        if node is not None and not isinstance(node.value, bool):
            self._wrong(node, "linked", f"true or false is needed (got {shown(node.plain())})")
        return node is None or node.value is not False

    def _networks(self, top: Mapping[str, Node]) -> Node | None:
        """The energy networks as written; None where there are none."""
        node = top.get("energy")
        if node is not None and not isinstance(node.value, dict):
            self._wrong(node, "energy", f"a mapping is needed, {{power: {{...}}, heat: {{...}}}} (got {shown(node.plain())})")
            return None
        return node

    def _links(self, top: Mapping[str, Node]) -> dict[str, Node]:
        """The links as written; none where one is no mapping."""
        if "links" not in top:
            return {}
        written, before = self._mapping(top["links"], "links", None), len(self.problems)
        for key, node in written.items():
            if not re.fullmatch(NAME, key):
                self._wrong(node, f"links.{shown(key)}", "a link's name has small letters, digits and '_' and begins with a letter")
            elif not isinstance(node.value, dict):
                self._wrong(node, f"links.{key}", f"a mapping is needed, {{from: SITE.PRODUCT, to: SITE.FEED, ...}} (got {shown(node.plain())})")
        return {} if len(self.problems) > before else dict(written)

    def _wrong_link(self, written: Mapping[str, Node], path: Path, message: str) -> None:
        node = written[str(path[0])]
        place = lookup(node, path[1:])[1]
        self.problems.append(Problem(*place, dotted(("links", *path)), message))

    def _energy(self, network: Node, sites: Mapping[str, Scenario]) -> Energy | None:
        return read_energy(network, sites, self.files, lambda path, message: self._wrong_energy(network, path, message))

    def _wrong_energy(self, node: Node, path: Path, message: str) -> None:
        self.problems.append(Problem(*lookup(node, path)[1], dotted(("energy", *path)), message))

    def _site(self, name: str, node: Node, times: Mapping[str, Node]) -> Scenario:
        where = f"sites.{name}"
        if not re.fullmatch(NAME, name):
            raise ScenarioError(
                [node.problem(f"a site's name has small letters, digits and '_' and begins with a letter (got {shown(name)})", ("sites", name))]
            )
        given = self._mapping(node, where, SITE_KEYS)
        base = given.get("extends")
        if base is None or not isinstance(base.value, str) or not base.value.strip():
            raise ScenarioError([node.problem("a site needs extends: FILE, the scenario of its plant", ("sites", name, "extends"))])
        path = FilePath(base.place.file).parent / base.value
        if is_cluster(path):
            raise ScenarioError([base.problem(f"{base.value} is a cluster itself; a site is one plant", ("sites", name, "extends"))])
        try:
            scenario = load(path)
        except ScenarioError as error:
            if any(problem.line or problem.path for problem in error.problems):
                raise
            raise ScenarioError([base.problem(str(problem.message), ("sites", name, "extends")) for problem in error.problems]) from None
        changes = dict(times)
        if "change" in given:
            changes |= self._mapping(given["change"], f"{where}.change", None)
        if "seed" in given:
            if "seed" in changes:
                self._wrong(given["seed"], f"{where}.seed", "the seed stands here and below 'change'; give it once")
            changes["seed"] = given["seed"]
        return change_by(scenario, Node(changes, node.place, {key: item.place for key, item in changes.items()})) if changes else scenario

    @contextmanager
    def _gathered(self) -> Iterator[None]:
        try:
            yield
        except ScenarioError as error:
            self.problems += error.problems

    def _mapping(self, node: Node, where: str, known: tuple[str, ...] | None) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self._wrong(node, where, f"a mapping is needed (got {shown(node.plain())})")
            return {}
        for key, item in node.value.items():
            if known is not None and key not in known:
                self._wrong(item, f"{where}.{key}".strip("."), f"unknown key; {nearest(key, known)}")
        return node.value

    def _text(self, node: Node | None, where: str, default: str) -> str:
        if node is None:
            return default
        if not isinstance(node.value, str):
            self._wrong(node, where, f"a text is needed (got {shown(node.plain())})")
            return default
        return node.value

    def _wrong(self, node: Node, where: str, message: str) -> None:
        self.problems.append(Problem(*node.place, where, message))
