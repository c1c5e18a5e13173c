"""One run: a topic, a group, workers, a sandbox, a producer, and the actions on them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException

from consumer.dead_letters.format import BATCH_FAILED
from consumer.scheduling.offset_map import decode
from tests.chaos.commit_log import LoggedCommit, commit_log
from tests.chaos.evidence import (
    BrokerAway,
    Commit,
    Committed,
    Deed,
    Destroyed,
    Evidence,
    Frozen,
    Killed,
    OffsetsReset,
    Place,
    Produced,
    Recreated,
    read_log,
)
from tests.chaos.fleet import Fleet, Member
from tests.chaos.history import history
from tests.chaos.sink import SLOW, Sink
from tests.chaos.source import Source
from tests.chaos.topics import Group
from tests.chaos.transaction import Ending, Transaction
from tests.kafka.apache import ApacheKafka
from tests.kafka.reading import read_topic

PARTITIONS = 6
WORKERS = 3
CONCURRENCY = 4
RATE = 240.0  # records a second
IN_TRANSACTION = 60  # records of one transaction: some in each partition
SESSION_MS = 6000
HANG_SECONDS = 600.0  # a guard against hanging: an adaptive limiter takes its time after a storm
FIRST_REQUESTS = 40  # the faults begin when so many requests have been answered


class World:
    """The target of a scenario. Its methods log their actions and record them for the verdict.

    say -- takes a line of progress
    """

    def __init__(self, kafka: ApacheKafka, protocol: str, seed: int, folder: Path, say: Callable[[str], None]) -> None:
        self._kafka = kafka
        self._say = say
        self._began = time.monotonic()
        self.random = Random(seed)
        self.topic = f"events-{uuid.uuid4().hex[:12]}"
        self.group_id = f"group-{self.topic}"
        self._dead_letter_topic = f"{self.topic}.dead-letter"
        self._deeds: list[Deed] = []
        self._aborted: list[Produced] = []
        self._generations: list[tuple[float, bytes]] = []  # of the source topic: since when, and its id
        kafka.create_topic(self._dead_letter_topic, PARTITIONS, {"retention.ms": "-1"})
        self.group = Group(kafka.bootstrap, self.group_id, self.topic)
        self._create_topic()
        self.sink = Sink(folder, seed)
        self.source = Source(kafka.bootstrap, self.topic, history(seed), RATE)
        self.fleet = Fleet(self._variables(protocol), folder)

    def _create_topic(self) -> None:
        began = time.time()
        self._kafka.create_topic(self.topic, PARTITIONS)
        self._generations.append((began, self.group.topic_id()))

    def _variables(self, protocol: str) -> dict[str, str]:
        options = self.sink.sandbox.options
        # A classic member sees new partitions at its metadata refresh, and a rebalance at its next heartbeat.
        properties = {"topic.metadata.refresh.interval.ms": 2000}
        classic = {}
        if protocol == "classic":
            properties["heartbeat.interval.ms"] = 300
            classic = {"KAFKA_SESSION_TIMEOUT_MS": str(SESSION_MS)}
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap,
            "KAFKA_TOPIC": self.topic,
            "KAFKA_GROUP_ID": self.group_id,
            "KAFKA_GROUP_PROTOCOL": protocol,
            "KAFKA_PROPERTIES": json.dumps(properties),
            "CLICKSEND_BASE_URL": self.sink.sandbox.url,
            "CLICKSEND_USERNAME": options.username,
            "CLICKSEND_API_KEY": options.api_key,
            "CLICKSEND_CONNECT_TIMEOUT": "1",
            "CLICKSEND_READ_TIMEOUT": "1.5",
            "CLICKSEND_TOTAL_TIMEOUT": "3",
            "DELIVERY_CONCURRENCY": str(CONCURRENCY),
            "DELIVERY_PROBE_INTERVAL": "0.5",
            "RETRY_INITIAL_DELAY": "0.1",
            "RETRY_MAX_DELAY": "1",
            **classic,
        }

    def say(self, what: str) -> None:
        """Tell what is done now."""
        self._say(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def begin(self) -> None:
        """Start producing and consuming; returns when records are flowing."""
        self.start_workers(WORKERS)
        self.source.start(PARTITIONS)
        self.wait("the first deliveries", lambda: self.sink.delivered() > FIRST_REQUESTS)

    def wait(self, what: str, condition: Callable[[], bool], timeout: float = HANG_SECONDS) -> None:
        """Wait until it is so; a finding if it doesn't come true. A broker that doesn't answer is asked again."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with suppress(KafkaException):
                if condition():
                    return
            time.sleep(0.1)
        self.fleet.findings.append(f"{what}: not within {timeout:g} s")

    def go_on(self, least: float, most: float | None = None) -> None:
        """Let it run for some seconds."""
        time.sleep(self.random.uniform(least, most or least))

    def someone(self) -> Member:
        """One of the workers."""
        return self.random.choice(self.fleet.members)

    def await_group(self) -> None:
        """Wait until all workers share the partitions."""
        members = len(self.fleet.members)
        self.wait(f"a stable group of {members}", lambda: self.group.is_stable(members))

    def start_workers(self, count: int) -> None:
        """Start some workers, and wait until they are ready."""
        self.say(f"start {count} workers")
        for _ in range(count):
            self.fleet.start()
        self.fleet.wait_ready()

    def stop_workers(self) -> None:
        """SIGTERM to all, and wait until the group is empty."""
        self.say("SIGTERM to all workers")
        self.fleet.stop(*self.fleet.members)
        self.wait("an empty group", self.group.is_empty)

    def stop(self, member: Member) -> None:
        """SIGTERM to one worker."""
        self.say(f"SIGTERM to worker {member.number}")
        self.fleet.stop(member)

    def kill(self, *members: Member) -> None:
        """SIGKILL."""
        for member in members:
            self.say(f"SIGKILL to worker {member.number}")
            self._deeds.append(Killed(member.number, self.fleet.kill(member)))

    def freeze(self, *members: Member) -> None:
        """SIGSTOP, and SIGCONT when the session is over and others own what was theirs.

        The sink is slow meanwhile, so that much is waiting in the workers that wake up.
        """
        self.say("the sink: slow")
        self.sink.faults(SLOW)
        self.go_on(2.0)
        self.say(f"SIGSTOP to {', '.join(f'worker {member.number}' for member in members)}")
        starts = [self.fleet.freeze(member) for member in members]
        self.go_on(SESSION_MS / 1000 + 2.0)
        self.sink.faults()
        self.go_on(1.0)
        self.say("SIGCONT, the sink is quick again")
        for member, start in zip(members, starts, strict=True):
            self._deeds.append(Frozen(member.number, start, self.fleet.thaw(member)))

    def kill_broker(self, seconds: float) -> None:
        """A power cut at Kafka."""
        self._restart_broker("kill -9 of", self._kafka.kill, seconds)

    def restart_broker(self, seconds: float) -> None:
        """An orderly stop of Kafka, and its start."""
        self._restart_broker("stop", self._kafka.stop, seconds)

    def _restart_broker(self, how: str, end: Callable[[], None], seconds: float) -> None:
        self.say(f"{how} the broker, for {seconds:.1f} s")
        start = time.time()
        end()
        time.sleep(seconds)
        self._kafka.start()
        self._deeds.append(BrokerAway(start, time.time()))
        self.say("the broker answers again")

    def reset_offsets(self) -> None:
        """Set the group's offsets to 0. Only with all workers stopped."""
        self.say("offsets reset to 0")
        self._deeds.append(OffsetsReset(time.time()))
        self.group.reset()

    def trim(self) -> None:
        """Delete half of what the group has not committed, as retention does. Only with all workers stopped."""
        committed, ends = self.group.committed(), self.group.ends()
        below = {partition: (committed[partition] + end + 1) // 2 for partition, end in ends.items()}
        self.say(f"Kafka deletes {sum(below[each] - committed[each] for each in below)} records that nobody had yet")
        self.group.trim(below)
        self._deeds.append(Destroyed(time.time(), self._generation, below))

    def recreate_topic(self) -> None:
        """Delete the topic with all that is in it, and create it again."""
        self.source.pause()
        self.say("the topic is deleted and created again")
        ends = self.group.ends()
        self.group.delete_topic()
        self._deeds.append(Destroyed(time.time(), self._generation, ends))
        self._create_topic()
        self._deeds.append(Recreated(time.time()))
        self.source.begin_generation()
        self.source.resume()

    def add_partitions(self, count: int) -> None:
        """Add partitions; the source uses them from now on."""
        self.source.pause()
        self.group.grow(self.source.partitions + count)
        self.source.use_partitions(self.source.partitions + count)
        self.say(f"{self.source.partitions} partitions")
        self.source.resume()

    def open_transaction(self) -> Transaction:
        """Write records in a transaction, and leave it open: nothing after its first records is to be read."""
        self.say("a transaction is open")
        transaction = Transaction(self._kafka.bootstrap, self.topic)
        self.source.write_in(transaction, IN_TRANSACTION)
        return transaction

    def end_transaction(self, transaction: Transaction, ending: Ending) -> None:
        """End it."""
        self.say(f"the transaction is {ending.value}")
        asked = time.time()
        transaction.end(ending)
        if ending is Ending.COMMITTED:
            self._deeds.append(Committed(asked, frozenset(record.serial for record in transaction.records)))
            self.source.produced.extend(transaction.records)
        else:
            self._aborted.extend(transaction.records)

    def await_stable_ends(self) -> None:
        """Wait until everything before the open transaction is committed, the unlucky contact's records too."""
        self.sink.hint()
        ends = self.group.ends(IsolationLevel.READ_COMMITTED)
        self.wait(
            "all before the open transaction",
            lambda: all(self.group.committed()[partition] >= end for partition, end in ends.items()),
        )
        self.sink.faults()
        self.fleet.wait_ready()

    def finish(self) -> Evidence:
        """Let everything come to its end, stop all, and gather the evidence."""
        self.say("no more faults, nothing more is produced")
        self.sink.hint()
        self.source.finish()
        self.wait("lag 0", lambda: self.group.lag() == 0)
        self.await_group()
        self.say("SIGTERM to all workers")
        self.fleet.stop(*self.fleet.members)
        return self._evidence()

    def close(self) -> None:
        """End whatever is left."""
        self.fleet.close()
        self.sink.stop()

    def _evidence(self) -> Evidence:
        requests, refused = read_log(self.sink.log_file)
        return Evidence(
            produced=self.source.produced,
            requests=requests,
            refused=refused,
            dead_letters=self._dead_letters(),
            commits=self._commits(),
            deeds=self._deeds,
            aborted=self._aborted,
        )

    @property
    def _generation(self) -> int:
        return len(self._generations) - 1

    def _commits(self) -> list[Commit]:
        return [
            Commit(each.at, self._generation_of(each), each.partition, each.offset, each.metadata)
            for each in commit_log(self._kafka.bootstrap, self.group_id)
        ]

    def _generation_of(self, commit: LoggedCommit) -> int:
        """Which topic a commit is about: its metadata tells the id; else it is the one that there was at the time."""
        claimed_map = decode(commit.metadata)
        for generation, (_, topic_id) in enumerate(self._generations):
            if claimed_map is not None and claimed_map.topic_id == topic_id:
                return generation
        return sum(began <= commit.at for began, _ in self._generations) - 1

    def _dead_letters(self) -> frozenset[Place]:
        """By the coordinates in their headers; those of a topic that was created again tell by their value.

        Of a batch, the events that it lists.
        """
        produced: dict[tuple[int, int, bytes | None], list[Place]] = {}
        for record in (*self.source.produced, *self._aborted):
            _, partition, offset, _ = record.place
            produced.setdefault((partition, offset, record.batch or record.value), []).append(record.place)
        found: set[Place] = set()
        for dead_letter in read_topic(self._kafka.bootstrap, self._dead_letter_topic):
            pairs: Any = dead_letter.headers() or []  # the stubs think of a dict, too
            headers = {name: (value or b"").decode() for name, value in pairs}
            where = int(headers["__connect.errors.partition"]), int(headers["__connect.errors.offset"])
            listed = headers.get(BATCH_FAILED, "-1").split(",")
            found.update(place for place in produced[*where, dead_letter.value()] if str(place.event) in listed)
        return frozenset(found)
