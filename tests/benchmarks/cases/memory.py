"""The most memory held on a long backlog, with few and with many requests in flight."""

from __future__ import annotations

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import peak_rss
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

BACKLOG = 300_000
DELAY = 0.3
WAVES = 20  # answers of each connection: buffers are full long before
IN_FLIGHT = (64, 1000)


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Sign-ups only, answers after 300 ms; the peak when each connection has carried its share."""
    topic = rig.fill(rig.topic(), map(sign_up, range(size.of(BACKLOG))))
    figures: list[Figure] = []
    for in_flight in IN_FLIGHT:
        peaks = alternate(rig.contenders, size.rounds, lambda each, most=in_flight: _peak(rig, topic, each, most))  # type: ignore[misc]  # the loop's value, bound
        figures += beside("memory", f"peak, {in_flight} in flight", "MiB", medians(peaks, lambda peak: peak))
    return figures


def _peak(rig: Rig, topic: str, contender: Contender, in_flight: int) -> float:
    with rig.delivering(Plan.of(DELAY), topic, in_flight, contender) as pid:
        rig.wait(lambda: rig.sink.stored >= WAVES * in_flight, f"{WAVES * in_flight} contacts")
        return peak_rss(pid)
