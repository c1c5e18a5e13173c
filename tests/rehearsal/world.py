"""The environment of a load test: Kafka, a topic with arriving sign-ups, a limited sandbox, and slots for workers."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Self

import orjson
from confluent_kafka import Producer

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.limiter import RateLimit
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from tests.benchmarks.events import sign_up
from tests.kafka.apache import ApacheKafka
from tests.rehearsal.story import Setting
from tests.support.worker_process import WorkerProcess

TICK = 0.05  # seconds between two handfuls of arriving sign-ups


class Arrivals:
    """Sign-ups on the topic, evenly on its partitions, each of somebody else: a backlog, then so many a second."""

    def __init__(self, bootstrap: str, topic: str, setting: Setting) -> None:
        self.produced = 0
        self._topic = topic
        self._setting = setting
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
        self._over = Event()
        self._thread = Thread(target=self._arrive, name="arrivals")

    def begin(self) -> None:
        """The backlog at once; the others go on coming."""
        self._until(self._setting.backlog)
        assert self._producer.flush(30) == 0
        self._thread.start()

    def end(self) -> None:
        """No more of them."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._producer.flush(30)

    def _arrive(self) -> None:
        began = time.monotonic()
        while not self._over.wait(TICK):
            self._until(self._setting.backlog + int((time.monotonic() - began) * self._setting.arriving))
            self._producer.poll(0)

    def _until(self, count: int) -> None:
        for number in range(self.produced, count):
            lane, key, value = sign_up(number)
            self._producer.produce(self._topic, value, key, partition=lane % self._setting.partitions)
        self.produced = count


class World:
    """For a `with` block: entered, sign-ups arrive and no worker runs."""

    def __init__(self, setting: Setting, folder: Path) -> None:
        self.setting = setting
        self.topic = f"events-{uuid.uuid4().hex[:12]}"
        self.group = f"group-{self.topic}"
        self._folder = folder
        self._requests = folder / "requests.jsonl"
        self._workers = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            kafka = ApacheKafka(self._folder)
            kafka.begin()
            stack.callback(kafka.kill)
            self.kafka_variables = {
                "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
                "KAFKA_TOPIC": self.topic,
                "KAFKA_GROUP_ID": self.group,
            }
            kafka.create_topic(self.topic, self.setting.partitions)
            kafka.create_topic(f"{self.topic}.dead-letter", self.setting.partitions, {"retention.ms": "-1"})
            self.sandbox = stack.enter_context(Sandbox(self._options()))
            arrivals = Arrivals(kafka.bootstrap, self.topic, self.setting)
            stack.callback(arrivals.end)
            arrivals.begin()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def worker(self) -> WorkerProcess:
        """One more, with the defaults of a worker but for what names this world."""
        self._workers += 1
        variables = {
            **self.kafka_variables,
            "CLICKSEND_BASE_URL": self.sandbox.url,
            "CLICKSEND_USERNAME": self.sandbox.options.username,
            "CLICKSEND_API_KEY": self.sandbox.options.api_key,
            "CLICKSEND_LIST_ID": str(self.sandbox.options.list_ids[0]),
            "DELIVERY_CONCURRENCY": str(self.setting.concurrency),
        }
        started = WorkerProcess(variables, self._folder / f"worker-{self._workers}.log")
        return self._stack.enter_context(started)

    def taken_twice(self) -> int:
        """Contacts that the sandbox took, and took once more: none comes twice by itself."""
        taken = Counter(entry["contact_key"] for entry in self._entries() if entry["stored"])
        return sum(count - 1 for count in taken.values())

    def _entries(self) -> Iterator[dict[str, str]]:
        with self._requests.open("rb") as log:
            yield from map(orjson.loads, log)

    def _options(self) -> SandboxOptions:
        return SandboxOptions(
            rate_limit=RateLimit(self.setting.limit),
            faults=Script(rules=(Rule(delay=self.setting.latency),)),
            log_file=self._requests,
            max_requests=1,
            max_contacts=1000,
        )
