"""A first tags file from a real server, which is a good one where names say what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_plant import SCENARIO
from servers import free_port

from twin.cli import main
from twin.live.opcua_server import PlantServer
from twin.live.tags import load_tags
from twin.live.tags.browsing import guess

KNOWN = ["level.yard", "level.steel_bay", "level.steel", "power.magnet", "state.magnet", "flow.magnet.steel", "load.magnet"]


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("Yard.Level", "level.yard"), ("STEEL_BAY_LEVEL", "level.steel_bay"), ("plant/magnet/Power", "power.magnet"), ("MagnetRunning", "state.magnet"),
        ("level.steel_bay", "level.steel_bay"), ("LT_101", ""), ("yard", ""), ("temperature.yard", ""), ("magnet", ""), ("", ""), ("\x1b[2J'; {", ""),
    ],
)  # fmt: skip
def test_guesses(name: str, quantity: str) -> None:
    assert guess(name, KNOWN) == quantity


def test_a_server_is_browsed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("asyncua")
    address = f"opc.tcp://127.0.0.1:{free_port()}/plant"
    hostile = 'x": {quantity: level.yard}\n\x1b[2J # '
    server = PlantServer(address, [("YARD_LEVEL", "yl"), ("SteelBay level", "sb"), ("LT_101", "lt"), (hostile, "h")])
    try:
        out = tmp_path / "tags.yaml"
        assert main(["tags", str(SCENARIO), "--browse", address, "-o", str(out)]) == 0
        assert "4 variables" in capsys.readouterr().out
        assert main(["tags", str(SCENARIO), "--browse", address, "-o", str(out)]) == 2
        assert main(["tags", str(SCENARIO)]) == 2
    finally:
        server.close()
    tags = load_tags(out)
    assert [(tag.signal, tag.quantity, tag.address) for tag in tags.tags] == [
        ("plant/YARD_LEVEL", "level.yard", "ns=2;s=yl"),
        ("plant/SteelBay level", "level.steel_bay", "ns=2;s=sb"),
    ]
    assert '# "plant/LT_101"' in out.read_text() and "\x1b" not in out.read_text()
    capsys.readouterr()
    assert main(["tags", str(SCENARIO), "--check", str(out)]) == 0
    assert "2 tags" in capsys.readouterr().out
    assert main(["tags", str(SCENARIO), "--browse", address]) == 2  # it is gone
    assert "cannot be browsed" in capsys.readouterr().err
