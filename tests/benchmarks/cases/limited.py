"""A ClickSend that takes 100 contacts a second and answers 429, without Retry-After, to the rest."""

from __future__ import annotations

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Plan

LIMIT = 100
FROM, TO = 15.0, 75.0  # seconds after the first request


def measure(rig: Rig, size: Size) -> list[Figure]:
    """64 in flight, answers after 100 ms; judged when the worker has had 15 s to find the limit."""
    topic = rig.fill(rig.topic(), map(sign_up, range(int(LIMIT * TO * 1.5))))
    rig.sink.follow(Plan(0.1, 0.1, limit=LIMIT))
    with rig.worker(topic, 64):
        rig.wait(lambda: rig.sink.stored >= LIMIT * TO, "end")
        log = rig.sink.log()
    begun = min(each.arrived for each in log)
    judged = [each for each in log if FROM <= each.arrived - begun < TO]
    taken = sum(each.status == 200 for each in judged)
    return [
        Figure("limited", "delivered a second", taken / (TO - FROM), "/s", LIMIT, "limit"),
        Figure("limited", "answered 429", 100 * (1 - taken / len(judged)), "%"),
    ]
