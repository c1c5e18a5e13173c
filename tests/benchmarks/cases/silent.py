"""A ClickSend that accepts a thousand connections and never responds: neither loop nor shutdown may stall."""

from __future__ import annotations

import time

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.loop_lag import longest_pause
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink_plan import Faults, Plan
from tests.support.worker_process import WorkerProcess

CONNECTIONS = 1000
READ_TIMEOUT, DRAIN_TIMEOUT = 10, 10  # seconds
SECONDS = 25  # all connections time out in them; the metric covers the last half minute at least
VARIABLES = {
    "CLICKSEND_READ_TIMEOUT": str(READ_TIMEOUT),
    "CLICKSEND_TOTAL_TIMEOUT": str(2 * READ_TIMEOUT),
    "WORKER_DRAIN_TIMEOUT": str(DRAIN_TIMEOUT),
}


def measure(rig: Rig, size: Size) -> list[Figure]:
    """The loop's longest pause beside an idle loop's in the same seconds, and the time from SIGTERM to the end."""
    topic = rig.fill(rig.topic(), map(sign_up, range(4 * CONNECTIONS)))
    rig.sink.follow(Plan(faults=Faults(silence=1.0)))
    with rig.worker(topic, CONNECTIONS, VARIABLES) as worker:
        rig.wait(lambda: rig.sink.connections >= CONNECTIONS, f"{CONNECTIONS} connections")
        idle = rig.baseline_result("idle", SECONDS)
        pause = longest_pause(worker.metrics())
        timeouts = _timeouts(worker)
        ending = _seconds_to_end(worker)
    measured = [] if pause is None else [pause]
    return [
        *(Figure("silent", "longest pause of the loop", each, "s", idle["longest"], "idle loop") for each in measured),
        Figure("silent", "timeouts", timeouts, "", CONNECTIONS, "connections"),
        Figure("silent", "SIGTERM to the end", ending, "s", DRAIN_TIMEOUT, "drain budget"),
    ]


def _timeouts(worker: WorkerProcess) -> float:
    series = worker.metrics()
    return sum(value for name, value in series.items() if "requests_total{" in name and 'status="none"' in name)


def _seconds_to_end(worker: WorkerProcess) -> float:
    begun = time.monotonic()
    worker.stop()
    return time.monotonic() - begun
