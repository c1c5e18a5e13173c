from __future__ import annotations

import pytest

from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Commit, Group, Member
from consumer.commands.kafka.records import Range
from consumer.commands.lag.partition_lag import PartitionLag, settled_ahead, standings, total, unconsumed
from consumer.scheduling.offset_map import TOPIC_ID_SIZE, encode
from consumer.scheduling.task import Partition

ZERO, ONE = Partition("events", 0), Partition("events", 1)
ID, OTHER_ID = b"i" * TOPIC_ID_SIZE, b"o" * TOPIC_ID_SIZE
OWNER = Member("consumer-1-abc", "/10.0.0.7", "clicksend-consumer-1")
NOW_MS = 1_774_747_800_000


def group(commits: dict[Partition, Commit]) -> Group:
    return Group("g", "Stable", (OWNER,), {ZERO: OWNER}, commits)


def stand(
    commits: dict[Partition, Commit],
    ends: dict[Partition, Ends],
    oldest_ms: int = NOW_MS,
    log_ends: dict[Partition, int] | None = None,
) -> list[PartitionLag]:
    log_ends = log_ends or {partition: end.high for partition, end in ends.items()}
    return standings(group(commits), ends, dict.fromkeys(ends, oldest_ms), {"events": ID}, log_ends)


def test_the_columns_of_kafka_consumer_groups_come_first() -> None:
    (found,) = stand({ZERO: Commit(10)}, {ZERO: Ends(0, 34)}, NOW_MS - 90_000)
    assert found.row(NOW_MS) == {
        "group": "g",
        "topic": "events",
        "partition": 0,
        "current_offset": 10,
        "log_end_offset": 34,
        "lag": 24,
        "consumer_id": "consumer-1-abc",
        "host": "/10.0.0.7",
        "client_id": "clicksend-consumer-1",
        "oldest_unsettled_seconds": 90.0,
        "settled_ahead": 0,
        "last_stable_offset": 34,
    }
    assert [*found.row(NOW_MS)][:9] == (
        ["group", "topic", "partition", "current_offset", "log_end_offset", "lag", "consumer_id", "host", "client_id"]
    )


def test_while_a_transaction_is_open_both_ends_are_shown() -> None:
    (found,) = stand({ZERO: Commit(10)}, {ZERO: Ends(0, 34)}, log_ends={ZERO: 40})
    row = found.row(NOW_MS)
    assert (row["log_end_offset"], row["last_stable_offset"], row["lag"]) == (40, 34, 30)
    assert found.transaction == "a transaction is open since offset 34"


def test_a_log_that_grew_between_two_questions_has_no_open_transaction() -> None:
    (found,) = stand({ZERO: Commit(10)}, {ZERO: Ends(0, 34)}, log_ends={ZERO: 30})
    assert (found.log_end, found.transaction) == (34, None)


def test_an_operator_reads_the_age_in_units() -> None:
    (found,) = stand({ZERO: Commit(10)}, {ZERO: Ends(0, 34)}, NOW_MS - 90_000)
    line = found.line(NOW_MS)
    assert line["oldest_unsettled"] == "1 min 30 s"
    assert "oldest_unsettled_seconds" not in line


def test_without_a_commit_there_is_no_lag_and_without_an_owner_none() -> None:
    zero, one = stand({ZERO: Commit(34)}, {ONE: Ends(0, 5), ZERO: Ends(0, 34)})
    assert (zero.lag, zero.age(NOW_MS)) == (0, None)
    assert (one.lag, one.current, one.owner, one.settled_ahead) == (None, None, None, None)


def test_a_commit_beyond_the_end_is_no_negative_lag() -> None:
    assert stand({ZERO: Commit(40)}, {ZERO: Ends(0, 34)})[0].lag == 0


@pytest.mark.parametrize("oldest_ms", [-1, NOW_MS + 60_000])
def test_a_record_without_a_time_or_from_the_future_has_no_negative_age(oldest_ms: int) -> None:
    age = stand({ZERO: Commit(1)}, {ZERO: Ends(0, 34)}, oldest_ms)[0].age(NOW_MS)
    assert age in (None, 0)


def test_what_is_settled_ahead_the_commit_is_read_from_its_metadata() -> None:
    metadata = encode(ID, 10, 20, [10, 11, 15])
    assert settled_ahead(Commit(10, metadata), ID) == 7
    assert stand({ZERO: Commit(10, metadata)}, {ZERO: Ends(0, 34)})[0].settled_ahead == 7


@pytest.mark.parametrize(
    ("commit", "topic_id"),
    [
        pytest.param(Commit(10, encode(ID, 10, 20, [10])), OTHER_ID, id="of-another-topic"),
        pytest.param(Commit(11, encode(ID, 10, 20, [10])), ID, id="of-another-offset"),
        pytest.param(Commit(10, "somebody else's"), ID, id="foreign"),
        pytest.param(Commit(10), ID, id="none"),
    ],
)
def test_metadata_that_is_not_of_this_commit_claims_nothing(commit: Commit, topic_id: bytes) -> None:
    assert settled_ahead(commit, topic_id) == 0


def test_what_is_left_begins_at_the_commit_or_where_the_log_does() -> None:
    ends = {ZERO: Ends(20, 34), ONE: Ends(0, 5)}
    assert unconsumed(group({ZERO: Commit(10)}), ends) == {ZERO: Range(20, 34)}
    assert unconsumed(group({ZERO: Commit(25)}), ends) == {ZERO: Range(25, 34)}


def test_the_total_is_a_sentence() -> None:
    found = stand({ZERO: Commit(10)}, {ZERO: Ends(0, 34), ONE: Ends(0, 5)}, NOW_MS - 60_000)
    oldest = "the oldest unsettled record is 1 min old"
    assert total(found, NOW_MS) == f"Lag 24 (partitions without a committed offset: 1); {oldest}."
    assert total(stand({ZERO: Commit(34)}, {ZERO: Ends(0, 34)}), NOW_MS) == "Lag 0."
