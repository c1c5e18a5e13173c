from __future__ import annotations

import pytest

from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Commit
from consumer.commands.kafka.partitions import Edge, Offset
from consumer.commands.offsets.plan import Move, plan, summary
from consumer.commands.offsets.scenario import Facts, FromFile, Scenario, ShiftBy
from consumer.scheduling.offset_map import TOPIC_ID_SIZE, UNKNOWN_TOPIC_ID, decode, encode
from consumer.scheduling.task import Partition

ZERO, ONE = Partition("events", 0), Partition("events", 1)
ID = b"i" * TOPIC_ID_SIZE
IDS = {"events": ID}


def moved(scenario: Scenario, current: int | None = 50, topic_id: bytes = ID) -> tuple[Move, list[str]]:
    (move,), remarks = plan(scenario, {ZERO: Facts(current, Ends(10, 90))}, {"events": topic_id})
    return move, remarks


def test_a_move_is_a_row_of_the_table() -> None:
    move, remarks = moved(Offset(40))
    assert move.row("g") == {
        "group": "g",
        "topic": "events",
        "partition": 0,
        "current": 50,
        "new": 40,
        "records": 50,
    }
    assert remarks == []


@pytest.mark.parametrize(
    ("scenario", "new", "words"),
    [
        (Offset(9), 10, "has no offset 9: using its beginning, 10"),
        (Offset(91), 90, "has no offset 91: using its end, 90"),
        (ShiftBy(-100), 10, "has no offset -50"),
        (FromFile({ZERO: Commit(1000)}), 90, "has no offset 1000"),
    ],
)
def test_an_offset_that_the_log_does_not_have_is_clamped_and_reported(scenario: Scenario, new: int, words: str) -> None:
    move, (remark,) = moved(scenario)
    assert move.new == new
    assert words in remark


@pytest.mark.parametrize(
    ("scenario", "new", "ahead"),
    [(Edge.LATEST, 90, 0), (Offset(95), 95, 0), (Offset(99), 97, 0), (Edge.EARLIEST, 10, 80)],
    ids=str,
)
def test_offsets_of_an_open_transaction_can_be_committed_but_are_not_the_latest(
    scenario: Scenario, new: int, ahead: int
) -> None:
    (move,), _ = plan(scenario, {ZERO: Facts(50, Ends(10, 90), log_end=97)}, IDS)
    assert (move.new, move.ahead) == (new, ahead)


@pytest.mark.parametrize("new", [10, 90])
def test_the_logs_ends_themselves_are_no_clamping(new: int) -> None:
    assert moved(Offset(new))[1] == []


def test_the_new_commit_claims_nothing_as_settled_and_tells_its_topic() -> None:
    claim = decode(moved(Edge.EARLIEST)[0].metadata)
    assert claim is not None
    assert (claim.topic_id, claim.committed, claim.reach) == (ID, 10, 10)


def test_a_topic_without_an_id_has_no_settled_ahead_count() -> None:
    assert moved(Edge.EARLIEST, topic_id=UNKNOWN_TOPIC_ID)[0].metadata == ""


def test_a_commit_that_is_taken_back_gets_its_own_metadata_again() -> None:
    metadata = encode(ID, 42, 60, [42, 50])
    assert moved(FromFile({ZERO: Commit(42, metadata)}))[0].metadata == metadata


@pytest.mark.parametrize(
    "commit",
    [
        pytest.param(Commit(42, encode(b"o" * TOPIC_ID_SIZE, 42, 60, [42])), id="of-a-former-topic"),
        pytest.param(Commit(42, encode(ID, 41, 60, [42])), id="of-another-offset"),
        pytest.param(Commit(5, encode(ID, 5, 60, [5])), id="of-an-offset-that-is-gone"),
        pytest.param(Commit(42, "foreign"), id="foreign"),
    ],
)
def test_a_claim_that_is_not_true_any_more_is_not_taken_back(commit: Commit) -> None:
    claim = decode(moved(FromFile({ZERO: commit}))[0].metadata)
    assert claim is not None
    assert claim.reach == claim.committed


def test_a_partition_that_had_no_commit_is_left_as_it_is() -> None:
    moves, (remark,) = plan(FromFile({ZERO: None}), {ZERO: Facts(50, Ends(10, 90))}, IDS)
    assert moves == []
    assert remark.startswith("events-0 had no committed offset")


def test_the_summary_counts_repeated_and_skipped_records() -> None:
    facts = {ZERO: Facts(50, Ends(0, 90)), ONE: Facts(5, Ends(0, 90))}
    moves, _ = plan(Offset(30), facts, IDS)
    assert list(summary(moves, 2)) == [
        "Records ahead after the reset: 120, at most 1 min at 2 requests a second (one worker).",
        "To be delivered again: 20. ClickSend receives their contacts once more.",
        "To be skipped: 25. Those not delivered yet will never be delivered.",
    ]


def test_without_a_limit_nobody_knows_how_long_it_takes() -> None:
    moves, _ = plan(Offset(50), {ZERO: Facts(50, Ends(0, 90))}, IDS)
    assert list(summary(moves, 0)) == ["Records ahead after the reset: 40."]
