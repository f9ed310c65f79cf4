"""A plain tree as YAML text that the strict reader takes back unchanged."""

from __future__ import annotations

from typing import Any

import yaml

from twin.scenario.places import Plain
from twin.scenario.yaml_source import reads_as_text

_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if reads_as_text(value) else '"')


_Dumper.add_representer(str, _text)


def to_yaml(tree: Plain) -> str:
    """Return block-style YAML with the keys in their order; texts that could be read as something else are quoted."""
    return str(yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False))
