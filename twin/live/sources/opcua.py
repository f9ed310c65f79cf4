"""OPC UA: subscribes to the nodes of tags, asks for what was missed, and watches the server itself, as one that froze does not say so."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.live.addresses import server_address
from twin.live.extra import need
from twin.live.readings import Reading
from twin.live.sources.inbox import Inbox
from twin.live.sources.source import Source
from twin.live.tags import Tag
from twin.live.tags.models import SourceModel

PUBLISH = 200.0
"""ms between two messages of the server."""
WATCH = 2.0
"""Seconds between two looks at whether the server answers."""
PATIENCE = 5.0
KEPT_BY_SERVER, KEPT_BY_CLIENT = 1000, 50_000
"""Values of a node that the server holds between two messages, and messages that the client holds."""
MOST_HISTORY = 200_000
_NAMESPACE = "urn:twin:plant"
_CURRENT_TIME = "i=2258"
_OVERFLOW = 0x480


class RefusedError(Exception):
    """The server is not the one that it should be."""


class OpcuaSource(Source):
    """Follows a server. ``since``: times of the last readings that are stored, by signal; what the server's history has after them is asked for."""

    def __init__(
        self,
        name: str,
        inbox: Inbox,
        model: SourceModel,
        tags: Sequence[Tag],
        *,
        since: Mapping[str, float] | None = None,
        password: str | None = None,
        folder: Path = Path(),
    ) -> None:
        super().__init__(name, inbox)
        self._asyncua = need("asyncua", "OPC UA")
        server_address(model.opcua or "")
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        self.model, self.tags, self.password, self.folder = model, tuple(tags), password, folder
        self._since = dict(since or {})
        self._signals: dict[str, str] = {}
        self._broken: list[str] = []  # told by asyncua while we wait

    def listen(self) -> None:
        """Connect and hand on what comes, until the server does not answer any more."""
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        self._broken = []
        client = self._asyncua.Client(self.model.opcua, timeout=PATIENCE)
        if self.model.user is not None:
            client.set_user(self.model.user)
            client.set_password(self.password or "")
        await self._secure(client)
        try:
            await asyncio.wait_for(client.connect(), 2.0 * PATIENCE)
            await self._subscribe(client)
            self.up()
            await self._watch(client)
        finally:
            protocol = client.uaclient.protocol
            try:
                await asyncio.wait_for(client.disconnect(), 1.0)
            except Exception:  # noqa: BLE001  a server that is away cannot be left in order
                client.disconnect_socket()
            if protocol is not None and protocol.transport is not None:
                protocol.transport.abort()  # closing it waits for what a server that froze does not take any more
                await asyncio.sleep(0)  # the loop ends after this, and would leave it open

    async def _secure(self, client: Any) -> None:
        """Set certificates, and refuse a server that shows another than it should."""
        model = self.model
        expected = await asyncio.to_thread((self.folder / model.server_certificate).read_bytes) if model.server_certificate is not None else None
        if expected is not None:
            endpoints = await asyncio.wait_for(client.connect_and_get_server_endpoints(), 2.0 * PATIENCE)
            if not any(bytes(endpoint.ServerCertificate or b"") == expected for endpoint in endpoints):
                self.health.text = "certificate"
                raise RefusedError(f"the server at {model.opcua} does not show the certificate {model.server_certificate}; no connection was made")
        if model.policy == "none":
            return
        policies = need("asyncua.crypto.security_policies", "OPC UA")
        policy = getattr(policies, f"SecurityPolicy{model.policy}")
        assert model.certificate is not None and model.private_key is not None
        await client.set_security(policy, str(self.folder / model.certificate), str(self.folder / model.private_key), server_certificate=expected)

    async def _subscribe(self, client: Any) -> None:
        ua = self._asyncua.ua
        index = 2
        if any(not _is_node(tag.address) for tag in self.tags):
            try:
                index = await client.get_namespace_index(_NAMESPACE)
            except (ValueError, ua.UaError):
                self.inbox.note("opcua", self.name, "addresses that are no nodes are taken as names in namespace 2")
        nodes = {tag.signal: client.get_node(tag.address if _is_node(tag.address) else ua.NodeId(tag.address, index)) for tag in self.tags}
        self._signals = {node.nodeid.to_string(): signal for signal, node in nodes.items()}
        missed_from = dict(self._since)  # before anything new comes
        subscription = await client.create_subscription(PUBLISH, self, queue_maxsize=KEPT_BY_CLIENT)
        answers = await subscription.subscribe_data_change(list(nodes.values()), queuesize=KEPT_BY_SERVER, sampling_interval=0.0)
        for tag, answer in zip(self.tags, answers if isinstance(answers, list) else [answers], strict=True):
            if isinstance(answer, ua.StatusCode):
                self.inbox.note("opcua", tag.signal, f"the server has no such node, or does not give it: {tag.address} ({answer.name})")
                nodes.pop(tag.signal)
        if not nodes:
            raise ConnectionError("the server has none of the nodes of the tags file")
        if self.model.history:
            await self._catch_up(nodes, missed_from)

    async def _catch_up(self, nodes: Mapping[str, Any], missed_from: Mapping[str, float]) -> None:
        """Ask for what came since the last reading that is known."""
        ua = self._asyncua.ua
        for signal, node in nodes.items():
            if signal not in missed_from:
                continue
            begin = datetime.fromtimestamp(missed_from[signal], UTC)
            try:
                values = await asyncio.wait_for(node.read_raw_history(begin, datetime.now(UTC).replace(year=2199), MOST_HISTORY), 4.0 * PATIENCE)
            except (ua.UaError, TimeoutError, NotImplementedError) as error:
                self.inbox.note("opcua", self.name, f"its history cannot be read ({type(error).__name__}); what came while it was away is not known")
                return
            self._hand_on([self._reading(signal, value) for value in values if value.SourceTimestamp is not None])

    async def _watch(self, client: Any) -> None:
        clock = client.get_node(_CURRENT_TIME)
        while not self.stopping:
            looked = time.monotonic()
            while time.monotonic() - looked < WATCH and not self._stop.is_set():
                await asyncio.sleep(0.2)
                for text in self._broken:
                    raise ConnectionError(text)
            await asyncio.wait_for(clock.read_value(), PATIENCE)

    def datachange_notification(self, node: Any, _value: Any, data: Any) -> None:
        """Take a value (called by asyncua)."""
        value = data.monitored_item.Value
        signal = self._signals.get(node.nodeid.to_string())
        if signal is None:
            return
        if value.StatusCode is not None and value.StatusCode.value & 0xFFFF & _OVERFLOW == _OVERFLOW:
            self.inbox.count(f"overflow.{self.name}")  # the server let values go
        if value.Value is None or value.Value.Value is None or (value.SourceTimestamp is None and value.ServerTimestamp is None):
            return  # nothing has been measured yet
        self._hand_on([self._reading(signal, value)])

    def status_change_notification(self, status: Any) -> None:
        """The subscription ended (called by asyncua)."""
        self._broken.append(f"the subscription ended ({status})")

    def _reading(self, signal: str, value: Any) -> Reading:
        moment = value.SourceTimestamp or value.ServerTimestamp
        at = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
        raw = value.Value.Value if value.Value is not None else None
        number = float(raw) if isinstance(raw, (int, float)) else math.nan  # texts and lists are no numbers
        good = (value.StatusCode is None or value.StatusCode.is_good()) and math.isfinite(number)
        return Reading(signal, at, number, good)

    def _hand_on(self, readings: list[Reading]) -> None:
        lost = self.inbox.put(self.name, readings)
        for reading in readings[: len(readings) - lost]:
            self._since[reading.signal] = max(reading.time, self._since.get(reading.signal, -math.inf))
        self.came(len(readings))


def _is_node(address: str) -> bool:
    return address.startswith(("ns=", "i=", "s=", "g=", "nsu="))
