"""Sources against real files, a real broker, a real OPC UA server: what comes, what is lost and told, and how they come back."""

from __future__ import annotations

import json
import math
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Broker, OpcuaPlant, certificate, until

from twin.errors import UsageError
from twin.live.history import History, HistoryReader
from twin.live.readings import Reading
from twin.live.sources.broker import BrokerSource, reading_in
from twin.live.sources.growing_file import FileSource
from twin.live.sources.inbox import Inbox
from twin.live.sources.opcua import OpcuaSource
from twin.live.sources.source import Source
from twin.live.tags import Tag
from twin.live.tags.models import FieldsModel, SourceModel
from twin.measurement import Measurement

T = 1_767_589_200.0
NAMES = ("A", "B")


def tag(name: str, address: str = "") -> Tag:
    return Tag(name, Measurement("level.yard"), "kg", "kg", source="s", address=address or name)


def taken(inbox: Inbox) -> list[Reading]:
    batch = inbox.take(1_000_000, 0.0)
    for done in batch.done:
        done()
    return batch.readings


@pytest.fixture
def running() -> Iterator[list[Source]]:
    sources: list[Source] = []
    yield sources
    for source in sources:
        source.stop()


def test_an_inbox_is_bounded_and_counts_what_does_not_fit() -> None:
    inbox = Inbox(100)
    assert inbox.put("s", [Reading("A", T + k, 1.0) for k in range(150)]) == 50
    assert inbox.put("s", [Reading("A", T, 1.0)]) == 1
    notes, counts = inbox.told()
    assert counts == {"lost.s": 51} and [note.kind for note in notes] == ["flood"]
    assert len(taken(inbox)) == 100 and inbox.put("s", [Reading("A", T, 1.0)]) == 0


@pytest.mark.parametrize("wide", [False, True])
def test_a_file_that_grows(tmp_path: Path, wide: bool, running: list[Source]) -> None:
    path, inbox = tmp_path / "log.csv", Inbox(10_000)
    source = FileSource("log", inbox, path, [tag("A", "col_a"), tag("B", "col_b")])
    running.append(source)
    source.start()
    assert until(lambda: source.health.state == "lost")  # not there yet
    head = "time,col_a,other,col_b\n" if wide else "time,signal,value,good,sequence\n"
    first = f"{T},1.5,x,\n{T + 1},2.5,x,7\n" if wide else f"{T},col_a,1.5,1,0\n{T + 1},col_a,2.5,1,1\n{T + 1},col_b,7,0,0\n"
    path.write_text(head + first)
    assert until(lambda: len(inbox) == 3)
    found = taken(inbox)
    assert [(r.signal, r.time - T, r.value) for r in found] == [("A", 0, 1.5), ("A", 1, 2.5), ("B", 1, 7.0)]
    with path.open("a") as file:
        file.write(f"{T + 2},9" if wide else f"{T + 2},col_a,9")  # half a line
        file.flush()
        time.sleep(0.6)
        assert len(inbox) == 0
        file.write("9,x,\nbroken line\n\n" if wide else "9,1,2\nbroken line\n\n")
    assert until(lambda: len(inbox) == 1)
    assert taken(inbox)[0].value == 99.0
    assert inbox.told()[1]["malformed.log"] == 1
    path.write_text(head + (f"{T + 5},3,x,\n" if wide else f"{T + 5},col_a,3,1,0\n"))  # cut: a new day's file, say
    assert until(lambda: len(inbox) == 1) and taken(inbox)[0].time == T + 5
    assert any(note.kind == "file" for note in inbox.told()[0])


def test_a_file_waits_for_room_and_loses_nothing(tmp_path: Path, running: list[Source]) -> None:
    path, inbox = tmp_path / "log.csv", Inbox(1000)
    path.write_text("time,signal,value\n" + "".join(f"{T + k},A,{k}\n" for k in range(10_000)))
    source = FileSource("log", inbox, path, [tag("A")])
    running.append(source)
    source.start()
    found: list[Reading] = []
    assert until(lambda: found.extend(taken(inbox)) or len(found) == 10_000)
    assert [r.value for r in found] == [float(k) for k in range(10_000)] and not inbox.told()[1]


