"""Estimates and alarms as variables of an OPC UA server of the twin's own."""

from __future__ import annotations

from twin.live.opcua_server import PlantServer
from twin.live.readings import Reading
from twin.live.running import LiveTwin


class EstimateServer:
    """Serves, of each level, its mean and the ends of its interval (SI), and how many alarms there were; called after each step."""

    def __init__(self, twin: LiveTwin, address: str) -> None:
        self.twin = twin
        names = [f"{row.quantity}.{part}" for row in twin.follower.follower.ensemble.levels() for part in ("mean", "low", "high")]
        self._server = PlantServer(address, [(name, name) for name in (*names, "alarms")], title="estimates", history=False)

    def update(self) -> None:
        """Write what is known now."""
        twin = self.twin
        time = twin.follower.follower.time
        with twin.lock:
            rows = twin.follower.follower.ensemble.levels()
        found = [Reading(f"{row.quantity}.{part}", time, value) for row in rows for part, value in (("mean", row.mean), ("low", row.low), ("high", row.high))]
        self._server.write([*found, Reading("alarms", time, float(len(twin.follower.follower.alarms)))])

    def close(self) -> None:
        """Stop serving."""
        self._server.close()
