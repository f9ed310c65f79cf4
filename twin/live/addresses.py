"""Addresses of brokers and servers, as they are written."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from twin.errors import UsageError
from twin.quantities import shown


class Address(NamedTuple):
    """A host and a port; ``secure``: over TLS."""

    host: str
    port: int
    secure: bool = False


def broker_address(text: str) -> Address:
    """Return where an MQTT broker is.

    >>> broker_address("mqtt://127.0.0.1"), broker_address("mqtts://plant:8884").secure
    (Address(host='127.0.0.1', port=1883, secure=False), True)
    """
    return _address(text, {"mqtt": 1883, "mqtts": 8883}, "mqtts")


def server_address(text: str) -> Address:
    """Return where an OPC UA server is.

    >>> server_address("opc.tcp://127.0.0.1:4841/line")
    Address(host='127.0.0.1', port=4841, secure=False)
    """
    return _address(text, {"opc.tcp": 4840}, "")


def _address(text: str, ports: dict[str, int], secure: str) -> Address:
    example = f"{next(iter(ports))}://127.0.0.1:{next(iter(ports.values()))}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{shown(text)} is no address ({error}); write {example}") from None
    if parts.scheme not in ports or not parts.hostname:
        raise UsageError(f"{shown(text)} is no address; write {example}")
    return Address(parts.hostname, port or ports[parts.scheme], parts.scheme == secure)
