"""The outcome of one batch's records, in any order of offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import orjson
import pytest
from confluent_kafka import Message

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.scheduling.offset_map import OffsetMap
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers
from consumer.worker.intake import Intake
from tests.support.records import EVENTS, TIMESTAMP_MS, TOPIC_ID, Consumed

NOW_MS, MAX_AGE_MS = 1_000_000, 1_000
SIGN_UP = b'{"type":"identify","traits":{"email":"jane.doe@example.com"}}'
REDRIVEN: Headers = [("clicksend.redrive.count", b"1"), ("clicksend.redrive.from", b"events.dead-letter-0@17")]


def sign_up(offset: int, epoch: int = 0) -> Message:
    event = {"type": "identify", "traits": {"email": f"u{offset}@example.com"}}
    return cast(Message, Consumed(offset, orjson.dumps(event), epoch=epoch))


class Partition:
    """One partition that is consumed from offset 100. Going back is remembered, and answered as `moves_back` says."""

    def __init__(self, *, moves_back: bool = True) -> None:
        self.trackers = {EVENTS: OffsetTracker(EVENTS, 100, 100, TOPIC_ID)}
        self.rewinds: list[tuple[int, int]] = []
        self._moves_back = moves_back
        self._intake = Intake(Decider(Enroller(Rules.of())), self.trackers, self._rewind, 0, None)

    def read(self, messages: Sequence[Message]) -> list[int]:
        """The offsets of what is to be delivered."""
        batch, errors = self._intake.read(messages, TIMESTAMP_MS)
        assert errors == []
        return [task.record.offset for task in batch.tasks if task.tracker is self.trackers[EVENTS]]

    def _rewind(self, _tracker: OffsetTracker, offset: int, lowest_unsettled: int) -> OffsetTracker | None:
        self.rewinds.append((offset, lowest_unsettled))
        fresh = self.trackers[EVENTS] = OffsetTracker(EVENTS, min(offset, lowest_unsettled), -1, TOPIC_ID)
        return None if self._moves_back else fresh


def test_offsets_that_jump_back_inside_a_batch_lose_none_of_its_earlier_records() -> None:
    """All of [100..110, 105..107] is in no offset tracker yet when 105 comes: consumption goes back to 100."""
    partition = Partition()
    messages = [sign_up(offset) for offset in (*range(100, 111), *range(105, 108))]
    assert partition.read(messages) == [], "what was fetched comes again"
    assert partition.rewinds == [(105, 100)]
    assert partition.read([sign_up(offset) for offset in range(100, 108)]) == [*range(100, 108)]


def test_without_earlier_unsettled_records_the_batch_continues_at_the_received_record() -> None:
    partition = Partition(moves_back=False)
    partition.trackers[EVENTS].highest_seen = 110
    assert partition.read([sign_up(offset) for offset in range(105, 108)]) == [105, 106, 107]
    assert partition.rewinds == [(105, 105)]


@pytest.mark.parametrize(("epoch", "delivered"), [(4, [100]), (5, [100, 101])], ids=["the same log", "another log"])
def test_previously_settled_records_are_skipped_unless_another_record_replaced_them(
    epoch: int, delivered: list[int]
) -> None:
    partition = Partition()
    tracker = partition.trackers[EVENTS]
    tracker.previously_settled = OffsetMap(TOPIC_ID, 100, 102, frozenset([100]), leader_epoch=4)
    assert partition.read([sign_up(100, 4), sign_up(101, epoch)]) == delivered
    assert tracker.epoch_before(102) == epoch


@pytest.mark.parametrize(
    ("age_ms", "headers", "filtered"),
    [
        pytest.param(MAX_AGE_MS, [], {}, id="young-enough"),
        pytest.param(MAX_AGE_MS + 1, [], {"too_old": 1}, id="too-old"),
        pytest.param(MAX_AGE_MS + 1, REDRIVEN, {}, id="too-old-and-redriven"),
        pytest.param(MAX_AGE_MS + 1, REDRIVEN[:1], {"too_old": 1}, id="a-producers-own-count"),
    ],
)
def test_a_record_is_too_old_unless_a_redrive_has_brought_it_back(
    age_ms: int, headers: Headers, filtered: dict[str, int]
) -> None:
    trackers = {EVENTS: OffsetTracker(EVENTS, 0, 0)}
    intake = Intake(
        Decider(Enroller(Rules.of())), trackers, lambda tracker, _offset, _lowest: tracker, MAX_AGE_MS, None
    )
    message = Message(
        topic=EVENTS.topic,
        partition=EVENTS.number,
        offset=0,
        value=SIGN_UP,
        timestamp=(1, NOW_MS - age_ms),
        headers=headers,  # type: ignore[arg-type]  # null headers are allowed
    )
    batch, _ = intake.read([message], NOW_MS)
    assert batch.filtered == filtered
    assert len(batch.tasks) == 1 - len(filtered)


def test_an_epoch_that_begins_inside_a_batch_is_known_to_the_offset() -> None:
    partition = Partition()
    partition.read([sign_up(offset, epoch) for offset, epoch in ((100, 3), (101, 3), (102, 5), (104, 5), (105, 6))])
    partition.read([sign_up(106, 6)])
    tracker = partition.trackers[EVENTS]
    assert [tracker.epoch_before(offset) for offset in (101, 102, 103, 105, 106, 107)] == [3, 3, 5, 5, 6, 6]
