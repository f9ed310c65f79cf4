"""Where an emulated plant sends what its instruments show: a growing file, a broker, an OPC UA server of its own."""

from __future__ import annotations

import csv
import json
import math
import queue
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twin.errors import FileError, UsageError
from twin.live.addresses import broker_address, check_login
from twin.live.extra import need
from twin.live.opcua_access import Access
from twin.live.opcua_server import PlantServer
from twin.live.readings import Reading
from twin.live.tags import Tags

CSV_HEAD = ("time", "signal", "value", "good", "sequence")
PATIENCE = 30.0
"""Seconds in which a broker takes what was sent before the plant gives up."""


class Sink(Protocol):
    """Takes what leaves the plant."""

    def send(self, readings: Sequence[Reading]) -> None:
        """Send readings, in their order. Raises ``FileError`` where that is not possible."""

    def close(self) -> None:
        """Bring to its end what was begun."""


@dataclass(frozen=True)
class BrokerLogin:
    """How a plant shows itself to a broker, and by which ``authority`` (.pem) it knows the broker; None: those of this machine."""

    user: str = ""
    password: str = ""
    authority: Path | None = None


class CsvSink:
    """A CSV file that grows: a row a reading, time in s since 1970. A file that exists is not written over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("x", newline="", encoding="utf-8")
        except FileExistsError:
            raise FileError(f"{path}: exists already; move it away, or give another name") from None
        except OSError as error:
            raise FileError(f"{path}: cannot be written ({error.strerror})") from None
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(CSV_HEAD)

    def send(self, readings: Sequence[Reading]) -> None:
        """Append rows."""
        try:
            for reading in readings:
                self._writer.writerow((repr(reading.time), reading.signal, repr(reading.value), int(reading.good), reading.sequence))
            self._file.flush()
        except OSError as error:
            raise FileError(f"{self.path}: cannot be written ({error.strerror})") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class MqttSink:
    """Publishes each reading to the topic of its tag with QoS 1, as JSON with time, value, good and sequence. ``mqtts`` is over TLS."""

    def __init__(self, address: str, tags: Tags, login: BrokerLogin) -> None:
        mqtt = need("paho.mqtt.client", "MQTT")
        self.address, self._topics = address, {tag.signal: tag.address for tag in tags.tags}
        broker = broker_address(address)
        check_login(address, login.user)
        if login.authority is not None:
            _check_readable(login.authority)
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="")
        self._client.max_queued_messages_set(0)
        if login.user:
            self._client.username_pw_set(login.user, login.password)
        answers: queue.Queue[Any] = queue.Queue()
        self._client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(reason)
        try:
            if broker.secure:
                self._client.tls_set(ca_certs=str(login.authority) if login.authority is not None else None)
            self._client.connect(broker.host, broker.port, keepalive=30)
        except ssl.SSLError as error:
            raise FileError(f"{address}: the broker's certificate, or that of its authority, is not the right one ({error.reason or error})") from None
        except OSError as error:
            raise FileError(f"{address}: the broker does not answer ({error.strerror or error}); start it, or check address and port") from None
        self._client.loop_start()
        self._begin(answers)
        self._last: Callable[[float], None] | None = None

    def send(self, readings: Sequence[Reading]) -> None:
        """Publish; the broker has the last block before the next is sent."""
        self._wait()
        for reading in readings:
            value = reading.value if math.isfinite(reading.value) else None
            message = {"time": reading.time, "value": value, "good": reading.good, "sequence": reading.sequence}
            self._last = self._client.publish(self._topics[reading.signal], json.dumps(message), qos=1).wait_for_publish

    def _begin(self, answers: queue.Queue[Any]) -> None:
        try:
            reason = answers.get(timeout=PATIENCE)
        except queue.Empty:
            reason = None
        if reason is None or reason.is_failure:
            self._client.loop_stop()
            raise FileError(f"{self.address}: the broker refuses the plant ({reason or f'no answer in {PATIENCE:g} s'}); check user and password")

    def _wait(self) -> None:
        if self._last is None:
            return
        try:
            self._last(PATIENCE)
        except (RuntimeError, ValueError) as error:
            raise FileError(f"{self.address}: the broker took nothing in {PATIENCE:g} s ({error})") from None

    def close(self) -> None:
        """Wait for the broker, and leave it."""
        self._wait()
        self._client.disconnect()
        self._client.loop_stop()


def _check_readable(authority: Path) -> None:
    try:
        authority.read_bytes()
    except OSError as error:
        raise FileError(f"{authority}: the certificate of the broker's authority cannot be read ({error.strerror}); give its .pem file") from None


class OpcuaSink:
    """An OPC UA server with a variable for each tag."""

    def __init__(self, address: str, tags: Tags, access: Access | None) -> None:
        self._server = PlantServer(address, [(tag.signal, tag.address) for tag in tags.tags], access=access)

    def send(self, readings: Sequence[Reading]) -> None:
        """Write the values."""
        self._server.write(readings)

    def close(self) -> None:
        """Stop the server."""
        self._server.close()


@dataclass(frozen=True)
class Where:
    """Where an emulated plant sends what it shows; None: not there."""

    csv_file: Path | None = None
    mqtt: str | None = None
    opcua: str | None = None
    login: BrokerLogin = BrokerLogin()
    access: Access | None = None


def sinks_of(tags: Tags, where: Where) -> list[Sink]:
    """Return the sinks that are asked for. Raises ``UsageError`` where none is."""
    if where.csv_file is None and where.mqtt is None and where.opcua is None:
        raise UsageError("where to send what the plant shows? give --csv FILE, --mqtt ADDRESS or --opcua ADDRESS")
    sinks: list[Sink] = []
    try:
        if where.csv_file is not None:
            sinks.append(CsvSink(where.csv_file))
        if where.mqtt is not None:
            sinks.append(MqttSink(where.mqtt, tags, where.login))
        if where.opcua is not None:
            sinks.append(OpcuaSink(where.opcua, tags, where.access))
    except BaseException:
        for sink in sinks:
            sink.close()
        raise
    return sinks
