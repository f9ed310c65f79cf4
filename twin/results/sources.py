"""What results are made by: one digest over code and data of the package, and one over the modules of kinds that others wrote.

Resume, sweeps and ``reproduce`` all ask here, so that none of them can take a result of other code or other data for one of this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.results.provenance import differences
from twin.scenario.kind import Kind
from twin.scenario.policy import Policy

PACKAGE = Path(__file__).parents[1]
_SHOWN_BY = ("cli", "report")
"""Folders that only show results. Whatever else stands in the package counts, so that a new folder or data file needs no entry anywhere."""


def sources(package: Path = PACKAGE) -> Iterator[Path]:
    """Yield every file of the package that can move a result, in the order of their names: code and data, whatever they are called."""
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package)
        if path.is_file() and place.parts[0] not in _SHOWN_BY and "__pycache__" not in place.parts and not place.name.startswith("."):
            yield path


def digest_of(package: Path) -> str:
    """Return the SHA-256, in hex, over names and contents of :func:`sources`."""
    digest = hashlib.sha256()
    for path in sources(package):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def code_digest() -> str:
    """Return the digest of this package, as it was when it was first asked for."""
    return digest_of(PACKAGE)


def kinds_digest(kinds: Iterable[Kind | Policy]) -> str:
    """Return the SHA-256, in hex, over the modules of those kinds and policies that do not come with twin, "" where there are none."""
    own = [digest for kind in kinds if (digest := _kind_digest(kind))]
    return hashlib.sha256("\n".join(sorted(dict.fromkeys(own))).encode()).hexdigest() if own else ""


@cache
def _kind_digest(kind: Kind | Policy) -> str:
    if isinstance(kind, Policy):
        modules = [kind.decide.__module__, kind.check.__module__]
    else:
        modules = [kind.model.__module__, *(place.partition(":")[0] for place in (kind.behaviour, kind.kernel) if place is not None)]
    digest = hashlib.sha256()
    own = [name for name in dict.fromkeys(modules) if name.partition(".")[0] != "twin"]
    for name in own:
        spec = find_spec(name)
        digest.update(f"{name}\n".encode())
        if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
            digest.update(Path(spec.origin).read_bytes())
    return digest.hexdigest() if own else ""


def made_by(kinds: Iterable[Kind | Policy]) -> dict[str, str]:
    """Return what a file says of the code that made it, as attributes of its root."""
    own = kinds_digest(kinds)
    return {"code_sha256": code_digest(), **({"kinds_sha256": own} if own else {})}


def changes_since(stored: Mapping[str, Any], kinds: Iterable[Kind | Policy] | None = None) -> list[str]:
    """Return what differs between the code and versions that a file states and these, one phrase each; of ``kinds`` only where they are given."""
    changed = differences(stored["platform"])
    if stored.get("code_sha256") != code_digest():
        changed.append("the sources of twin have changed")
    if kinds is not None and stored.get("kinds_sha256", "") != kinds_digest(kinds):
        changed.append("the kinds or policies that do not come with twin have changed")
    return changed


def check_code(path: Path | None, stored: Mapping[str, Any], kinds: Iterable[Kind | Policy] | None = None, *, force: bool = False) -> list[str]:
    """Return :func:`changes_since`; raises ``UsageError`` where there are any, unless ``force``."""
    changed = changes_since(stored, kinds)
    if changed and not force:
        raise UsageError(f"{path}: saved by other code: {'; '.join(changed)}. Use the same versions, or --force, which the file will then state")
    return changed
