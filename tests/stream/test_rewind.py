"""A partition whose offsets jump backwards inside one assignment begins anew, and loses nothing that is there."""

from __future__ import annotations

from typing import cast

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from consumer.errors import ConfigurationError
from consumer.stream.counts import ReleaseReason
from consumer.stream.ledger import OFFSET_UNKNOWN
from consumer.stream.options import OffsetReset, StreamOptions
from consumer.stream.rewind import Rewind
from consumer.stream.start_position import StartPosition
from consumer.stream.topic_ids import TopicIds
from tests.stream.builders import JANE, JOE, TOPIC_ID, Engine

ANOTHER_ID = bytes(16) + TOPIC_ID[16:]  # of the same cluster


class Seeker:
    """librdkafka's consumer, as far as it is sought with."""

    def __init__(self) -> None:
        self.sought: list[int] = []
        self.refuses = False

    def seek(self, partition: TopicPartition) -> None:
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sought.append(partition.offset)


class Topic(TopicIds):
    """The one topic, and the id that it has now."""

    def __init__(self) -> None:
        self.present = TOPIC_ID

    def id(self, topic: str) -> bytes:  # noqa: ARG002 -- there is one
        return self.present


class Partition:
    """One that has been consumed up to offset 100, of which 40 and 60 are not settled."""

    def __init__(self, reset: OffsetReset = OffsetReset.LATEST) -> None:
        self.engine = Engine()
        self.engine.admit(40, JANE)
        self.engine.admit(60, JOE)
        self.ledger = self.engine.ledger
        self.ledger.highest_seen = 100
        self.ledger.paused = True
        self.seeker, self.topic = Seeker(), Topic()
        options = StreamOptions(("events",), "group", "events.dead-letter", {}, offset_reset=reset)
        start = StartPosition(options, lambda: pytest.fail("nobody need be asked"))
        self.rewind = Rewind(cast(Consumer, self.seeker), self.engine.scheduler, self.topic, start)


def test_it_goes_on_at_the_record_that_came_and_commits_that_at_once() -> None:
    partition = Partition()
    fresh = partition.rewind.jumped(partition.ledger, 20)
    assert (fresh.highest_seen, fresh.committed, fresh.paused) == (19, OFFSET_UNKNOWN, True)
    assert partition.engine.released() == {ReleaseReason.REWOUND: 2}
    assert partition.seeker.sought == []


def test_what_lies_unsettled_before_the_record_that_came_is_fetched_again() -> None:
    """A log that was cut, and KAFKA_AUTO_OFFSET_RESET=latest: the rest of it is still there."""
    partition = Partition()
    fresh = partition.rewind.jumped(partition.ledger, 80)
    assert partition.seeker.sought == [40]
    assert fresh.highest_seen == 39


def test_a_topic_that_was_created_again_is_begun_at_its_beginning() -> None:
    partition = Partition()
    partition.topic.present = ANOTHER_ID
    fresh = partition.rewind.jumped(partition.ledger, 80)
    assert partition.seeker.sought == [OFFSET_BEGINNING]
    assert (fresh.topic_id, fresh.highest_seen, fresh.committed) == (ANOTHER_ID, -1, OFFSET_UNKNOWN)


def test_while_kafka_does_not_let_us_seek_the_old_id_stays_so_that_it_is_found_out_again() -> None:
    partition = Partition()
    partition.topic.present = ANOTHER_ID
    partition.seeker.refuses = True
    assert partition.rewind.recreated(partition.ledger, ANOTHER_ID) is partition.ledger
    assert partition.rewind.jumped(partition.ledger, 20).topic_id == TOPIC_ID


def test_an_operator_who_wants_to_decide_is_asked() -> None:
    partition = Partition(OffsetReset.ERROR)
    with pytest.raises(ConfigurationError, match="created again"):
        partition.rewind.recreated(partition.ledger, ANOTHER_ID)
