"""Makes the sources of a tags file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twin.errors import UsageError
from twin.live.sources.broker import BrokerSource
from twin.live.sources.growing_file import FileSource
from twin.live.sources.inbox import Inbox
from twin.live.sources.opcua import OpcuaSource
from twin.live.sources.source import Source
from twin.live.tags import Tags
from twin.live.tags.models import SourceModel


def sources_of(tags: Tags, inbox: Inbox, since: Mapping[str, float] | None = None) -> list[Source]:
    """Return the sources that have tags, none of them started. ``since``: times of the last readings that are stored, by signal.

    Raises ``UsageError`` where there is none, a library is missing, or a password is not in its environment variable.
    """
    found: list[Source] = []
    for name, model in tags.sources.items():
        own = tags.of_source(name)
        if not own:
            continue
        if model.file is not None:
            found.append(FileSource(name, inbox, tags.folder / model.file, own))
        elif model.mqtt is not None:
            found.append(BrokerSource(name, inbox, model, own, _password(name, model), tags.folder))
        else:
            found.append(OpcuaSource(name, inbox, model, own, since=since, password=_password(name, model), folder=tags.folder))
    if not found:
        raise UsageError("the tags file names no source that a signal comes from; add one under 'sources'")
    return found


def _password(name: str, model: SourceModel) -> str | None:
    if model.password_from is None:
        return None
    if model.password_from not in os.environ:
        raise UsageError(f"source {name}: the environment variable {model.password_from}, which holds its password, is not set")
    return os.environ[model.password_from]
