"""Start positions of a group with KAFKA_AUTO_OFFSET_RESET=latest, also with members that start together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs

from consumer.errors import ConfigurationError
from consumer.kafka.properties import OffsetReset
from consumer.kafka.start_position import StartOffset, StartPosition
from consumer.scheduling.offset_map import decode, encode
from consumer.scheduling.task import Partition

TOPIC_ID = bytes(range(20))
FORMER_ID = bytes(16) + TOPIC_ID[16:]
IDS = {"events": TOPIC_ID}
LOW, HIGH = 10, 50
ZERO, THREE = Partition("events", 0), Partition("events", 3)


class Group:
    """Stands for librdkafka's consumer and admin client, and the coordinator behind them: a topic of four partitions.

    commits -- by partition, the metadata of what others have committed at offset 30
    """

    def __init__(self, **commits: str) -> None:
        self.stored = {int(number.removeprefix("p")): (30, metadata) for number, metadata in commits.items()}
        self.partitions = 4
        self.refuses_commits = False
        self.silent: str | None = None  # the question that is not answered

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout > 0
        self.answer(f"end of {partition.partition}")
        return LOW, HIGH

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        self.answer("partitions")
        found = {topic: SimpleNamespace(partitions=dict.fromkeys(range(self.partitions)))}
        return SimpleNamespace(topics=found)

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        self.answer("commits")
        none = (-1001, "")
        stored = [(each, *self.stored.get(each.partition, none)) for each in partitions]
        return [TopicPartition(each.topic, each.partition, offset, metadata) for each, offset, metadata in stored]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous is False
        if self.refuses_commits:
            raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION))
        self.stored |= {each.partition: (each.offset, each.metadata or "") for each in offsets}

    def answer(self, question: str) -> None:
        if self.silent == question:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "jane.doe@example.com"))

    def begin(self, *partitions: Partition, reset: OffsetReset = OffsetReset.LATEST) -> dict[Partition, StartOffset]:
        """One of its workers begins these partitions, which are its own."""
        anything: Any = self
        start = StartPosition(reset, "group", lambda: cast(AdminClient, anything))
        return start.resolve(cast(Consumer, anything), partitions, IDS)


def of(topic_id: bytes, partition_count: int = 0) -> str:
    """The metadata of a commit at offset 30."""
    return encode(topic_id, 30, 30, (), partition_count=partition_count)


def test_a_new_group_begins_at_the_ends_and_commits_what_is_its_own_and_nothing_else() -> None:
    group = Group()
    starts = group.begin(ZERO, THREE)
    assert [start.offset for start in starts.values()] == [HIGH, HIGH]
    assert group.stored.keys() == {0, 3}
    offset, metadata = group.stored[3]
    claim = decode(metadata)
    assert claim is not None
    assert (offset, claim.topic_id, claim.committed, claim.partition_count) == (HIGH, TOPIC_ID, HIGH, 4)


def test_a_worker_that_is_a_moment_late_begins_its_partitions_at_their_ends_too() -> None:
    group = Group()
    group.begin(ZERO)
    assert group.begin(THREE)[THREE].offset == HIGH


def test_a_commit_that_appears_during_the_start_counts() -> None:
    group = Group(p3=of(TOPIC_ID, 4))
    start = group.begin(THREE)[THREE]
    assert start.committed is not None
    assert start.committed.offset == 30
    assert group.stored[3][0] == 30, "it is not committed over"


@pytest.mark.parametrize(
    ("others", "offset"),
    [
        pytest.param({"p0": of(TOPIC_ID, 4)}, HIGH, id="the group began the topic with it"),
        pytest.param({"p0": of(TOPIC_ID, 3)}, LOW, id="it was added later"),
        pytest.param({"p0": of(TOPIC_ID, 3), "p1": of(TOPIC_ID, 4)}, LOW, id="it was added later, by the lowest count"),
        pytest.param({"p0": of(TOPIC_ID)}, LOW, id="nobody has stored a count: a worker of an older version"),
        pytest.param({"p0": ""}, LOW, id="nobody has stored anything: another tool"),
        pytest.param({"p0": of(FORMER_ID, 4)}, LOW, id="the group knows a topic of this name that was deleted"),
    ],
)
def test_a_partition_without_a_commit_of_a_topic_that_the_group_knows(others: dict[str, str], offset: int) -> None:
    assert Group(**others).begin(THREE)[THREE].offset == offset


def test_partitions_that_were_added_pass_on_the_count_that_the_group_began_with() -> None:
    """Else the second of two that were added together would be taken for one that was there."""
    group = Group(p0=of(TOPIC_ID, 2), p1=of(TOPIC_ID, 2))
    for added in (Partition("events", 2), THREE):
        assert group.begin(added)[added] == StartOffset(LOW, 2)


def test_a_start_whose_commit_is_refused_is_used_anyway() -> None:
    """The committer commits it a moment later."""
    group = Group()
    group.refuses_commits = True
    with capture_logs() as logged:
        assert group.begin(THREE)[THREE].offset == HIGH
    assert [(each["error"], each["cause"].split()[0]) for each in logged if each["log_level"] == "warning"] == [
        ("ILLEGAL_GENERATION", "KafkaException")
    ]


def test_with_earliest_the_beginning_is_the_start_whatever_others_have_committed() -> None:
    group = Group(p0=of(TOPIC_ID, 4))
    assert group.begin(THREE, reset=OffsetReset.EARLIEST)[THREE] == StartOffset(LOW)


@pytest.mark.parametrize(
    ("silent", "reset", "begun"),
    [
        pytest.param("end of 3", OffsetReset.LATEST, {}, id="latest: an end"),
        pytest.param("partitions", OffsetReset.LATEST, {}, id="latest: the partitions"),
        pytest.param("commits", OffsetReset.LATEST, {}, id="latest: what the group has committed"),
        pytest.param("end of 3", OffsetReset.EARLIEST, {ZERO: StartOffset(LOW)}, id="earliest: those before are begun"),
        pytest.param("end of 0", OffsetReset.EARLIEST, {}, id="earliest: no other is tried after the first"),
    ],
)
def test_a_start_that_cannot_be_looked_up_is_left_out_and_the_line_names_the_cause(
    silent: str, reset: OffsetReset, begun: dict[Partition, StartOffset]
) -> None:
    group = Group()
    group.silent = silent
    with capture_logs() as logged:
        assert group.begin(ZERO, THREE, reset=reset) == begun
    assert group.stored == {}, "nothing is committed"
    (line,) = [each for each in logged if each["log_level"] == "warning"]
    assert line["event"] == "start offsets not read, will retry"
    assert (line["error"], line["cause"]) == ("_TIMED_OUT", "KafkaException _TIMED_OUT")
    assert line["at"].startswith("test_start_position.py"), line["at"]
    assert "jane" not in str(line), "the text of an error may hold anything"


def test_with_error_the_worker_refuses_to_start_without_an_offset() -> None:
    with pytest.raises(ConfigurationError, match="KAFKA_AUTO_OFFSET_RESET is error"):
        Group().begin(THREE, reset=OffsetReset.ERROR)
