"""A ClickSend that accepts 100 contacts per second and responds 429, without Retry-After, to the rest."""

from __future__ import annotations

import time
from typing import NamedTuple

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import cpu_seconds
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

LIMIT = 100
FROM, TO = 15.0, 75.0  # seconds after the first contact
ENOUGH = int(LIMIT * TO * 1.5)


class _Judged(NamedTuple):
    rate: float
    cpu_us: float
    refused: float  # per cent


def measure(rig: Rig, size: Size) -> list[Figure]:
    """64 in flight, answers after 100 ms; judged when the worker has had 15 s to find the limit."""
    topic = rig.fill(rig.topic(), map(sign_up, range(ENOUGH)))
    judged = alternate(rig.contenders, size.rounds, lambda each: _run(rig, topic, each))
    rates, costs, refused = (
        medians(judged, value)
        for value in (lambda each: each.rate, lambda each: each.cpu_us, lambda each: each.refused)
    )
    return [
        Figure("limited", "delivered a second", rates["worker"], "/s", LIMIT, "limit"),
        Figure("limited", "answered 429", refused["worker"], "%"),
        *beside("limited", "CPU a contact", "us", costs),
    ]


def _run(rig: Rig, topic: str, contender: Contender) -> _Judged:
    with rig.delivering(Plan(0.1, 0.1, limit=LIMIT), topic, 64, contender) as pid:
        rig.wait(lambda: rig.sink.stored, "first contact")
        time.sleep(FROM)
        begun, stored, cpu = time.monotonic(), rig.sink.stored, cpu_seconds(pid)
        time.sleep(TO - FROM)
        ended, stored, cpu = time.monotonic(), rig.sink.stored - stored, cpu_seconds(pid) - cpu
    judged = [each for each in rig.sink.log() if begun <= each.answered < ended]
    refused = sum(each.status == 429 for each in judged)
    return _Judged(stored / (ended - begun), cpu / stored * 1e6, 100 * refused / len(judged))
