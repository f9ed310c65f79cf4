"""The chain of stations in Ciw: a node for each, deterministic times, blocking after service.

Ciw knows arrivals that are lost where the first node is full, and none that wait outside: so a source that makes the next part only when it has got rid of
the last is out of its reach. Parts arrive as often, and those that find no room are lost; the slowest station behind never starves for it, and the last of
as many parts leaves at the same time. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import ciw


class CiwChain:
    """``services`` and ``arrival`` in s; ``places`` parts can wait before each station."""

    def __init__(self, services: Sequence[float], arrival: float, places: int, parts: int) -> None:
        count = len(services)
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Deterministic(arrival), *([None] * (count - 1))],
            service_distributions=[ciw.dists.Deterministic(service) for service in services],
            routing=[[float(j == i + 1) for j in range(count)] for i in range(count)],
            number_of_servers=[1] * count,
            queue_capacities=[places] * count,
        )
        self.parts, self.simulation = parts, ciw.Simulation(network)

    def run(self) -> CiwChain:
        self.simulation.simulate_until_max_customers(self.parts, method="Complete")
        return self

    @property
    def passed(self) -> tuple[int, float]:
        """Parts that left the chain, and when the last one did, s."""
        leaver = self.simulation.nodes[-1]
        return leaver.number_of_completed_individuals, leaver.all_individuals[-1].data_records[-1].exit_date
