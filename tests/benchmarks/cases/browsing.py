"""A realistic topic: mostly browsing events, 1 % enrolments. Compared with consume(500) and orjson.loads."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import ENROLMENT_SHARE, browsing
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import peak_rss
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

IN_FLIGHT = 16
LOOP = "consume + orjson"


class _Passed(NamedTuple):
    rate: float
    cpu_us: float
    memory: float


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Measure the rate of records, its cost and memory."""
    topic = rig.fill(rig.topic(), browsing(size.browsing))
    passed = alternate(rig.contenders, size.rounds, lambda each: _pass(rig, topic, size.browsing, each))
    costs = medians(passed, lambda each: each.cpu_us)
    rates = medians(passed, lambda each: each.rate)
    memory = medians(passed, lambda each: each.memory)
    loop = rig.baseline_result("consume", rig.bootstrap, topic, size.browsing)
    of_the_loop = loop["cpu"] / loop["records"] * 1e6
    return [
        Figure("browsing", "records a CPU second", 1e6 / costs["worker"], "/s", 1e6 / of_the_loop, LOOP),
        *beside("browsing", "records a CPU second", "/s", {name: 1e6 / cost for name, cost in costs.items()}),
        Figure("browsing", "records a second", rates["worker"], "/s", loop["records"] / loop["seconds"], LOOP),
        Figure("browsing", "CPU a record", costs["worker"], "us", of_the_loop, LOOP),
        Figure("browsing", "peak memory", memory["worker"], "MiB", loop["memory"], LOOP),
    ]


def _pass(rig: Rig, topic: str, records: int, contender: Contender) -> _Passed:
    enrolments = records // ENROLMENT_SHARE
    with rig.delivering(Plan(), topic, IN_FLIGHT, contender) as pid:
        span = rig.follow(pid, enrolments)
        rig.wait(lambda: rig.sink.stored >= enrolments, f"{enrolments} contacts")
        memory = peak_rss(pid)
    return _Passed(span.rate * ENROLMENT_SHARE, span.cpu_us / ENROLMENT_SHARE, memory)
