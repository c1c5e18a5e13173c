"""The cases' environment: a real Kafka, the sink, filled topics, workers and baselines as processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from tests.benchmarks.contenders import WORKER, Contender, worker_of
from tests.benchmarks.events import Input
from tests.benchmarks.measure import cpu_seconds
from tests.benchmarks.sink import Sink
from tests.benchmarks.sink_plan import Plan
from tests.kafka.apache import ApacheKafka
from tests.support.worker_process import WorkerProcess

PARTITIONS = 6
PRODUCER_QUEUE = 50_000  # records; librdkafka's own limit is twice as many
WINDOW = (0.05, 0.95)  # shares of the contacts between which is measured: neither the start nor the emptying pipe
LOG_SHOWN = 2000  # characters of the log of a worker that has ended
PATIENCE = 120.0  # seconds until a case is given up


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a measurement.

    contacts -- share of the usual number of contacts
    browsing -- records of the browsing case
    rounds   -- turns that each contender takes
    minutes  -- of the soak
    rate     -- contacts a second that the soak puts on its topic
    """

    contacts: float = 1.0
    browsing: int = 300_000
    rounds: int = 3
    minutes: float = 30.0
    rate: int = 2000

    def of(self, usual: int) -> int:
        """Return the number of contacts, scaled from `usual`."""
        return int(usual * self.contacts)


@dataclass(frozen=True, slots=True)
class Span:
    """The resources that a process used between two moments."""

    contacts: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Contacts a second."""
        return self.contacts / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for each contact."""
        return self.cpu / self.contacts * 1e6


class Rig:
    """One for all cases of a run; each takes topics of its own.

    trees  -- source trees of workers by the contender's name, this one first
    others -- further contenders
    """

    def __init__(
        self, kafka: ApacheKafka, sink: Sink, folder: Path, trees: Mapping[str, Path], others: tuple[Contender, ...]
    ) -> None:
        self.sink = sink
        self.trees = trees
        workers = [worker_of(tree, name) for name, tree in trees.items()]
        self.contenders = (*workers, *others)
        self._kafka = kafka
        self._folder = folder
        self._workers = 0
        self._delivering: WorkerProcess | None = None

    @property
    def bootstrap(self) -> str:
        """Return Kafka's address."""
        return self._kafka.bootstrap

    def topic(self, partitions: int = PARTITIONS) -> str:
        """A new topic with its dead-letter topic."""
        topic = f"events-{uuid.uuid4().hex[:12]}"
        self._kafka.create_topic(topic, partitions)
        self._kafka.create_topic(f"{topic}.dead-letter", partitions, {"retention.ms": "-1"})
        return topic

    def fill(self, topic: str, inputs: Iterable[Input], partitions: int = PARTITIONS) -> str:
        """Put records on the topic, in turn on its partitions; gives the topic."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "compression.type": "lz4"})
        for number, (lane, key, value) in enumerate(inputs):
            producer.produce(topic, value, key, partition=lane % partitions)
            if number % PRODUCER_QUEUE == PRODUCER_QUEUE - 1:
                assert producer.flush(PATIENCE) == 0
        assert producer.flush(PATIENCE) == 0
        return topic

    def worker(
        self,
        topic: str,
        concurrency: int,
        more: Mapping[str, str] | None = None,
        contender: Contender = WORKER,
        group: str = "",
    ) -> WorkerProcess:
        """Start a contender on the topic, otherwise with the worker's defaults.

        more  -- further variables
        group -- empty: the topic's own, so that several workers share it
        """
        self._workers += 1
        variables = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_TOPIC": topic,
            "KAFKA_GROUP_ID": group or f"group-{topic}",
            "CLICKSEND_BASE_URL": self.sink.url,
            "CLICKSEND_USERNAME": "jane",
            "CLICKSEND_API_KEY": "key",
            "CLICKSEND_LIST_ID": "42",
            "DELIVERY_CONCURRENCY": str(concurrency),
            **contender.variables,
            **(more or {}),
        }
        return WorkerProcess(variables, self._folder / f"worker-{self._workers}.log", contender.command)

    @contextmanager
    def delivering(
        self, plan: Plan, topic: str, concurrency: int, contender: Contender, more: Mapping[str, str] | None = None
    ) -> Iterator[int]:
        """Let a contender deliver a topic from its beginning, in a group of its own. Yields its process id."""
        self.sink.follow(plan)
        with self.worker(topic, concurrency, more, contender, f"group-{uuid.uuid4().hex}") as running:
            self._delivering = running
            try:
                yield running.process.pid
            finally:
                self._delivering = None

    def follow(self, pid: int, total: int, step: int = 1, start: int = 0) -> Span:
        """Watch a process deliver `total` contacts to the sink.

        step -- requests in flight: with a slow sink they come in waves of so many, and only whole waves are measured
        start -- contacts that come before those that count
        """
        first, last = (start + int(total * share) // step * step for share in WINDOW)
        begun, ended = (self._when(pid, count) for count in (first, last))
        return Span(*(after - before for before, after in zip(begun, ended, strict=True)))  # type: ignore[arg-type]  # the first is an int

    def _when(self, pid: int, count: int) -> tuple[int, float, float]:
        self.wait(lambda: self.sink.stored >= count, f"{count} contacts")
        return self.sink.stored, time.monotonic(), cpu_seconds(pid)

    def wait(self, what: Callable[[], Any], name: str) -> None:
        """Wait until something is true.

        Raises TimeoutError that names it, and AssertionError with the log of a contender that has ended too early.
        """
        deadline = time.monotonic() + PATIENCE
        while not what():
            if (running := self._delivering) and running.process.poll() is not None:
                raise AssertionError(f"no {name}: the contender has ended\n{running.output()[-LOG_SHOWN:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {name} within {PATIENCE:.0f} s; the sink has stored {self.sink.stored}")
            time.sleep(0.002)

    @contextmanager
    def baseline(self, *command: object) -> Iterator[subprocess.Popen[bytes]]:
        """A program of `baselines`; what it prints can be read from its `stdout`."""
        words = [sys.executable, "-m", "tests.benchmarks.baselines", *map(str, command)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def baseline_result(self, *command: object) -> dict[str, float]:
        """The program's own measurements."""
        with self.baseline(*command) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        result: dict[str, float] = json.loads(out)
        return result
