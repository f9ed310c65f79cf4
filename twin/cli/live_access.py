"""Options that say who may read an OPC UA server of the twin's own, and how an emulated plant logs in to a broker."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.live.emulator.sinks import BrokerLogin
    from twin.live.opcua_access import Access


def add_opcua_options(parser: Any) -> None:
    """Declare them."""
    parser.add_argument("--opcua-certificate", metavar="FILE", help="certificate (.der) of the OPC UA server: it signs and encrypts then")
    parser.add_argument("--opcua-key", metavar="FILE", help="private key (.pem) of that certificate")
    parser.add_argument("--opcua-client", metavar="FILE", action="append", default=[], help="certificate (.der) of one who may read; may be repeated")
    parser.add_argument("--opcua-user", metavar="NAME", help="who may read after logging in")
    parser.add_argument("--opcua-password-from", metavar="NAME", help="environment variable with that password, of at least 16 characters")


def add_broker_options(parser: Any) -> None:
    """Declare them."""
    parser.add_argument("--mqtt-user", metavar="NAME", help="user at the broker")
    parser.add_argument("--mqtt-password-from", metavar="NAME", help="environment variable with the password of that user")
    parser.add_argument("--mqtt-authority", metavar="FILE", help="certificate (.pem) by which a broker at mqtts:// is known (default: those of this machine)")


def opcua_access(options: argparse.Namespace) -> Access | None:
    """Return who may read; None where no certificate was given. Raises ``UsageError`` for options that do not belong together."""
    from twin.errors import UsageError
    from twin.live.opcua_access import Access

    given = [name for name in ("certificate", "key", "client", "user", "password_from") if getattr(options, f"opcua_{name}")]
    if given and options.opcua is None:
        raise UsageError(f"--opcua-{given[0].replace('_', '-')} is of an OPC UA server: give its address by --opcua too")
    if options.opcua_certificate is None and options.opcua_key is None:
        if given:
            raise UsageError(f"--opcua-{given[0].replace('_', '-')} needs --opcua-certificate and --opcua-key: without them nothing is encrypted")
        return None
    if options.opcua_certificate is None or options.opcua_key is None:
        raise UsageError("--opcua-certificate and --opcua-key belong together: give both")
    user, password = _login(options.opcua_user, options.opcua_password_from, "opcua")
    return Access(Path(options.opcua_certificate), Path(options.opcua_key), tuple(map(Path, options.opcua_client)), user, password)


def broker_login(options: argparse.Namespace) -> BrokerLogin:
    """Return how an emulated plant shows itself. Raises ``UsageError`` for options that do not belong together."""
    from twin.errors import UsageError
    from twin.live.addresses import check_login
    from twin.live.emulator.sinks import BrokerLogin

    user, password = _login(options.mqtt_user, options.mqtt_password_from, "mqtt")
    authority = options.mqtt_authority
    if (user or authority is not None) and options.mqtt is None:
        raise UsageError("--mqtt-user and --mqtt-authority are of a broker: give its address by --mqtt too")
    if authority is not None and not options.mqtt.startswith("mqtts:"):
        raise UsageError(f"--mqtt-authority is of a broker over TLS: write its address as mqtts://… (got {options.mqtt[:80]})")
    if user:
        check_login(options.mqtt, user)
    return BrokerLogin(user, password, Path(authority) if authority is not None else None)


def _login(user: str | None, variable: str | None, what: str) -> tuple[str, str]:
    from twin.errors import UsageError

    if (user is None) != (variable is None):
        raise UsageError(f"--{what}-user and --{what}-password-from belong together: give both, or neither")
    if user is None or variable is None:
        return "", ""
    if variable not in os.environ:
        raise UsageError(f"--{what}-password-from: the environment variable {variable} is not set")
    return user, os.environ[variable]
