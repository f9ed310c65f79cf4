"""A plain tree as YAML text that the strict reader takes back unchanged."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import yaml

from twin.scenario.places import Plain
from twin.scenario.yaml_source import reads_as_text

_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PLAIN_KEY = re.compile("[a-z]{3,20}(_[a-z]+)?")
"""A key that is written as it is, whatever stands below it: those of a scenario."""


class _Dumper(_Base):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if reads_as_text(value) else '"')


_Dumper.add_representer(str, _text)


def to_yaml(tree: Plain) -> str:
    """Return block-style YAML with the keys in their order; texts that could be read as something else are quoted.

    The entries of a mapping do not depend on one another, so that those which have not changed since they were last written are not written anew.
    """
    if not isinstance(tree, dict) or not tree or not all(_PLAIN_KEY.fullmatch(key) and reads_as_text(key) for key in tree):
        return _dumped(tree)
    parts = []
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            parts.append(f"{key}:\n")
            parts += [_entry((key, name), json.dumps(item)) for name, item in value.items()]
        else:
            parts.append(_entry((key,), json.dumps(value)))
    return "".join(parts)


@lru_cache(maxsize=512)
def _entry(path: tuple[str, ...], value: str) -> str:
    """The text of one entry, given as JSON, at the top of a tree or below one key of it; without the line of that key."""
    *above, name = path
    tree: Plain = {name: json.loads(value)}
    for key in above:
        tree = {key: tree}
    return _dumped(tree).removeprefix("".join(f"{key}:\n" for key in above))


def _dumped(tree: Plain) -> str:
    return str(yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False))
