"""Time from process start to the first delivery, with a new group and a backlog."""

from __future__ import annotations

import time

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

LEAST_ROUNDS = 3  # a start is short


def measure(rig: Rig, size: Size) -> list[Figure]:
    """The median of some starts."""
    topic = rig.fill(rig.topic(), map(sign_up, range(100)))
    seconds = alternate(rig.contenders, max(LEAST_ROUNDS, size.rounds), lambda each: _run(rig, topic, each))
    return beside("start", "until the first delivery", "s", medians(seconds, lambda each: each))


def _run(rig: Rig, topic: str, contender: Contender) -> float:
    begun = time.monotonic()
    with rig.delivering(Plan(), topic, 16, contender):
        rig.wait(lambda: rig.sink.stored, "first contact")
    return rig.sink.log()[0].answered - begun
