"""The format of a dead letter."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import orjson
import pytest

from consumer import __version__
from consumer.clicksend.outcome import Outcome
from consumer.dead_letters.format import (
    DIET,
    NOTHING,
    DeadLetterMessage,
    Part,
    Parts,
    dead_letter,
    redriven,
    redriven_events,
    smaller,
)
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Task
from consumer.worker.batches import DecidedBatch, task_of
from tests.support.dead_letters import stored
from tests.support.outcomes import REJECTED, TIMEOUT
from tests.support.records import EVENTS, JANE, record

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MONOTONIC = 5000.0  # the same moment on the worker's clock
VALUE = b'{"traits":{"email":"Jane.Doe@example.com"}}\xff'
TRACKER = OffsetTracker(EVENTS, 0, 0)


def bad(
    reason: DeadLetterReason = DeadLetterReason.REJECTED,
    headers: Headers | None = None,
    answers: tuple[Outcome, ...] = (REJECTED,),
    detail: str = "",
) -> Task:
    """A record that was given up, after these answers, a minute apart; the last came just now."""
    task = Task(record(17, key=b"jane", value=VALUE, headers=headers), TRACKER, (JANE,), reason=reason, detail=detail)
    for back, answer in zip(range(len(answers) - 1, -1, -1), answers, strict=True):
        end = MONOTONIC - 60 * back
        task.attempts.add(answer, started_at=end - 2.5, now=end)
    return task


def message_of(task: Task, left_out: Parts = NOTHING) -> DeadLetterMessage:
    return dead_letter(task, "the-group", left_out, NOW, MONOTONIC)


def texts(task: Task, left_out: Parts = NOTHING) -> dict[str, str]:
    """The letter's headers; none may be there twice."""
    headers = message_of(task, left_out).headers
    found = {name: (value or b"").decode() for name, value in headers}
    assert len(found) == len(headers)
    return found


def test_key_value_and_timestamp_are_the_records() -> None:
    task = bad()
    message = message_of(task)
    assert (message.key, message.value, message.timestamp_ms) == (b"jane", VALUE, task.record.timestamp_ms)


def test_headers_that_could_not_be_read_are_named_as_left_out() -> None:
    unread = Task(record(headers_left_out=True), TRACKER, reason=DeadLetterReason.UNDECODABLE)
    assert texts(unread)["clicksend.left.out"] == "headers"
    assert texts(unread, DIET[1])["clicksend.left.out"] == "details,headers"


def test_a_tombstone_and_a_missing_key_stay_what_they_are() -> None:
    message = message_of(Task(record(key=None, value=None), TRACKER, reason=DeadLetterReason.UNDECODABLE))
    assert (message.key, message.value) == (None, None)


def test_its_headers_describe_the_failure() -> None:
    assert texts(bad(answers=(TIMEOUT, REJECTED))) == {
        "__connect.errors.topic": "events",
        "__connect.errors.partition": "0",
        "__connect.errors.offset": "17",
        "__connect.errors.stage": "TASK_PUT",
        "__connect.errors.exception.class.name": "clicksend.rejected",
        "__connect.errors.exception.message": "HTTP 400 BAD_REQUEST",
        "clicksend.reason": "rejected",
        "clicksend.group": "the-group",
        "clicksend.worker.version": __version__,
        "clicksend.attempts": "2",
        "clicksend.http.status": "400",
        "clicksend.vendor.code": "BAD_REQUEST",
        "clicksend.first.attempt": "2026-01-02T03:03:02.500Z",
        "clicksend.last.attempt": "2026-01-02T03:04:05.000Z",
        "clicksend.redrive.count": "0",
    }


@pytest.mark.parametrize(
    ("reason", "stage"),
    [
        (DeadLetterReason.UNDECODABLE, "VALUE_CONVERTER"),
        (DeadLetterReason.UNMAPPABLE, "TRANSFORMATION"),
        (DeadLetterReason.REJECTED, "TASK_PUT"),
        (DeadLetterReason.RETRIES_EXHAUSTED, "TASK_PUT"),
        (DeadLetterReason.CONFIGURATION_FAULT, "TASK_PUT"),
    ],
)
def test_the_stage_is_kafka_connects(reason: DeadLetterReason, stage: str) -> None:
    found = texts(bad(reason))
    assert (found["__connect.errors.stage"], found["clicksend.reason"]) == (stage, reason)


def test_a_record_that_was_never_sent_has_no_answer_to_report() -> None:
    found = texts(bad(DeadLetterReason.UNMAPPABLE, answers=(), detail="phone_number is a digest"))
    assert found["__connect.errors.exception.message"] == "phone_number is a digest"
    assert found["clicksend.attempts"] == "0"
    assert not found.keys() & {"clicksend.http.status", "clicksend.vendor.code", "clicksend.first.attempt"}


def test_where_no_answer_came_there_is_neither_status_nor_code() -> None:
    found = texts(bad(DeadLetterReason.RETRIES_EXHAUSTED, answers=(TIMEOUT,)))
    assert found["__connect.errors.exception.message"] == "no answer"
    assert not found.keys() & {"clicksend.http.status", "clicksend.vendor.code"}
    assert found["clicksend.last.attempt"] == "2026-01-02T03:04:05.000Z"


def test_other_headers_are_untouched_and_come_first() -> None:
    headers: Headers = [("trace", b"\x00\xff"), ("trace", b"again"), ("empty", None)]
    assert message_of(bad(headers=headers)).headers[:3] == headers


