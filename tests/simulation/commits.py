"""The path of a consumer's commits to the coordinator and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from tests.simulation.cluster import Cluster
from tests.simulation.group import Group, Offset

if TYPE_CHECKING:
    from tests.simulation.commit_oracle import Built
    from tests.simulation.consumer import FakeConsumer
    from tests.simulation.watch import Watch

RETRIED_INSIDE = 0.11  # seconds after which librdkafka sends a commit again by itself
REFUSED = (KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS, KafkaError.STALE_MEMBER_EPOCH)
Answer = Callable[[KafkaError | None, list[Offset]], None]


class Commits:
    """One connection: requests arrive in the order in which they were sent, but for those that librdkafka repeats."""

    def __init__(self, consumer: FakeConsumer, cluster: Cluster, group: Group, watch: Watch) -> None:
        self.outstanding = 0
        self._consumer = consumer
        self._cluster = cluster
        self._group = group
        self._watch = watch
        self._hub = cluster.hub
        self._last_arrival = 0.0
        self._latest: Built | None = None

    def send(self, offsets: list[TopicPartition]) -> None:
        """Asynchronously: the answer is a callback of a later poll."""
        consumer = self._consumer

        def answered(error: KafkaError | None, answers: list[Offset]) -> None:
            def tell() -> None:
                self.outstanding -= 1
                consumer.committed_answer(error, answers)

            consumer.answer(tell)

        self._watch.commits.sent(consumer.name, self.outstanding)
        self.outstanding += 1
        self._depart(offsets, answered)

    def send_and_wait(self, offsets: list[TopicPartition]) -> list[Offset]:
        """Synchronously. Raises KafkaException where the commit as a whole was refused."""
        fibre = self._hub.current
        if self._latest is not None and self.outstanding:
            self._latest.overtaken = True
        answers: list[tuple[KafkaError | None, list[Offset]]] = []

        def answered(error: KafkaError | None, offsets: list[Offset]) -> None:
            answers.append((error, offsets))
            if fibre is not None:
                self._hub.wake(fibre)

        self._depart(offsets, answered)
        while not answers:
            self._hub.pause()
        error, stored = answers[0]
        if error is not None:
            raise KafkaException(error)
        return stored

    def _depart(self, offsets: list[TopicPartition], answer: Answer) -> None:
        built = self._latest = self._watch.commits.built(self._consumer, offsets)
        sent_at = self._hub.now
        parts = [
            Offset(each.topic, each.partition, each.offset, each.metadata, leader_epoch=each.leader_epoch)
            for each in offsets
        ]
        self._last_arrival = max(self._last_arrival, sent_at + self._cluster.latency())
        self._hub.at(self._last_arrival, lambda: self._arrive(built, parts, sent_at, answer))

    def _arrive(self, built: Built, parts: list[Offset], sent_at: float, answer: Answer) -> None:
        cluster, hub, consumer = self._cluster, self._hub, self._consumer
        if not cluster.coordinated:
            if hub.now - sent_at > self._group.session:
                answer(KafkaError(KafkaError._WAIT_COORD), parts)
            else:
                hub.after(0.2, lambda: self._arrive(built, parts, sent_at, answer))
            return
        if consumer not in self._group.members or consumer.expelled:
            hub.after(cluster.latency(), lambda: answer(KafkaError(KafkaError.UNKNOWN_MEMBER_ID), parts))
            return
        if cluster.chance(cluster.temper.commit_errors):
            fate = hub.random.randrange(4)
            if fate == 0:  # the coordinator is loading: librdkafka asks again by itself
                hub.after(RETRIED_INSIDE, lambda: self._arrive(built, parts, sent_at, answer))
                return
            if fate == 1:
                error = KafkaError(hub.random.choice(REFUSED))
                hub.after(cluster.latency(), lambda: answer(error, parts))
                return
            stored = self._store(built, parts)
            late = 0.2 + hub.random.random()
            if fate == 2:  # the answer is late
                hub.after(late, lambda: answer(None, stored))
            else:  # the answer is lost
                hub.after(late, lambda: answer(KafkaError(KafkaError._TIMED_OUT), parts))
            return
        stored = self._store(built, parts)
        hub.after(cluster.latency(), lambda: answer(None, stored))

    def _store(self, built: Built, parts: list[Offset]) -> list[Offset]:
        self._watch.commits.applied(built)
        return self._group.store(parts)
