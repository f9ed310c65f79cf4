"""Who may read an OPC UA server of the twin's own: over signed and encrypted channels, by a certificate that is known, or by name and password."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import FileError, UsageError
from twin.live.addresses import is_loopback, server_address
from twin.live.extra import need

SHORTEST_PASSWORD = 16


@dataclass(frozen=True)
class Access:
    """``certificate`` (.der) and ``private_key`` (.pem) of the server; ``clients``: certificates (.der) of those who may read; ``user`` and ``password`` of
    those who log in.
    """

    certificate: Path
    private_key: Path
    clients: tuple[Path, ...] = ()
    user: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if not self.clients and not self.user:
            raise UsageError("with a certificate of the server's own it must be said who may read: give certificates of clients, or a user and a password")
        if self.user and len(self.password) < SHORTEST_PASSWORD:
            raise UsageError(f"the password of {self.user} must have at least {SHORTEST_PASSWORD} characters (it has {len(self.password)})")

    def known(self) -> tuple[bytes, ...]:
        """The certificates of clients. Raises ``FileError`` for one that is none, and where the server's own and its key do not fit."""
        own, key = _certificate(self.certificate), _key(self.private_key)
        if own.public_key().public_numbers() != key.public_key().public_numbers():
            raise FileError(f"{self.private_key}: is not the key of the certificate {self.certificate}; give the one that it was made with")
        _serialization = need("cryptography.hazmat.primitives.serialization", "OPC UA")
        return tuple(bytes(_certificate(path).public_bytes(_serialization.Encoding.DER)) for path in self.clients)


class Readers:
    """Tells asyncua who a client is; None: nobody that is known."""

    def __init__(self, access: Access) -> None:
        if access.clients:
            _check_signatures()
        self._access, self._known = access, access.known()
        self._rules = need("asyncua.crypto.permission_rules", "OPC UA")

    def get_user(self, _server: Any, username: str | None = None, password: str | bytes | None = None, certificate: bytes | None = None) -> Any:
        """Return the user, who may read and no more."""
        given = password.encode() if isinstance(password, str) else password or b""
        by_name = username is not None and bool(self._access.user) and hmac.compare_digest(username.encode(), self._access.user.encode())
        by_password = hmac.compare_digest(given, self._access.password.encode())
        if (by_name and by_password) or (username is None and bytes(certificate or b"") in self._known):
            return self._rules.User(role=self._rules.UserRole.User)
        return None


class Anybody:
    """Lets whoever is on this machine read, and nobody do more: asyncua takes a client that calls itself admin for one."""

    def __init__(self) -> None:
        self._rules = need("asyncua.crypto.permission_rules", "OPC UA")

    def get_user(self, _server: Any, username: str | None = None, password: str | bytes | None = None, certificate: bytes | None = None) -> Any:
        """Return the user, who may read and no more."""
        return self._rules.User(role=self._rules.UserRole.User)


def check_reach(address: str, access: Access | None) -> None:
    """Raises ``UsageError`` where other machines could read without a certificate."""
    if access is None and not is_loopback(server_address(address).host):
        raise UsageError(f"{address}: without certificates OPC UA is served on the loopback only; give a certificate and say who may read, or write 127.0.0.1")


def _check_signatures() -> None:
    """Raises ``UsageError`` where a client need not show that it has the key of its certificate: a certificate is no secret."""
    server = need("asyncua.server.internal_server", "OPC UA").InternalServer
    if not hasattr(server, "verify_x509_token"):
        raise UsageError(
            "this asyncua does not check whether who shows a certificate has its key: nobody may log in by one; "
            "use --opcua-user and --opcua-password-from without --opcua-client, or install a newer asyncua (2.1 checks it)"
        )


def _certificate(path: Path) -> Any:
    x509 = need("cryptography.x509", "OPC UA")
    try:
        return x509.load_der_x509_certificate(path.read_bytes())
    except OSError as error:
        raise FileError(f"{path}: the certificate cannot be read ({error.strerror})") from None
    except ValueError:
        raise FileError(f"{path}: is no certificate in DER form; openssl x509 -outform der -in FILE.pem -out FILE.der makes one") from None


def _key(path: Path) -> Any:
    serialization = need("cryptography.hazmat.primitives.serialization", "OPC UA")
    try:
        return serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise FileError(f"{path}: the key cannot be read ({error.strerror})") from None
    except (ValueError, TypeError):
        raise FileError(f"{path}: is no private key in PEM form without a password") from None
