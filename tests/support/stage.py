"""Everything a worker needs, for one test: topics of its own, a ClickSend stand-in, the variables."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.server import Sandbox
from consumer.scheduling.offset_map import decode
from tests.kafka.broker import Broker
from tests.kafka.in_process import InProcess
from tests.support.worker_process import WorkerProcess

PARTITIONS = 4
HANG_SECONDS = 60.0  # a guard against hanging
MISSED_SOON_MS = 6000
PROTOCOLS = [pytest.param("classic", marks=pytest.mark.slow), "consumer"]  # where the broker is no parameter

Event = dict[str, Any]
T = TypeVar("T")


def page_view() -> Event:
    """A browsing event: most of a real topic."""
    return {"type": "page", "name": "Home", "anonymousId": "a-1", "context": {"page": {"url": "https://example.com/"}}}


def sign_up(number: int) -> Event:
    """A sign-up of one of many people."""
    return {"type": "track", "event": "Signed Up", "traits": {"email": f"u{number}@example.com"}}


def identify(number: int, **traits: str) -> Event:
    """An Identify of one of many people."""
    return {"type": "identify", "traits": {"email": f"u{number}@example.com", **traits}}


def patiently(ask: Callable[[], T]) -> T:
    """What a group's coordinator answers, when it is there: not at once after the broker's start."""
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        try:
            return ask()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Stage:
    """One test's world. `worker` starts a worker in it; what it did is read from the sandbox and the topics."""

    def __init__(self, broker: Broker, protocol: str, sandbox: Sandbox, folder: Path) -> None:
        self.broker = broker
        self.sandbox = sandbox
        self.folder = folder
        self.topic = f"events-{uuid.uuid4().hex[:12]}"
        self.dead_letter_topic = f"{self.topic}.dead-letter"
        self.group = f"group-{self.topic}"
        self.protocol = protocol
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5})
        self._workers = 0
        for name in (self.topic, self.dead_letter_topic):
            # Kafka deletes by the records' own time: with a finite retention, those with an old one are soon gone.
            broker.create_topic(name, PARTITIONS, {"retention.ms": "-1"})

    @property
    def is_apache(self) -> bool:
        """Whether the broker is a real Kafka."""
        return not isinstance(self.broker, InProcess)

    def variables(self) -> dict[str, str]:
        """What a worker needs to know."""
        # The in-process broker waits for a classic member that has left until its session is over.
        session = {} if self.is_apache else self.miss_soon()
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "KAFKA_TOPIC": self.topic,
            "KAFKA_GROUP_ID": self.group,
            "KAFKA_GROUP_PROTOCOL": self.protocol,
            "KAFKA_PROPERTIES": '{"fetch.wait.max.ms": 20}',  # the in-process broker does not wake a waiting fetch
            "CLICKSEND_BASE_URL": self.sandbox.url,
            "CLICKSEND_USERNAME": self.sandbox.options.username,
            "CLICKSEND_API_KEY": self.sandbox.options.api_key,
            "CLICKSEND_LIST_ID": str(self.sandbox.options.list_ids[0]),
            **session,
        }

    def miss_soon(self) -> dict[str, str]:
        """For a test that kills workers: from now on the group misses them soon. Gives what they need to know of it.

        Without it a session is as long as in production: no live worker loses its partitions on a busy machine.
        """
        if self.protocol == "classic":
            return {"KAFKA_SESSION_TIMEOUT_MS": str(MISSED_SOON_MS)}
        if self.is_apache:  # with KIP-848 it is the broker's to say
            set_to = AlterConfigOpType.SET
            entry = ConfigEntry("consumer.session.timeout.ms", str(MISSED_SOON_MS), incremental_operation=set_to)
            group = ConfigResource(ResourceType.GROUP, self.group, incremental_configs=[entry])
            admin = AdminClient({"bootstrap.servers": self.broker.bootstrap})
            admin.incremental_alter_configs([group])[group].result(HANG_SECONDS)
        return {}

    def worker(self, **changes: str | None) -> WorkerProcess:
        """A worker in this world; `None` leaves a variable out."""
        self._workers += 1
        merged: Mapping[str, str | None] = {**self.variables(), **changes}
        variables = {name: value for name, value in merged.items() if value is not None}
        return WorkerProcess(variables, self.folder / f"worker-{self._workers}.log")

    def produce(self, *events: Event, raw: Sequence[bytes | None] = ()) -> None:
        """Put events on the topic, and records as they are; one contact's events on one partition."""
        for event in events:
            email = event.get("traits", {}).get("email", "")
            self._producer.produce(self.topic, value=orjson.dumps(event), key=email or None)
        for value in raw:
            self._producer.produce(self.topic, value=value, key=b"raw")
        assert self._producer.flush(HANG_SECONDS) == 0

    def produce_raw(self, value: bytes | None, **where: Any) -> None:
        """Put one record on the topic, with what `Producer.produce` takes."""
        self._producer.produce(self.topic, value=value, **where)
        assert self._producer.flush(HANG_SECONDS) == 0

    def faults(self, *rules: Rule) -> None:
        """What ClickSend does wrong from now on."""
        self.sandbox.set_faults(Script(rules=rules))

    def payloads(self) -> list[dict[str, Any]]:
        """The contacts that were stored, in the order of their requests: duplicates show."""
        stored = [entry for entry in self.sandbox.requests() if entry.stored is not None]
        return [dict(entry.contact) for entry in sorted(stored, key=lambda each: each.number)]  # type: ignore[call-overload]  # JSON objects, as they were stored

    def enrolled(self) -> int:
        """How many different contacts are in the list."""
        return len(self.sandbox.contacts())

    def commit(self, *offsets: TopicPartition) -> None:
        """Commit for the group, which has no member."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": self.group})
        try:
            patiently(lambda: consumer.commit(offsets=list(offsets), asynchronous=False))
        finally:
            consumer.close()

    def committed(self, group: str = "") -> dict[int, TopicPartition]:
        """By partition, what is committed. group -- by whom; by the workers if none is given"""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": group or self.group})
        try:
            asked = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            return {each.partition: each for each in patiently(lambda: consumer.committed(asked, timeout=HANG_SECONDS))}
        finally:
            consumer.close()

    def dead_letters(self) -> list[Message]:
        """All records on the dead-letter topic."""
        return self.read(self.dead_letter_topic)

    def headers(self, message: Message) -> dict[str, str]:
        """A message's headers as text."""
        pairs: Any = message.headers() or []  # the stubs think of a dict, too
        return {name: (value or b"").decode() for name, value in pairs}

    def settled_by_commit(self, group: str = "") -> tuple[set[str], set[str]]:
        """The emails of the records that the commits say are settled: below the committable offset, and beyond it.

        group -- whose commits; the workers' if none is given
        """
        commits = self.committed(group)
        below, beyond = set[str](), set[str]()
        for message in self.read(self.topic):
            commit, offset = commits[message.partition() or 0], message.offset() or 0
            offset_map = decode(commit.metadata or "")
            if offset < commit.offset:
                below.add(orjson.loads(message.value() or b"")["traits"]["email"])
            elif offset_map is not None and offset_map.says_settled(offset):
                beyond.add(orjson.loads(message.value() or b"")["traits"]["email"])
        return below, beyond

    def lag(self) -> int:
        """Records that are not committed, of all partitions."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": self.group})
        try:
            partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            committed = self.committed()
            ends = [consumer.get_watermark_offsets(each, timeout=HANG_SECONDS)[1] for each in partitions]
            return sum(end - max(0, committed[number].offset) for number, end in enumerate(ends))
        finally:
            consumer.close()

    def read(self, topic: str) -> list[Message]:
        """All records of a topic, from its beginning to its present end."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": f"read-{uuid.uuid4().hex}"})
        try:
            found: list[Message] = []
            there = consumer.list_topics(topic, timeout=HANG_SECONDS).topics[topic].partitions
            partitions = [TopicPartition(topic, number, 0) for number in there]
            wanted = sum(consumer.get_watermark_offsets(each, timeout=HANG_SECONDS)[1] for each in partitions)
            consumer.assign(partitions)
            while len(found) < wanted:
                message = consumer.poll(HANG_SECONDS)
                assert message is not None, f"{len(found)} of {wanted} records of {topic} within {HANG_SECONDS} s"
                found.append(message)
            return found
        finally:
            consumer.close()
