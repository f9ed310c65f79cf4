"""Brokers, OPC UA servers and certificates of the tests: on the loopback, on free ports, processes of their own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def until(holds: Callable[[], object], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


class Broker:
    """Mosquitto, with or without persistence; ``secure``: over TLS, for the user ``twin`` with this password only."""

    def __init__(self, folder: Path, *, persistent: bool, secure: str = "") -> None:
        self.program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
        if self.program is None:
            pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
        self.port = free_port()
        self.address = f"mqtt://127.0.0.1:{self.port}"
        folder.mkdir(exist_ok=True)
        kept = (
            f"{'' if secure else 'user root'}\npersistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            if persistent
            else "persistence false\n"
        )
        self.settings = folder / "mosquitto.conf"
        access = _secured(folder, secure) if secure else "allow_anonymous true\n"
        if secure:
            self.address = f"mqtts://localhost:{self.port}"
        self.settings.write_text(f"listener {self.port} 127.0.0.1\n{access}{kept}")
        self.start()

    def start(self) -> None:
        assert self.program is not None
        self.process = subprocess.Popen([self.program, "-c", str(self.settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert until(self._answers), "mosquitto did not start"

    def _answers(self) -> bool:
        with socket.socket() as own:
            return own.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(10)


def _secured(folder: Path, password: str) -> str:
    """Settings of a broker with a certificate of its own, ``broker.crt``, and one user."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography import x509

    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed")
    der, key = certificate(folder, "broker")
    (folder / "broker.crt").write_bytes(x509.load_der_x509_certificate(der.read_bytes()).public_bytes(serialization.Encoding.PEM))
    subprocess.run([tool, "-b", "-c", str(folder / "users"), "twin", password], check=True, capture_output=True)
    (folder / "users").chmod(0o644)
    key.chmod(0o644)
    return f"allow_anonymous false\npassword_file {folder}/users\ncertfile {folder}/broker.crt\nkeyfile {key}\nuser root\n"


OPCUA = """
import sys, time
from pathlib import Path
from twin.live.opcua_access import Access
from twin.live.opcua_server import PlantServer
from twin.live.readings import Reading
address, count, rate, certificate, key, client = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6]
names = [f"T{k}" for k in range(count)]
access = Access(Path(certificate), Path(key), (Path(client),)) if certificate else None
server = PlantServer(address, [(name, name) for name in names], access=access)
print("READY", flush=True)
begin = time.monotonic()
sent = 0
while True:
    now = time.time()
    server.write([Reading(name, now, float(sent + k)) for k, name in enumerate(names)])
    sent += count
    time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
"""


class OpcuaPlant:
    """An OPC UA server that writes ``rate`` values a second to ``count`` nodes T0, T1, ...; with a ``certificate`` and its key, for one ``client`` only."""

    def __init__(self, count: int, rate: float, certificate: Path | None = None, key: Path | None = None, client: Path | None = None) -> None:
        self.address = f"opc.tcp://127.0.0.1:{free_port()}/plant"
        self.command = [sys.executable, "-c", OPCUA, self.address, str(count), str(rate), str(certificate or ""), str(key or ""), str(client or "")]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "READY"

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate (.der) and its key (.pem)."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:twin:{name}"), x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    der, pem = folder / f"{name}.der", folder / f"{name}.pem"
    der.write_bytes(made.public_bytes(serialization.Encoding.DER))
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return der, pem
