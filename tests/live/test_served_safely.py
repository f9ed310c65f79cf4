"""Servers of the twin's own, for those only who may read, and an emulated plant at a broker over TLS."""

from __future__ import annotations

import asyncio
import math
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers import Broker, certificate, free_port, until

from twin.cli import main
from twin.errors import FileError, UsageError
from twin.live.addresses import check_login
from twin.live.emulator.sinks import BrokerLogin, MqttSink
from twin.live.opcua_access import Access, check_reach
from twin.live.opcua_server import PlantServer
from twin.live.readings import Reading
from twin.live.sources.broker import BrokerSource
from twin.live.sources.inbox import Inbox
from twin.live.tags import Tag, load_tags
from twin.live.tags.models import SourceModel
from twin.measurement import Measurement

T = 1_767_589_200.0
PASSWORD = "correct horse battery"


def read(address: str, folder: Path, who: str = "", user: str = "", password: str = "", policy: str = "Basic256Sha256") -> Any:
    """What a client reads that has the certificate of ``who`` or no security at all, and logs in where it has a name."""
    asyncua = pytest.importorskip("asyncua")
    from asyncua.crypto import security_policies

    async def ask() -> Any:
        client = asyncua.Client(address, timeout=4.0)
        client.application_uri = f"urn:twin:{who}"
        if user:
            client.set_user(user)
            client.set_password(password)
        if who:
            await client.set_security(getattr(security_policies, f"SecurityPolicy{policy}"), str(folder / f"{who}.der"), str(folder / f"{who}.pem"))
        async with client:
            node = client.get_node("ns=2;s=YARD")
            value = await node.read_value()
            with pytest.raises(asyncua.ua.UaError):
                await node.write_value(1.0)  # to nobody: it never writes to a plant, nor lets itself be written to
            return value

    return asyncio.run(ask())


def stored(inbox: Inbox) -> list[Reading]:
    """What waits, acknowledged as if it were on disk."""
    batch = inbox.take(1_000_000, 0.0)
    for done in batch.done:
        done()
    return batch.readings


def test_who_has_a_known_certificate_or_the_password_reads_and_nobody_else(tmp_path: Path) -> None:
    asyncua = pytest.importorskip("asyncua")
    der, pem = certificate(tmp_path, "server")
    for name in ("friend", "stranger"):
        certificate(tmp_path, name)
    address = f"opc.tcp://127.0.0.1:{free_port()}/twin"
    access = Access(der, pem, (tmp_path / "friend.der",), "control room", PASSWORD)
    server = PlantServer(address, [("YARD", "YARD")], history=False, access=access)
    try:
        server.write([Reading("YARD", T, 12.5)])
        for policy in ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"):
            assert read(address, tmp_path, "friend", policy=policy) == 12.5
        assert read(address, tmp_path, "stranger", "control room", PASSWORD) == 12.5
        refused: list[dict[str, str]] = [
            {},
            {"who": "stranger"},
            {"who": "stranger", "user": "control room", "password": "wrong"},
            {"who": "stranger", "user": "admin", "password": PASSWORD},
            {"who": "friend", "user": "control room", "password": ""},
            {"user": "control room", "password": PASSWORD},
        ]
        for who in refused:
            with pytest.raises((asyncua.ua.UaError, ConnectionError, TimeoutError, asyncio.TimeoutError)):
                read(address, tmp_path, **who)
    finally:
        server.close()


@pytest.mark.parametrize("user", ["", "admin"])
def test_nobody_writes_to_a_server_on_the_loopback(tmp_path: Path, user: str) -> None:
    pytest.importorskip("asyncua")
    address = f"opc.tcp://127.0.0.1:{free_port()}/twin"
    server = PlantServer(address, [("YARD", "YARD")], history=False)
    try:
        server.write([Reading("YARD", T, 12.5)])
        assert read(address, tmp_path, user=user, password="x") == 12.5
    finally:
        server.close()


