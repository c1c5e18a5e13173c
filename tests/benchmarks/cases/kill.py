"""kill -9 during delivery: no record is lost, few are delivered twice."""

from __future__ import annotations

import time

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink_plan import Plan

IN_FLIGHT = 64
VARIABLES = {"KAFKA_SESSION_TIMEOUT_MS": "6000"}
QUIET_SECONDS = 2.0  # nothing more comes


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Answers after 100 ms; the second worker starts at once, and takes over when the first one's session has ended."""
    count = size.of(4000)
    topic = rig.fill(rig.topic(), map(sign_up, range(count)))
    rig.sink.follow(Plan.of(0.1))
    with rig.worker(topic, IN_FLIGHT, VARIABLES) as worker:
        rig.wait(lambda: rig.sink.stored >= count // 2, f"{count // 2} contacts")
        worker.kill()
        killed = time.monotonic()
    with rig.worker(topic, IN_FLIGHT, VARIABLES):
        rig.wait(lambda: rig.sink.stored >= count, f"{count} contacts")
        _wait_for_quiet(rig)
    log = rig.sink.log()
    distinct = len({each.email for each in log})
    resumed = next(each.arrived for each in log if each.arrived > killed)
    return [
        Figure("kill", "contacts lost", count - distinct, f"of {count}"),
        Figure("kill", "delivered twice", len(log) - distinct, f"of {count}", IN_FLIGHT, "in flight"),
        Figure("kill", "until another continues", resumed - killed, "s", 6.0, "session"),
    ]


def _wait_for_quiet(rig: Rig) -> None:
    before = -1
    while rig.sink.stored != before:
        before = rig.sink.stored
        time.sleep(QUIET_SECONDS)
