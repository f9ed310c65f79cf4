"""What a link between two sites brings in all, and the range of its price in which both gain. Who should get what of it is not said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from twin.results.kpis import Kpi
from twin.scenario.cluster import Cluster
from twin.study.statistics import mean_of, paired

Run = Mapping[str, Kpi]


def price_range(sender: float, receiver: float, paid: float, mass: float) -> tuple[float, float]:
    """Return the lowest price at which the sender, and the highest at which the receiver gains, EUR/kg.

    ``sender`` and ``receiver``: what their margins gained by the link, EUR, where ``paid`` EUR went from one to the other for ``mass`` kg.

    >>> price_range(-20.0, 100.0, 30.0, 1000.0)  # without payment the sender lost 50, the receiver won 130
    (0.05, 0.13)
    """
    return (paid - sender) / mass, (receiver + paid) / mass


def surplus_of(base: tuple[Cluster, Sequence[Run]], variant: tuple[Cluster, Sequence[Run]], name: str, confidence: float) -> Iterator[str]:
    """Yield what the links say that only the variant has: of one, the gain of all together and the range of its price."""
    new = [link for link in variant[0].links if link not in base[0].links]
    if not new or any(link not in variant[0].links for link in base[0].links):
        return
    pairs = [(a, b) for a, b in zip(base[1], variant[1], strict=True) if not math.isnan(_of(a, "margin") + _of(b, "margin"))]
    if not pairs:
        yield f"{name}: what its links bring cannot be told, since a margin has no value"
        return
    interval = paired([_of(a, "margin") for a, _ in pairs], [_of(b, "margin") for _, b in pairs], confidence)
    gain = mean_of([_of(b, "margin") - _of(a, "margin") for a, b in pairs])
    told = f"{gain:+,.0f} EUR" if interval is None else f"{gain:+,.0f} ± {interval.half_width:,.0f} EUR"
    yield f"{name}: {'link' if len(new) == 1 else 'links'} {', '.join(new)}: all members together {told} in the window, whatever is paid between them"
    if len(new) == 1:
        yield from _range_of(new[0], variant[0], pairs, name)


def _range_of(link: str, cluster: Cluster, pairs: Sequence[tuple[Run, Run]], name: str) -> Iterator[str]:
    sender, receiver = cluster.links[link].sender[0], cluster.links[link].receiver[0]
    mass, paid = (mean_of([_of(b, f"{key}.{link}") for _, b in pairs]) for key in ("hauled", "haul_paid"))
    if not cluster.links[link].paid or not mass > 0.0:
        return
    gains = [mean_of([_of(b, f"{site}/margin") - _of(a, f"{site}/margin") for a, b in pairs]) for site in (sender, receiver)]
    low, high = (1000.0 * price for price in price_range(gains[0], gains[1], paid, mass))
    among = f"{sender} gains above {low:,.0f} EUR/t, {receiver} below {high:,.0f} EUR/t"
    yield f"{name}: link {link}: {among}; {'both gain between' if low < high else 'there is no price at which both gain'} (means of {len(pairs)} pairs)"


def _of(run: Run, figure: str) -> float:
    return run[figure].value if figure in run else math.nan
