"""The broker's side of a group's commits: scripted responses, with a check of each commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, TopicPartition

from consumer.scheduling.task import Partition
from consumer.worker.committer import Committer

Look = Callable[[Partition], int]
Check = Callable[[Partition, int, str], frozenset[int]]


class End(Enum):
    """The result of an asynchronous commit."""

    STORED = "stored, and the answer arrives"
    UNHEARD = "stored, but the answer is lost"
    REFUSED = "not stored"


class Stored(NamedTuple):
    """The broker's last commit of a partition, and the records settled beyond it at that time."""

    offset: int = 0
    metadata: str = ""
    settled: frozenset[int] = frozenset()


class Commits:
    """Stands for librdkafka's consumer, as far as the committer uses it, and for the group's coordinator behind it.

    position -- where the consumer stands in a partition
    check    -- called with each offset and metadata as it is committed; gives what is settled from that offset on
    """

    def __init__(self, partitions: Iterable[Partition], position: Look, check: Check) -> None:
        self.stored = dict.fromkeys(partitions, Stored())
        self._position = position
        self._check = check
        self._sent: list[TopicPartition] = []  # of the asynchronous commit that is not answered yet
        self._unstored: dict[Partition, Stored] = {}  # of the same, as long as it has not arrived

    @property
    def consumer(self) -> Consumer:
        return cast(Consumer, self)

    @property
    def outstanding(self) -> bool:
        return bool(self._sent)

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        """librdkafka's. Requests arrive in their order, so one that waits for its answer is stored before the next."""
        assert offsets, "an empty commit"
        built = {}
        for each in offsets:
            partition, metadata = Partition(each.topic, each.partition), each.metadata or ""
            built[partition] = Stored(each.offset, metadata, self._check(partition, each.offset, metadata))
        if asynchronous:
            assert not self._sent, "a second request while one is outstanding"
            self._sent, self._unstored = offsets, built
        else:
            self._arrive()
            self.stored |= built
        return offsets

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """librdkafka's."""
        return [
            TopicPartition(each.topic, each.partition, self._position(Partition(each.topic, each.partition)))
            for each in partitions
        ]

    def answer(self, committer: Committer, end: End) -> None:
        """The outstanding commit ends."""
        sent, self._sent = self._sent, []
        if end is not End.REFUSED:
            self._arrive()
        self._unstored = {}
        committer.answered(None if end is End.STORED else KafkaError(KafkaError.REQUEST_TIMED_OUT), sent)

    def catch_up(self, committer: Committer, commit: Callable[[], None]) -> None:
        """Everything that is settled gets committed."""
        for _ in range(2):  # what is outstanding already has to end first
            commit()
            if self.outstanding:
                self.answer(committer, End.STORED)

    def _arrive(self) -> None:
        self.stored |= self._unstored
        self._unstored = {}
