"""From the start of the process to the first contact delivered; a new group, records waiting."""

from __future__ import annotations

import statistics
import time

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Plan

RUNS = 3


def measure(rig: Rig, size: Size) -> list[Figure]:
    """The median of three starts."""
    seconds = statistics.median(_run(rig) for _ in range(RUNS))
    return [Figure("start", "until the first delivery", seconds, "s")]


def _run(rig: Rig) -> float:
    topic = rig.fill(rig.topic(), map(sign_up, range(100)))
    rig.sink.follow(Plan())
    begun = time.monotonic()
    with rig.worker(topic, 16):
        rig.wait(lambda: rig.sink.stored, "first contact")
    return rig.sink.log()[0].answered - begun
