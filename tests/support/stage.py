"""The environment of a worker for one test: topics, a sandbox, the variables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any, TypeVar

import orjson
import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.server import Sandbox
from consumer.scheduling.offset_map import decode
from tests.kafka.broker import Broker
from tests.kafka.in_process import InProcess
from tests.kafka.reading import read_topic, retrying
from tests.support import command
from tests.support.events import Event
from tests.support.waiting import HANG_SECONDS
from tests.support.worker_process import WorkerProcess

PARTITIONS = 4
MISSED_SOON_MS = 6000

T = TypeVar("T")


def on_each_protocol(broker: str) -> list[Any]:
    """Return the kinds of stages on this broker. The classic protocol is left to `make verify`."""
    return [pytest.param(f"{broker}-classic", marks=pytest.mark.slow), f"{broker}-consumer"]


def stage_fixture(*kinds: Any) -> Any:
    """Return a fixture of a stage for one test, on each of these kinds: `BROKER_FIXTURE-PROTOCOL`."""

    @pytest.fixture(params=kinds if len(kinds) > 1 else None)
    def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
        broker, protocol = getattr(request, "param", kinds[0]).split("-")
        with Sandbox() as sandbox:
            yield Stage(request.getfixturevalue(broker), protocol, sandbox, tmp_path)

    return stage


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
        """Return whether the broker is a real Kafka."""
        return not isinstance(self.broker, InProcess)

    @cached_property
    def admin(self) -> AdminClient:
        """A client for what an operator asks of the broker."""
        return AdminClient({"bootstrap.servers": self.broker.bootstrap})

    def consumer(self, group: str = "") -> Consumer:
        """Return a consumer of a group, the workers' if none is given; close it with its `with` block."""
        return Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": group or self.group})

    def variables(self) -> dict[str, str]:
        """Return the worker's environment."""
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
            self.admin.incremental_alter_configs([group])[group].result(HANG_SECONDS)
        return {}

    def worker(self, **changes: str | None) -> WorkerProcess:
        """A worker in this world; `None` leaves a variable out."""
        self._workers += 1
        merged: Mapping[str, str | None] = {**self.variables(), **changes}
        variables = {name: value for name, value in merged.items() if value is not None}
        return WorkerProcess(variables, self.folder / f"worker-{self._workers}.log")

    def run(self, *arguments: str, stdin: str = "", **changes: str) -> CompletedProcess[str]:
        """Run `clicksend-consumer ARGUMENTS` in this world to its end."""
        variables = {**self.variables(), **changes}
        return command.run(*arguments, variables=variables, folder=self.folder, stdin=stdin.encode())

    def start(self, *arguments: str) -> Popen[str]:
        """Start `clicksend-consumer ARGUMENTS` in this world, for a test that interrupts it."""
        return command.start(*arguments, variables=self.variables(), folder=self.folder)

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
        """Set the sandbox's fault script."""
        self.sandbox.set_faults(Script(rules=rules))

    def payloads(self) -> list[dict[str, Any]]:
        """The contacts that were stored, in the order of their requests: duplicates show."""
        stored = [entry for entry in self.sandbox.requests() if entry.stored is not None]
        return [dict(entry.contact) for entry in sorted(stored, key=lambda each: each.number)]  # type: ignore[call-overload]  # JSON objects, as they were stored

    def enrolled(self) -> int:
        """Return the number of contacts in the list."""
        return len(self.sandbox.contacts())

    def members(self) -> int:
        """Return the number of members that the group has for its coordinator."""
        found = self.admin.describe_consumer_groups([self.group])[self.group].result(HANG_SECONDS)
        return len(found.members)

    def commit(self, *offsets: TopicPartition) -> None:
        """Commit for the group, which has no member."""
        with self.consumer() as consumer:
            retrying(lambda: consumer.commit(offsets=list(offsets), asynchronous=False))

    def committed(self, group: str = "") -> dict[int, TopicPartition]:
        """By partition, what is committed. group -- by whom; by the workers if none is given"""
        asked = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        with self.consumer(group) as consumer:
            return {each.partition: each for each in retrying(lambda: consumer.committed(asked, timeout=HANG_SECONDS))}

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
        """Return the number of records that are not committed, of all partitions."""
        committed = self.committed()
        return sum(end - max(0, committed[number].offset) for number, end in enumerate(self.ends()))

    def ends(self) -> list[int]:
        """Return the log end offset of each partition."""
        partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        with self.consumer() as consumer:
            asked = [partial(consumer.get_watermark_offsets, each, timeout=HANG_SECONDS) for each in partitions]
            return [retrying(ask)[1] for ask in asked]

    def read(self, topic: str) -> list[Message]:
        """Return all records of a topic, from its beginning to its present end."""
        return read_topic(self.broker.bootstrap, topic)
