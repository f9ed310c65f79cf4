"""No module of the engine imports, at any depth of functions, one that imports it. Contracts on layers see packages; circles hide inside of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import twin

PACKAGE = Path(twin.__file__).parent


def imported(node: ast.AST, known: dict[str, ast.Module], name: str, package: bool) -> Iterator[str]:
    """Modules in ``known`` that are imported below ``node``, in functions too, but not for type checkers alone."""
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.If) and "TYPE_CHECKING" in ast.unparse(below.test):
            continue
        if isinstance(below, ast.Import):
            yield from (alias.name for alias in below.names if alias.name in known)
        elif isinstance(below, ast.ImportFrom):
            above = name.split(".")[: len(name.split(".")) - below.level + package] if below.level else []
            base = ".".join([*above, *([below.module] if below.module else [])])
            for alias in below.names:
                yield from [module for module in (f"{base}.{alias.name}", base) if module in known][:1]
        else:
            yield from imported(below, known, name, package)


def circle(root: Path) -> list[str]:
    """Return one circle among the modules of a package, nothing where there is none."""
    files = {".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in root.rglob("*.py")}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    packages = {name for name, path in files.items() if path.name == "__init__.py"}
    graph = {name: set(imported(tree, trees, name, name in packages)) - {name} for name, tree in trees.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_the_engine_has_no_circle_of_imports() -> None:
    assert circle(PACKAGE) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from pack import b", True),
        ("import pack.b", True),
        ("from .b import f", True),
        ("def g():\n    if g:\n        from pack.b import f", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.b import f", False),
        ("from pack.c import f", False),
    ],
)
def test_a_circle_is_found_where_there_is_one(tmp_path: Path, text: str, found: bool) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    for name, content in {"__init__": "", "a": text, "b": "from pack.a import g", "c": ""}.items():
        (pack / f"{name}.py").write_text(content, encoding="utf-8")
    assert set(circle(pack)) == ({"pack.a", "pack.b"} if found else set())
