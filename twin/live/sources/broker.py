"""MQTT: subscribes to the topics of tags. A message is acknowledged to the broker when its reading is on disk, so that a killed twin gets it again."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.live.addresses import broker_address, check_login
from twin.live.extra import need
from twin.live.readings import Reading
from twin.live.sources.growing_file import read_time
from twin.live.sources.inbox import Inbox
from twin.live.sources.source import Source
from twin.live.tags import Tag
from twin.live.tags.models import FieldsModel, SourceModel

LONGEST_MESSAGE = 4096
PATIENCE = 10.0


class BrokerSource(Source):
    """Follows a broker. Its session stays while the twin is away, where the broker keeps sessions."""

    def __init__(self, name: str, inbox: Inbox, model: SourceModel, tags: Sequence[Tag], password: str | None = None, folder: Path = Path()) -> None:
        super().__init__(name, inbox)
        self._mqtt = need("paho.mqtt.client", "MQTT")
        self.model, self.password, self.folder = model, password, folder
        self.address = broker_address(model.mqtt or "")
        check_login(model.mqtt or "", model.user or "")
        self._signals: dict[str, list[str]] = {}
        for tag in tags:
            if any(sign in tag.address for sign in "#+\0"):
                raise UsageError(f"{tag.signal}: a topic of one signal has no '#' and no '+' (got {tag.address!r})")
            self._signals.setdefault(tag.address, []).append(tag.signal)
        who = hashlib.sha256(f"{model.mqtt}/{name}/{sorted(self._signals)}".encode()).hexdigest()[:16]
        self._identity = f"twin-{who}"

    def listen(self) -> None:
        """Connect, and hand on what comes until the connection is lost."""
        mqtt = self._mqtt
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self._identity, clean_session=False, manual_ack=True)
        if self.model.user is not None:
            client.username_pw_set(self.model.user, self.password)
        if self.address.secure:
            authority = self.model.server_certificate
            client.tls_set(ca_certs=str(self.folder / authority) if authority else None)
        lost: list[str] = []
        client.on_connect = self._connected(lost)
        client.on_disconnect = lambda _client, _data, _flags, reason, _properties: lost.append(f"the connection was lost ({reason})")
        client.on_message = self._message
        client.connect_timeout = PATIENCE
        client.connect(self.address.host, self.address.port, keepalive=10)
        try:
            while not self.stopping and not lost:
                if client.loop(timeout=0.2) != mqtt.MQTT_ERR_SUCCESS and not lost:
                    lost.append("the connection was lost")
        finally:
            client.disconnect()
        if lost and not self.stopping:
            raise ConnectionError(lost[0])

    def _connected(self, lost: list[str]) -> Any:
        def connected(client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                lost.append(f"the broker refused the twin ({reason})")
                return
            topics = [(topic, 1) for topic in self._signals]
            for first in range(0, len(topics), 100):
                client.subscribe(topics[first : first + 100])
            self.up()

        return connected

    def _message(self, client: Any, _data: Any, message: Any) -> None:
        def done() -> None:
            client.ack(message.mid, message.qos)

        signals = self._signals.get(message.topic, ())
        try:
            readings = [reading_in(message.payload, signal, self.model.fields) for signal in signals]
        except (ValueError, OverflowError, RecursionError):
            self.inbox.count(f"malformed.{self.name}")
            readings = []
        self.came(len(readings))
        self.inbox.put(self.name, readings, done)


def reading_in(payload: bytes, signal: str, fields: FieldsModel) -> Reading:
    """Return the reading in a message: a bare number (then its time is now), or JSON with a value and, if you like, time, quality and count.

    Raises ``ValueError`` for anything else.

    >>> reading_in(b'{"time": 1767589200, "value": 12.5, "sequence": 7}', "YARD", FieldsModel())
    Reading(signal='YARD', time=1767589200.0, value=12.5, good=True, sequence=7)
    """
    if len(payload) > LONGEST_MESSAGE:
        raise ValueError(f"a message of {len(payload)} bytes")
    found = json.loads(payload)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return Reading(signal, time.time(), float(found))
    if not isinstance(found, Mapping) or fields.value not in found:
        raise ValueError("no value")
    moment, value = found.get(fields.time), found[fields.value]
    sequence, good = found.get(fields.sequence, -1), found.get(fields.good, True)
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not isinstance(good, (bool, int)):
        raise ValueError("no count, or no quality")
    at = time.time() if moment is None else read_time(str(moment))
    number = math.nan if value is None else float(value) if isinstance(value, (int, float)) else _refuse(value)
    return Reading(signal, at, number, bool(good) and math.isfinite(number), sequence)


def _refuse(value: object) -> float:
    raise ValueError(f"no number ({value!r})")