def test_files_that_are_something_else(tmp_path: Path, running: list[Source]) -> None:
    for name, content in (("image", bytes(range(256)) * 100), ("head", b"a,b,c\n1,2,3\n"), ("long", b"x" * 3_000_000)):
        (tmp_path / name).write_bytes(content)
        inbox = Inbox(100)
        source = FileSource("log", inbox, tmp_path / name, [tag("A")])
        running.append(source)
        source.start()
        assert until(lambda s=source, i=inbox: s.health.state == "lost" or i._counts["malformed.log"], 5.0), name


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff\xfe", b"[1]", b'"5"', b"true", b"{}", b'{"value": "5"}', b'{"value": [1]}', b'{"value": 1, "sequence": 1.5}', b"1" * 5000, b"[" * 3000, b'{"value": 1, "time": "soon"}'],
)  # fmt: skip
def test_messages_that_are_no_reading(payload: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        reading_in(payload, "A", FieldsModel())


def test_messages_that_are_one() -> None:
    assert reading_in(b"12.5", "A", FieldsModel()).value == 12.5
    found = reading_in(b'{"t": "2026-01-05T06:00:00+01:00", "v": null}', "A", FieldsModel(time="t", value="v"))
    assert found.time == T and math.isnan(found.value) and not found.good
    assert math.isnan(reading_in(b'{"value": NaN}', "A", FieldsModel()).value)


def publish(broker: Broker, numbers: range) -> None:
    mqtt = pytest.importorskip("paho.mqtt.client")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for k in numbers:
        last = client.publish("plant/a", json.dumps({"time": T + k, "value": k, "sequence": k}), qos=1)
    last.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("persistent", [True, False])
def test_a_broker_that_is_killed_and_a_twin_that_is_away(tmp_path: Path, persistent: bool, running: list[Source]) -> None:
    broker = Broker(tmp_path / "broker", persistent=persistent)
    try:
        model, tags = SourceModel(mqtt=broker.address), [tag("A", "plant/a")]
        inbox, path = Inbox(10_000), tmp_path / "h.sqlite"

        def store() -> int:
            batch = inbox.take(1000, 0.1)
            history.append(batch.readings, T)
            for done in batch.done:
                done()
            return history.last

        with History(path) as history:
            source = BrokerSource("mq", inbox, model, tags)
            source.start()
            assert until(lambda: source.health.state == "up")
            time.sleep(0.3)
            publish(broker, range(200))
            assert until(lambda: store() == 200)
            source.stop()
            publish(broker, range(200, 300))  # the twin is away: the broker keeps its session
            if persistent:
                time.sleep(1.5)
            broker.stop(signal.SIGKILL)
            broker.start()
            source = BrokerSource("mq", inbox, model, tags)
            running.append(source)
            source.start()
            assert until(lambda: source.health.state == "up")
            time.sleep(0.5)
            publish(broker, range(300, 400))
            assert until(lambda: store() >= (400 if persistent else 300))
            broker.stop(signal.SIGKILL)  # while it listens
            assert until(lambda: source.health.state == "lost")
            broker.start()
            assert until(lambda: source.health.state == "up")
            time.sleep(0.5)
            publish(broker, range(400, 450))
            assert until(lambda: store() >= (450 if persistent else 350))
        with HistoryReader(path) as reader:
            assert reader.never_came() == ({} if persistent else {"A": 100})  # lost by a broker that keeps nothing: told, by the counts
        assert source.health.losses == 1
    finally:
        broker.stop(signal.SIGKILL)


def test_what_was_not_stored_comes_again_from_the_broker(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker", persistent=False)
    try:
        model, tags, inbox = SourceModel(mqtt=broker.address), [tag("A", "plant/a")], Inbox(1000)
        source = BrokerSource("mq", inbox, model, tags)
        source.start()
        assert until(lambda: source.health.state == "up")
        time.sleep(0.3)
        publish(broker, range(10))
        assert until(lambda: len(inbox) == 10)
        source.stop()  # killed before they were stored: nothing was acknowledged
        again = Inbox(1000)
        source = BrokerSource("mq", again, model, tags)
        source.start()
        assert until(lambda: len(again) == 10)
        source.stop()
    finally:
        broker.stop()


@pytest.mark.soak
def test_an_opcua_server_that_freezes_and_restarts(running: list[Source]) -> None:
    pytest.importorskip("asyncua")
    plant = OpcuaPlant(5, 50.0)
    try:
        inbox = Inbox(100_000)
        source = OpcuaSource("plc", inbox, SourceModel(opcua=plant.address), [tag(f"T{k}") for k in range(5)])
        running.append(source)
        source.start()
        assert until(lambda: len(inbox) > 50)
        plant.process.send_signal(signal.SIGSTOP)
        assert until(lambda: source.health.state == "lost", 25.0)
        plant.process.send_signal(signal.SIGCONT)
        taken(inbox)
        assert until(lambda: source.health.state == "up" and len(inbox) > 50, 30.0)  # values come before all that was missed is asked for
        plant.stop()
        assert until(lambda: source.health.state == "lost", 20.0)
        taken(inbox)
        plant.start()
        assert until(lambda: len(inbox) > 50, 40.0)
        assert source.health.losses == 2
        found = [reading.value for reading in taken(inbox) if reading.signal == "T1"]
        assert all(value % 5 == 1 for value in found if math.isfinite(value))
    finally:
        plant.process.send_signal(signal.SIGCONT)
        plant.stop()


def test_what_was_missed_is_read_from_the_servers_history(running: list[Source]) -> None:
    pytest.importorskip("asyncua")
    plant = OpcuaPlant(1, 20.0)
    try:
        begin = time.time()
        time.sleep(2.0)
        inbox = Inbox(100_000)
        source = OpcuaSource("plc", inbox, SourceModel(opcua=plant.address), [tag("T0")], since={"T0": begin})
        running.append(source)
        source.start()
        assert until(lambda: len(inbox) > 60)
        values = sorted({reading.value for reading in taken(inbox) if reading.good})
        assert values == [values[0] + k for k in range(len(values))] and values[0] < 20  # none is missing between
    finally:
        plant.stop()


def test_certificates(tmp_path: Path, running: list[Source]) -> None:
    pytest.importorskip("asyncua")
    ours, ours_key = certificate(tmp_path, "twin")
    theirs, theirs_key = certificate(tmp_path, "server")
    certificate(tmp_path, "stranger")
    plant = OpcuaPlant(2, 20.0, theirs, theirs_key, ours)
    try:
        secure = {"opcua": plant.address, "policy": "Basic256Sha256", "certificate": ours.name, "private_key": ours_key.name}
        inbox = Inbox(10_000)
        good = OpcuaSource("plc", inbox, SourceModel(**secure, server_certificate="server.der"), [tag("T0"), tag("T1")], folder=tmp_path)
        bad_inbox = Inbox(10_000)
        bad = OpcuaSource("plc", bad_inbox, SourceModel(**secure, server_certificate="stranger.der"), [tag("T0")], folder=tmp_path)
        open_inbox = Inbox(10_000)
        unsecured = OpcuaSource("plc", open_inbox, SourceModel(opcua=plant.address), [tag("T0")])
        running += [good, bad, unsecured]
        for source in (good, bad, unsecured):
            source.start()
        assert until(lambda: len(inbox) > 20, 30.0)
        assert until(lambda: bad.health.state == "lost" and unsecured.health.state == "lost")
        assert "does not show the certificate stranger.der" in bad.health.text
        assert len(bad_inbox) == 0 and len(open_inbox) == 0
    finally:
        plant.stop()


def test_nodes_that_there_are_not(running: list[Source]) -> None:
    pytest.importorskip("asyncua")
    plant = OpcuaPlant(1, 20.0)
    try:
        inbox = Inbox(10_000)
        source = OpcuaSource("plc", inbox, SourceModel(opcua=plant.address), [tag("T0"), tag("X", "ns=2;s=NOWHERE")])
        running.append(source)
        source.start()
        assert until(lambda: len(inbox) > 5)
        assert any(note.subject == "X" and "no such node" in note.text for note in inbox.told()[0])
    finally:
        plant.stop()


@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")  # paho leaves the socket of a handshake that failed to the garbage collector
def test_a_broker_over_tls_with_a_password(tmp_path: Path, running: list[Source]) -> None:
    broker = Broker(tmp_path / "broker", persistent=False, secure="right horse")
    certificate(tmp_path, "somebody")  # of nobody that the broker is
    other = tmp_path / "somebody.crt"
    other.write_bytes(ssl.DER_cert_to_PEM_cert((tmp_path / "somebody.der").read_bytes()).encode())
    cases = {
        "right": ("broker/broker.crt", "right horse"),
        "wrong password": ("broker/broker.crt", "wrong horse"),
        "another certificate": ("somebody.crt", "right horse"),
    }
    try:
        sources: dict[str, BrokerSource] = {}
        inboxes = {name: Inbox(1000) for name in cases}
        for name, (authority, password) in cases.items():
            model = SourceModel(mqtt=broker.address, server_certificate=authority, user="twin", password_from="IN_THE_TEST")
            sources[name] = BrokerSource(name, inboxes[name], model, [tag("A", "plant/a")], password, tmp_path)
            running.append(sources[name])
            sources[name].start()
        assert until(lambda: sources["right"].health.state == "up")
        assert until(lambda: sources["wrong password"].health.state == "lost" and sources["another certificate"].health.state == "lost")
        assert "refused" in sources["wrong password"].health.text and "certificate" in sources["another certificate"].health.text.lower()
        time.sleep(0.3)
        mqtt = pytest.importorskip("paho.mqtt.client")
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.username_pw_set("twin", "right horse")
        client.tls_set(ca_certs=str(tmp_path / "broker" / "broker.crt"))
        client.connect("localhost", broker.port)
        client.loop_start()
        for k in range(20):
            last = client.publish("plant/a", json.dumps({"time": T + k, "value": k, "sequence": k}), qos=1)
        last.wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        assert until(lambda: len(inboxes["right"]) == 20)
        assert [reading.value for reading in taken(inboxes["right"])] == [float(k) for k in range(20)]
        assert not len(inboxes["wrong password"]) and not len(inboxes["another certificate"])
        assert all("right horse" not in source.health.text for source in sources.values())
    finally:
        broker.stop()


def test_no_password_of_a_source_goes_unencrypted_to_another_machine(tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt.client")
    model = SourceModel(mqtt="mqtt://broker.example", user="twin", password_from="IN_THE_TEST")
    with pytest.raises(UsageError, match=r"write mqtts://broker\.example"):
        BrokerSource("hall", Inbox(10), model, [tag("A", "plant/a")], "secret", tmp_path)
    BrokerSource("hall", Inbox(10), model.model_copy(update={"mqtt": "mqtt://127.0.0.1"}), [tag("A", "plant/a")], "secret", tmp_path)
