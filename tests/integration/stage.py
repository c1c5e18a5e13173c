"""Everything a worker needs, for one test: topics of its own, a ClickSend stand-in, the variables."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from consumer.operations.sandbox.faults import Rule, Script
from consumer.operations.sandbox.server import Sandbox
from consumer.stream.commit_map import decode
from tests.integration.worker_process import WorkerProcess
from tests.kafka.broker import Broker
from tests.kafka.in_process import InProcess

PARTITIONS = 4

Event = dict[str, Any]


def page_view() -> Event:
    """A browsing event: most of a real topic."""
    return {"type": "page", "name": "Home", "anonymousId": "a-1", "context": {"page": {"url": "https://example.com/"}}}


def sign_up(number: int) -> Event:
    """A sign-up of one of many people."""
    return {"type": "track", "event": "Signed Up", "traits": {"email": f"u{number}@example.com"}}


def identify(number: int, **traits: str) -> Event:
    """An Identify of one of many people."""
    return {"type": "identify", "traits": {"email": f"u{number}@example.com", **traits}}


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
        broker.create_topic(self.topic, PARTITIONS)
        broker.create_topic(self.dead_letter_topic, PARTITIONS, {"retention.ms": "-1"})

    @property
    def is_apache(self) -> bool:
        """Whether the broker is a real Kafka."""
        return not isinstance(self.broker, InProcess)

    def variables(self) -> dict[str, str]:
        """What a worker needs to know."""
        classic = {"KAFKA_SESSION_TIMEOUT_MS": "6000"} if self.protocol == "classic" else {}
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
            **classic,
        }

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
        assert self._producer.flush(30) == 0

    def produce_raw(self, value: bytes | None, **where: Any) -> None:
        """Put one record on the topic, with what `Producer.produce` takes."""
        self._producer.produce(self.topic, value=value, **where)
        assert self._producer.flush(30) == 0

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

    def dead_letters(self) -> list[Message]:
        """All records on the dead-letter topic."""
        return self.read(self.dead_letter_topic)

    def headers(self, message: Message) -> dict[str, str]:
        """A message's headers as text."""
        pairs: Any = message.headers() or []  # the stubs think of a dict, too
        return {name: (value or b"").decode() for name, value in pairs}

    def settled_by_commit(self) -> set[str]:
        """The emails of the records that the group's commits say are settled."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": self.group})
        try:
            partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            commits = {each.partition: each for each in consumer.committed(partitions, timeout=10)}
        finally:
            consumer.close()
        settled = set()
        for message in self.read(self.topic):
            commit, offset = commits[message.partition() or 0], message.offset() or 0
            beyond = decode(commit.metadata or "")
            if offset < commit.offset or (beyond is not None and beyond.says_settled(offset)):
                settled.add(orjson.loads(message.value() or b"")["traits"]["email"])
        return settled

    def lag(self) -> int:
        """Records that are not committed, of all partitions."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": self.group})
        try:
            partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            committed = {each.partition: each.offset for each in consumer.committed(partitions, timeout=10)}
            ends = [consumer.get_watermark_offsets(each, timeout=10)[1] for each in partitions]
            return sum(end - max(0, committed[number]) for number, end in enumerate(ends))
        finally:
            consumer.close()

    def read(self, topic: str) -> list[Message]:
        """All records of a topic, from its beginning to its present end."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": f"read-{uuid.uuid4().hex}"})
        try:
            found: list[Message] = []
            there = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            partitions = [TopicPartition(topic, number, 0) for number in there]
            wanted = sum(consumer.get_watermark_offsets(each, timeout=10)[1] for each in partitions)
            consumer.assign(partitions)
            while len(found) < wanted:
                message = consumer.poll(10)
                assert message is not None, f"{len(found)} of {wanted} records of {topic} within 10 s"
                found.append(message)
            return found
        finally:
            consumer.close()
