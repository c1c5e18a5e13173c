"""One to four workers of a group on twelve partitions."""

from __future__ import annotations

from contextlib import ExitStack

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink_plan import Plan
from tests.support.worker_process import WorkerProcess

PARTITIONS = 12
IN_FLIGHT = 16
WORKERS = (1, 2, 3, 4)
SECONDS = 15


def measure(rig: Rig, size: Size) -> list[Figure]:
    """16 in flight each, answers after 50 ms: 320 a second for each worker at best."""
    rates = [_run(rig, workers) for workers in WORKERS]
    return [
        Figure("scaling", f"{workers} workers", rate, "/s", rates[0], "one worker")
        for workers, rate in zip(WORKERS, rates, strict=True)
    ]


def _run(rig: Rig, workers: int) -> float:
    """The topic is filled when everybody has got their partitions."""
    topic, count = rig.topic(PARTITIONS), 320 * workers * SECONDS
    rig.sink.follow(Plan.of(0.05))
    with ExitStack() as stack:
        group = [stack.enter_context(rig.worker(topic, IN_FLIGHT)) for _ in range(workers)]
        rig.wait(lambda: all(_assigned(each) == PARTITIONS // workers for each in group), "even shares")
        rig.fill(topic, map(sign_up, range(count)), PARTITIONS)
        return rig.follow(group[0].process.pid, count).rate


def _assigned(worker: WorkerProcess) -> float:
    worker.wait_ready()
    return sum(value for name, value in worker.metrics().items() if name.endswith("assigned_partitions"))
