"""A long run at an even rate with an unreliable sink: nothing lost, memory flat, no descriptor leaked."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from confluent_kafka import Producer

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import cpu_seconds, open_files, rss
from tests.benchmarks.rig import PATIENCE, Rig, Size
from tests.benchmarks.sink_plan import Faults, Plan

PARTITIONS = 12
IN_FLIGHT = 500
FAULTS = Faults(silence=0.0005, reset=0.001, limited=0.00002, unavailable=0.002)
SHORTEST, LONGEST = 0.02, 0.1  # seconds until an answer
VARIABLES = {
    "CLICKSEND_READ_TIMEOUT": "2",
    "CLICKSEND_TOTAL_TIMEOUT": "4",
    "RETRY_MAX_DELAY": "5",
}
STEP = 0.05  # seconds between two batches of records
SAMPLE = 1.0  # seconds between two looks at the worker
SETTLING = 10.0  # seconds after the last contact: requests that wait for nothing end, commits are answered


class Sample(NamedTuple):
    """The worker at one moment. files -- descriptors but those of connections to the sink"""

    memory: float
    files: int


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Run for this many minutes at this rate of contacts per second."""
    count = int(size.minutes * 60 * size.rate)
    topic = rig.topic(PARTITIONS)
    rig.sink.follow(Plan(SHORTEST, LONGEST, faults=FAULTS, tally=count))
    with rig.worker(topic, IN_FLIGHT, VARIABLES) as worker:
        pid = worker.wait_ready().process.pid
        cpu, begun = cpu_seconds(pid), time.monotonic()
        samples = _produce(rig, topic, count, size.rate, pid)
        behind = count - rig.sink.stored
        _wait_for_the_rest(rig, count)
        seconds, cpu = time.monotonic() - begun, cpu_seconds(pid) - cpu
        time.sleep(SETTLING)
        early, _late = early_and_late([each.files for each in samples])
        leaked = _files(rig, pid) - early
        status = worker.stop()
    missing, twice = rig.sink.tally()
    return [
        Figure("soak", "contacts lost", missing, f"of {count}"),
        Figure("soak", "delivered twice", twice, f"of {count}"),
        Figure("soak", "descriptors leaked", max(0, leaked), "", early, "early on"),
        Figure("soak", "memory at the end", *_memory(samples)),
        Figure("soak", "delivered a second", count / seconds, "/s", size.rate, "produced"),
        Figure("soak", "behind at the end", behind, "contacts"),
        Figure("soak", "CPU a contact", cpu / count * 1e6, "us"),
        Figure("soak", "exit status", status),
    ]


def _produce(rig: Rig, topic: str, count: int, rate: int, pid: int) -> list[Sample]:
    """Put the contacts on the topic as time passes; look at the worker now and then."""
    producer = Producer({"bootstrap.servers": rig.bootstrap, "linger.ms": 20, "compression.type": "lz4"})
    samples: list[Sample] = []
    begun, produced = time.monotonic(), 0
    while produced < count:
        time.sleep(STEP)
        passed = time.monotonic() - begun
        for number in range(produced, due := min(count, int(passed * rate))):
            record = sign_up(number)
            producer.produce(topic, record.value, record.key, partition=record.lane % PARTITIONS)
        produced = due
        producer.poll(0)
        if passed >= len(samples) * SAMPLE:
            samples.append(Sample(rss(pid), _files(rig, pid)))
    assert producer.flush(PATIENCE) == 0
    return samples


def _files(rig: Rig, pid: int) -> int:
    return open_files(pid) - min(rig.sink.connections, IN_FLIGHT)


def _wait_for_the_rest(rig: Rig, count: int) -> None:
    """Until all are delivered, or nothing more comes: then some are lost, and the figures say how many."""
    stored, quiet_since = -1, time.monotonic()
    while rig.sink.stored < count and time.monotonic() - quiet_since < PATIENCE:
        if rig.sink.stored != stored:
            stored, quiet_since = rig.sink.stored, time.monotonic()
        time.sleep(STEP)


def _memory(samples: Sequence[Sample]) -> tuple[float, str, float, str]:
    early, late = early_and_late([each.memory for each in samples])
    return late, "MiB", early, "early on"


def early_and_late(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the second fifth, when buffers are filled, and of the last."""
    fifth = max(1, len(values) // 5)
    return statistics.median(values[fifth : 2 * fifth] or values), statistics.median(values[-fifth:])