def test_headers_of_an_earlier_round_are_replaced() -> None:
    earlier: Headers = [*message_of(bad(DeadLetterReason.RETRIES_EXHAUSTED)).headers, ("clicksend.pointer", b"true")]
    assert texts(bad(headers=earlier)) == texts(bad())


PLACE = ("clicksend.redrive.from", b"events.dead-letter-0@17")


@pytest.mark.parametrize(
    ("headers", "count"),
    [
        pytest.param([("clicksend.redrive.count", b"3"), PLACE], "3", id="written-by-a-redrive"),
        pytest.param([("clicksend.redrive.count", b"3")], "0", id="a-producers-own"),
        pytest.param([("clicksend.redrive.count", b"9" * 30), PLACE], "0", id="beyond-counting"),
        pytest.param([("clicksend.redrive.count", None), PLACE], "0", id="null"),
        pytest.param([PLACE], "0", id="without-a-count"),
    ],
)
def test_how_often_it_was_redriven_is_kept_where_a_redrive_has_written_it(headers: Headers, count: str) -> None:
    assert texts(bad(headers=headers))["clicksend.redrive.count"] == count


def test_a_value_too_large_for_the_topic_is_pointed_to() -> None:
    message = message_of(bad(), frozenset({Part.VALUE}))
    assert message.key == b"jane"
    assert orjson.loads(message.value or b"") == {
        "topic": "events",
        "partition": 0,
        "offset": 17,
        "size": len(VALUE),
        "sha256": hashlib.sha256(VALUE).hexdigest(),
    }
    assert texts(bad(), frozenset({Part.VALUE}))["clicksend.pointer"] == "true"


def test_where_it_is_too_large_ever_more_is_left_out_the_coordinates_never() -> None:
    """A record with everything: headers of its own, a key, an answer of ClickSend's."""
    task = bad(headers=[("trace", b"7")])
    steps, left_out = [message_of(task)], smaller(NOTHING)
    while left_out is not None:
        steps.append(message_of(task, left_out))
        left_out = smaller(left_out)
    names = [{name for name, _ in each.headers} for each in steps]
    assert all(
        {"__connect.errors.topic", "__connect.errors.partition", "__connect.errors.offset"} <= each for each in names
    )
    assert all({"clicksend.reason", "clicksend.group", "clicksend.redrive.count"} <= each for each in names)
    assert ["clicksend.http.status" in each for each in names] == [True, False, False, True, False]
    assert ["trace" in each for each in names] == [True, True, False, False, False]
    assert [each.value == VALUE for each in steps] == [True, True, True, False, False]
    assert ["clicksend.pointer" in each for each in names] == [False, False, False, True, True]
    assert [each.key for each in steps] == [b"jane"] * 4 + [None]


@pytest.mark.parametrize("left_out", DIET)
def test_it_lists_the_omitted_parts(left_out: Parts) -> None:
    left_out_header = texts(bad(), left_out).get("clicksend.left.out", "")
    assert set(filter(None, left_out_header.split(","))) == left_out


def test_a_timestamp_that_the_broker_refuses_is_kept_in_a_header() -> None:
    task = bad()
    untimed = message_of(task, frozenset({Part.TIMESTAMP}))
    assert untimed.timestamp_ms == 0
    assert ("clicksend.timestamp", str(task.record.timestamp_ms).encode()) in untimed.headers


def test_a_dead_letter_that_leaves_out_the_timestamp_is_redriven_without_it() -> None:
    left_out: Parts | None = frozenset({Part.TIMESTAMP})
    while left_out is not None:
        assert Part.TIMESTAMP in left_out
        left_out = smaller(left_out)


def test_a_count_of_redrives_that_is_no_text_does_no_harm() -> None:
    assert message_of(bad(headers=[("clicksend.redrive.count", b"\xff")])).headers


def test_no_personal_data_is_in_a_header() -> None:
    headers = message_of(bad(answers=(TIMEOUT, REJECTED))).headers
    assert not any(b"jane" in (value or b"").lower() for _, value in headers)


def batch_task(left_out: Parts = NOTHING) -> dict[str, str]:
    """Of a record with twelve events, the second and the last failed."""
    decided = DecidedBatch(12, {1: Enrolled("Signed Up", (JANE,), b"{}", (), {})})
    decided.failed[11] = Undeliverable(DeadLetterReason.UNMAPPABLE, "phone_number unusable")
    task = task_of(record(17, value=VALUE), TRACKER, decided)
    assert task.batch is not None
    (event,) = task.batch.tasks
    event.attempts.add(REJECTED, started_at=MONOTONIC - 1, now=MONOTONIC)
    task.batch.settle(event, DeadLetterReason.REJECTED)
    task.batch.note_failures()
    return texts(task, left_out)


@pytest.mark.parametrize("left_out", DIET)
def test_a_record_with_several_events_lists_those_that_failed_whatever_is_left_out(left_out: Parts) -> None:
    found = batch_task(left_out)
    assert (found["clicksend.batch.size"], found["clicksend.batch.failed"]) == ("12", "1,11")
    assert found["clicksend.reason"] == "rejected", "of the first one"
    message = found["__connect.errors.exception.message"]
    assert message == "2 of 12 events failed; event 1: HTTP 400 BAD_REQUEST"


def test_a_redrive_names_the_events_to_deliver() -> None:
    headers: Headers = [("own", b"1"), ("clicksend.redrive.events", b"7")]
    found = redriven(stored(), headers, (3, 1))
    assert dict(found)["clicksend.redrive.events"] == b"1,3"
    assert [name for name, _ in found].count("clicksend.redrive.events") == 1
    assert redriven_events(found) == (1, 3)
    assert redriven_events(headers) == (), "a producer's own"
