"""Where numbers come from: ``{value: 20 t/h, basis: measured, source: "weigh belt"}`` is read as its value, the rest is kept by path."""

from __future__ import annotations

from dataclasses import dataclass

from twin.errors import Problem
from twin.materials.number import ANNOTATION, BASES, NO_HASH, lacks_hash
from twin.quantities import shown
from twin.scenario.places import Node, Path, Plain

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Annotation:
    """Basis and source of the value at a path; ``low`` and ``high``, as written, span what an assumed value may be, or are the interval of a measured one."""

    basis: str = "assumed"
    source: str = NOT_STATED
    low: Plain | None = None
    high: Plain | None = None
    note: str = ""


def is_annotation(node: Node) -> bool:
    """Return whether a node is a value with what is said about it, not a mapping of its own."""
    return isinstance(node.value, dict) and "value" in node.value and all(key in ANNOTATION for key in node.value)


def unwrap(root: Node, kept: tuple[str, ...] = ()) -> tuple[Node, dict[Path, Annotation], list[Problem]]:
    """Return the tree with every annotated value in the place of its annotation, the annotations by path, and what is wrong with them.

    What stands below the top-level keys in ``kept`` is left as it is.
    """
    annotations: dict[Path, Annotation] = {}
    problems: list[Problem] = []

    def walk(node: Node, path: Path) -> Node:
        if is_annotation(node) and isinstance(node.value, dict):
            annotations[path] = _annotation(node, path, problems)
            inner = node.value["value"]
            if is_annotation(inner):
                problems.append(inner.problem("an annotated value stands inside another; write one 'value'", path))
            return walk(inner, path) if not is_annotation(inner) else Node("", inner.place)
        if isinstance(node.value, dict):
            below = {key: walk(item, (*path, key)) for key, item in node.value.items()}
            return Node(below, node.place, node.keys)
        if isinstance(node.value, list):
            return Node([walk(item, (*path, index)) for index, item in enumerate(node.value)], node.place)
        return node

    if not isinstance(root.value, dict):
        return root, annotations, problems
    below = {key: node if key in kept else walk(node, (key,)) for key, node in root.value.items()}
    return Node(below, root.place, root.keys), annotations, problems


def _annotation(node: Node, path: Path, problems: list[Problem]) -> Annotation:
    fields = node.value
    assert isinstance(fields, dict)
    texts = {}
    for key in ("basis", "source", "note"):
        if key in fields:
            written = fields[key]
            texts[key] = written.value if isinstance(written.value, str) else ""
            if not isinstance(written.value, str) or not written.value.strip():
                problems.append(written.problem(f"a text is needed (got {shown(written.plain())})", (*path, key)))
    if "basis" in fields and texts["basis"] and texts["basis"] not in BASES:
        problems.append(fields["basis"].problem(f"must be one of {', '.join(BASES)} (got {shown(texts['basis'])})", (*path, "basis")))
    basis = texts.get("basis") or "assumed"
    low, high = (fields[key].plain() if key in fields else None for key in ("low", "high"))
    if (low is None) != (high is None):
        problems.append(node.problem("'low' and 'high' belong together", path))
    elif low is not None and basis == "literature":
        message = f"only a value of basis 'assumed', 'measured' or 'calibrated' has 'low' and 'high' (got {shown(basis)})"
        problems.append(fields["low"].problem(message, (*path, "low")))
    if lacks_hash(basis, source := texts.get("source") or NOT_STATED):
        problems.append(fields["basis"].problem(f"{NO_HASH} (got {shown(source)})", (*path, "source")))
    return Annotation(basis, source, low, high, texts.get("note") or "")
