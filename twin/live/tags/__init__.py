"""Tags: which quantity of the plant each signal shows, in which unit, how well, and where it comes from."""

from __future__ import annotations

from twin.live.tags.reading_tags import load_tags
from twin.live.tags.tags import Tag, Tags

__all__ = ["Tag", "Tags", "load_tags"]