def test_certificates_let_nobody_in_where_their_signatures_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An asyncua that does not look at the signature of a token would take whoever has seen a certificate for its owner."""
    internal = pytest.importorskip("asyncua.server.internal_server")
    monkeypatch.delattr(internal.InternalServer, "verify_x509_token")
    der, pem = certificate(tmp_path, "server")
    friend, _ = certificate(tmp_path, "friend")
    with pytest.raises(UsageError, match=r"does not check .* --opcua-user .* newer asyncua"):
        PlantServer(f"opc.tcp://127.0.0.1:{free_port()}/twin", [("YARD", "YARD")], access=Access(der, pem, (friend,), "control room", PASSWORD))
    PlantServer(f"opc.tcp://127.0.0.1:{free_port()}/twin", [("YARD", "YARD")], access=Access(der, pem, (), "control room", PASSWORD)).close()


def test_what_makes_no_server_is_said(tmp_path: Path) -> None:
    der, pem = certificate(tmp_path, "server")
    other, other_pem = certificate(tmp_path, "other")
    (tmp_path / "text.der").write_text("no certificate")
    for make, error, text in (
        (lambda: Access(der, pem), UsageError, "who may read"),
        (lambda: Access(der, pem, (), "me", "short"), UsageError, "at least 16 characters"),
        (lambda: Access(der, other_pem, (other,)).known(), FileError, "is not the key of the certificate"),
        (lambda: Access(der, pem, (tmp_path / "text.der",)).known(), FileError, "no certificate in DER form"),
        (lambda: Access(der, der, (other,)).known(), FileError, "no private key in PEM form"),
        (lambda: Access(tmp_path / "none.der", pem, (other,)).known(), FileError, "cannot be read"),
        (lambda: check_reach("opc.tcp://0.0.0.0:4841/twin", None), UsageError, "on the loopback only"),
        (lambda: check_reach("opc.tcp://plant:4841/twin", None), UsageError, "on the loopback only"),
    ):
        with pytest.raises(error, match=text):
            make()
    for address in ("opc.tcp://127.0.0.1:4841", "opc.tcp://localhost:4841", "opc.tcp://[::1]:4841"):
        check_reach(address, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--opcua-certificate", "a.der"], "by --opcua too"),
        (["--opcua", "opc.tcp://127.0.0.1:4841", "--opcua-client", "a.der"], "without them nothing is encrypted"),
        (["--opcua", "opc.tcp://127.0.0.1:4841", "--opcua-certificate", "a.der"], "belong together"),
        (["--opcua", "opc.tcp://127.0.0.1:4841", "--opcua-certificate", "a.der", "--opcua-key", "a.pem"], "who may read"),
        (["--opcua", "opc.tcp://0.0.0.0:4841"], "on the loopback only"),
        (["--csv", "r.csv", "--mqtt-user", "me"], "belong together"),
        (["--mqtt", "mqtt://127.0.0.1", "--mqtt-authority", "ca.pem"], "mqtts://"),
        (["--mqtt", "mqtts://127.0.0.1", "--mqtt-user", "me", "--mqtt-password-from", "NOT_SET_ANYWHERE"], "is not set"),
        (["--csv", "r.csv", "--mqtt", "mqtt://192.0.2.1", "--mqtt-user", "me", "--mqtt-password-from", "PATH"], "write mqtts://192.0.2.1"),
    ],
)
def test_options_that_do_not_belong_together(
    written: dict[str, Any], tmp_path: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tags.yaml").write_text(yaml.safe_dump(written))
    assert main(["emulate", written["plant"]["scenario"], "--tags", "tags.yaml", "--until", "1 h", "--speed", "max", *given]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "r.csv").exists()


def test_a_password_does_not_leave_this_machine_in_clear_and_a_file_that_is_missing_is_named(written: dict[str, Any], tmp_path: Path) -> None:
    tags = load_tags(written)
    for address, instead in (("mqtt://192.0.2.1:1884", "mqtts://192.0.2.1"), ("mqtt://[2001:db8::1]", r"mqtts://\[2001:db8::1\]")):
        with pytest.raises(UsageError, match=instead):
            MqttSink(address, tags, BrokerLogin("me", PASSWORD))
    for host in ("127.0.0.1", "localhost", "[::1]"):
        check_login(f"mqtt://{host}:1883", "me")
    check_login("mqtts://192.0.2.1", "me")
    check_login("mqtt://192.0.2.1", "")
    with pytest.raises(FileError, match=r"none\.crt: the certificate .* cannot be read \(No such file"):
        MqttSink(f"mqtts://127.0.0.1:{free_port()}", tags, BrokerLogin(authority=tmp_path / "none.crt"))


@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")  # paho leaves the socket of a handshake that failed to the garbage collector
def test_an_emulated_plant_at_a_broker_over_tls_with_a_password(
    written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(tmp_path / "broker", persistent=False, secure=PASSWORD)
    certificate(tmp_path, "somebody")
    (tmp_path / "somebody.crt").write_bytes(ssl.DER_cert_to_PEM_cert((tmp_path / "somebody.der").read_bytes()).encode())
    authority = tmp_path / "broker" / "broker.crt"
    (tmp_path / "tags.yaml").write_text(yaml.safe_dump(written))
    tags = load_tags(written)
    inbox = Inbox(100_000)
    model = SourceModel(mqtt=broker.address, server_certificate="broker/broker.crt", user="twin", password_from="IN_THE_TEST")
    shown = [Tag(tag.signal, Measurement("level.yard"), "kg", "kg", source="s", address=tag.address) for tag in tags.tags]
    source = BrokerSource("s", inbox, model, shown, PASSWORD, tmp_path)
    monkeypatch.setenv("BROKER", PASSWORD)
    try:
        source.start()
        assert until(lambda: source.health.state == "up")
        command = ["emulate", written["plant"]["scenario"], "--tags", str(tmp_path / "tags.yaml"), "--until", "2 h", "--speed", "max", "--json"]
        command += ["--mqtt", broker.address, "--mqtt-user", "twin", "--mqtt-password-from", "BROKER", "--mqtt-authority", str(authority)]
        assert main(command) == 0
        sent = yaml.safe_load(capsys.readouterr().out)["readings"]
        came: list[Reading] = []
        assert sent > 100 and until(lambda: came.extend(stored(inbox)) or len(came) == sent), (sent, len(came))
        for login, said in (
            (BrokerLogin("twin", "wrong horse", authority), "refuses the plant"),
            (BrokerLogin("", "", authority), "refuses the plant"),
            (BrokerLogin("twin", PASSWORD, tmp_path / "somebody.crt"), "certificate"),
            (BrokerLogin("twin", PASSWORD, tmp_path / "none.crt"), r"none\.crt: .* cannot be read"),
        ):
            with pytest.raises(FileError, match=said) as found:
                MqttSink(broker.address, tags, login)
            assert PASSWORD not in str(found.value)
    finally:
        source.stop()
        broker.stop()
    assert math.isfinite(source.health.last)
