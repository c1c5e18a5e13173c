"""Durable checkpoints: records on a compacted topic, since Kafka deletes a group's offsets after some days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import Commit
from consumer.commands.kafka.records import Range, read, write
from consumer.errors import RefusedError
from consumer.kafka.clients import KafkaClients
from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID
from consumer.scheduling.task import Partition
from consumer.settings.kafka import Kafka, client_properties

SUFFIX = ".checkpoints"  # appended to the dead-letter topic's name
COMPACTED = {"cleanup.policy": "compact"}
LARGEST = 500_000  # bytes of a record; above it, the commits' metadata is left out


class RunState(StrEnum):
    """The end of a checkpoint's last run."""

    RUNNING = "running"  # it did not shut down in order: only the group's commits show its progress
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved checkpoint. at -- the time of writing, for an operator."""

    state: RunState
    at: str
    commits: Mapping[Partition, Commit]


class CheckpointTopic:
    """The topic that keeps one checkpoint. Methods raise as Cluster's do.

    name -- of the checkpoint: the key of its records
    """

    def __init__(self, kafka: Kafka, cluster: Cluster, name: str) -> None:
        self.topic = kafka.dead_letter_topic + SUFFIX
        self._cluster = cluster
        self._name = name
        self._clients = KafkaClients(client_properties(kafka))

    def read(self) -> Saved | None:
        """Return the last checkpoint; None: there is none."""
        if self._cluster.topic(self.topic) is None:
            return None
        partition = Partition(self.topic, 0)
        found = None
        for message in read(self._cluster, {partition: Range(*self._cluster.ends([partition])[partition])}):
            if message.key() == self._name.encode():
                found = message.value()
        return self._decoded(found) if found else None

    def write(self, state: RunState, commits: Mapping[Partition, Commit]) -> None:
        """Write the checkpoint, and wait for the acknowledgement. Creates a missing topic."""
        if self._cluster.topic(self.topic) is None:
            self._create()
        value = self._encoded(state, commits)
        if len(value) > LARGEST:
            value = self._encoded(state, {each: Commit(commit.offset) for each, commit in commits.items()})
        error = write(self._clients.producer({}), self.topic, key=self._name, value=value, partition=0)
        if error is not None:
            how = f"Grant READ, WRITE and DESCRIBE on {self.topic}, and check the brokers"
            raise RefusedError(f"Writing the checkpoint to {self.topic} failed: {error.name()}. {how}.")

    def _create(self) -> None:
        new = NewTopic(self.topic, 1, config=COMPACTED)
        try:
            self._cluster.admin.create_topics([new], request_timeout=ANSWER_SECONDS)[self.topic].result()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                what = f"The checkpoint needs the topic {self.topic}, since Kafka deletes the group's offsets"
                how = f"--create --topic {self.topic} --partitions 1 --config cleanup.policy=compact"
                raise RefusedError(
                    f"{what}. Creating it failed: {error.name()}."
                    f" Create it: kafka-topics.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS {how}"
                ) from None

    def _encoded(self, state: RunState, commits: Mapping[Partition, Commit]) -> bytes:
        ids = self._ids(commits)
        rows = [[*partition, commit.offset, commit.metadata] for partition, commit in sorted(commits.items())]
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return json.dumps({"state": state, "at": at, "topic_ids": ids, "commits": rows}).encode()

    def _decoded(self, value: bytes) -> Saved:
        """Decode without the commits of topics that were created again since then."""
        content = json.loads(value)
        commits = {Partition(topic, number): Commit(offset, text) for topic, number, offset, text in content["commits"]}
        ids, then = self._ids(commits), content["topic_ids"]
        former = {topic for topic in ids.keys() & then.keys() if ids[topic] != then[topic]}
        there = {each: commit for each, commit in commits.items() if each.topic not in former}
        return Saved(RunState(content["state"]), content["at"], there)

    def _ids(self, partitions: Mapping[Partition, Commit]) -> dict[str, str]:
        found = self._cluster.topic_ids(each.topic for each in partitions)
        return {topic: each.hex() for topic, each in found.items() if each != UNKNOWN_TOPIC_ID}
