"""A small OPC UA server in a thread: variables that are written from outside, with source times, quality and history; nobody may write to them by OPC UA."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twin.errors import FileError
from twin.live.extra import need
from twin.live.opcua_access import Access, Anybody, Readers, check_reach
from twin.live.readings import Reading

NAMESPACE = "urn:twin:plant"
POLICIES = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
KEPT = 100_000
"""Values of each variable that the history holds."""
PATIENCE = 30.0


class PlantServer:
    """Serves ``variables``: pairs of a name and of its node ("ns=2;s=YARD", or a text that becomes one), and ``texts`` by name. ``access``: who may read, over
    signed and encrypted channels only; None: whoever is on this machine.
    """

    def __init__(
        self,
        address: str,
        variables: Sequence[tuple[str, str]],
        *,
        title: str = "emulated plant",
        texts: Sequence[str] = (),
        history: bool = True,
        access: Access | None = None,
    ) -> None:
        self._asyncua = need("asyncua", "OPC UA")
        check_reach(address, access)
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        self.address, self.title, self.history = address, title, history
        self._access = access
        self._readers = Readers(access) if access is not None else Anybody()
        self._variables, self._texts = list(variables), tuple(texts)
        self._loop = asyncio.new_event_loop()
        self._nodes: dict[str, Any] = {}
        self._historised: set[str] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="twin-opcua", daemon=True)
        self._thread.start()
        try:
            self._do(self._start)
        except BaseException:
            self._end()
            raise

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work(), self._loop).result(PATIENCE)
        except OSError as error:
            raise FileError(f"{self.address}: cannot be served ({error.strerror or error}); is the port taken? give another") from None
        except (TimeoutError, self._asyncua.ua.UaError) as error:
            raise FileError(f"{self.address}: cannot be served ({type(error).__name__} {error})") from None

    async def _start(self) -> None:
        ua = self._asyncua.ua
        self._server = self._asyncua.Server(user_manager=self._readers)
        await self._server.init()
        self._server.set_endpoint(self.address)
        self._server.set_server_name(f"twin: {self.title}")
        if self._access is not None:
            await self._server.load_certificate(str(self._access.certificate))
            await self._server.load_private_key(str(self._access.private_key))
            self._server.set_security_policy([getattr(ua.SecurityPolicyType, f"{name}_SignAndEncrypt") for name in POLICIES])
            tokens = [ua.AnonymousIdentityToken, ua.X509IdentityToken] if self._access.clients else []
            self._server.set_identity_tokens([*tokens, ua.UserNameIdentityToken] if self._access.user else tokens)
        else:
            self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        index = await self._server.register_namespace(NAMESPACE)
        folder = await self._server.nodes.objects.add_object(index, "plant")
        for name, node in self._variables:
            await self._add(folder, index, name, node)
        for name in self._texts:
            self._nodes[name] = await folder.add_variable(ua.NodeId(name, index), ua.QualifiedName(name, index), "", ua.VariantType.String)
        await self._server.start()

    async def _add(self, folder: Any, index: int, name: str, node: str) -> None:
        ua = self._asyncua.ua
        identifier = ua.NodeId.from_string(node) if node.startswith(("ns=", "i=", "s=")) else ua.NodeId(node, index)
        waiting = ua.DataValue(ua.Variant(math.nan, ua.VariantType.Double), StatusCode=ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData))
        variable = await folder.add_variable(identifier, ua.QualifiedName(name, index), math.nan, ua.VariantType.Double)
        await variable.write_value(waiting)
        self._nodes[name] = variable

    def write(self, readings: Sequence[Reading]) -> None:
        """Write the values of variables, in their order."""

        async def write() -> None:
            ua = self._asyncua.ua
            for reading in readings:
                good = reading.good and math.isfinite(reading.value)
                value = ua.DataValue(
                    ua.Variant(float(reading.value), ua.VariantType.Double),
                    StatusCode=ua.StatusCode(ua.StatusCodes.Good if good else ua.StatusCodes.BadSensorFailure),
                    SourceTimestamp=datetime.fromtimestamp(reading.time, UTC),
                    ServerTimestamp=datetime.now(UTC),
                )
                node = self._nodes[reading.signal]
                await self._server.write_attribute_value(node.nodeid, value)
                if self.history and reading.signal not in self._historised:  # not before: a value without a time breaks the history of asyncua
                    self._historised.add(reading.signal)
                    await self._server.historize_node_data_change(node, period=None, count=KEPT)

        self._do(write)

    def write_texts(self, texts: Mapping[str, str]) -> None:
        """Write the values of variables that are texts."""

        async def write() -> None:
            ua = self._asyncua.ua
            for name, text in texts.items():
                value = ua.DataValue(ua.Variant(text, ua.VariantType.String), ServerTimestamp=datetime.now(UTC))
                await self._server.write_attribute_value(self._nodes[name].nodeid, value)

        self._do(write)

    def close(self) -> None:
        """Stop serving."""
        try:
            self._do(self._server.stop)
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
