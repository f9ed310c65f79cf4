"""Addresses of brokers and servers, as they are written."""

from __future__ import annotations

import ipaddress
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


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host stays on this machine.

    >>> is_loopback("::1"), is_loopback("plant")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_login(address: str, user: str) -> None:
    """Raises ``UsageError`` where a user's password would go to a broker on another machine for all to read."""
    broker = broker_address(address)
    if user and not broker.secure and not is_loopback(broker.host):
        host = f"[{broker.host}]" if ":" in broker.host else broker.host
        raise UsageError(f"{shown(address)}: the password of {shown(user)} would go unencrypted to another machine; write mqtts://{host}, a broker over TLS")


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
