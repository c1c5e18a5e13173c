"""Records that hold several events, from the topic to ClickSend and by way of a dead letter, on a real Kafka."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from consumer.sandbox.faults import Rule
from tests.integration.redrive_stage import RECORD_MS, RedriveStage
from tests.support.events import Event, page_view

pytestmark = pytest.mark.kafka
JANE, JOE, ANN, ZOE, BOB = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann", "zoe", "bob"))
REFUSED = Rule(contact=(JOE, BOB), status=400)
UNMAPPABLE: Event = {"type": "identify", "traits": {"phone": "call me"}}


def sign_up(email: str, name: str = "Jane") -> Event:
    return {"type": "identify", "traits": {"email": email, "firstName": name}}


def write_batches(redrive: RedriveStage) -> None:
    """Write one record of each form: an array, the object of Segment's API, and JSON lines."""
    array = [sign_up(JANE), page_view(), sign_up(JOE), UNMAPPABLE]
    envelope = {"batch": [sign_up(ANN)], "context": {"library": {"name": "node"}}}
    lines = [orjson.dumps(sign_up(ZOE)), b"{broken", orjson.dumps(sign_up(BOB))]
    for value in (orjson.dumps(array), orjson.dumps(envelope), b"\n".join(lines)):
        redrive.stage.produce_raw(value, partition=1, timestamp=RECORD_MS, headers=[("trace", b"7")])


def delivered(redrive: RedriveStage) -> list[str]:
    return sorted(each["email"] for each in redrive.stage.payloads())


def work(redrive: RedriveStage, records: int) -> None:
    """Run a worker until so many records are settled and committed."""
    stage = redrive.stage
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == records)
        assert worker.stop() == 0
    assert stage.lag() == 0


def results(redrive: RedriveStage, *arguments: str) -> dict[str, int]:
    rows = redrive.lines("dead-letters", "redrive", *arguments)
    return {row["outcome"]: row["dead_letters"] for row in rows}


def failed_events(redrive: RedriveStage) -> list[tuple[Any, ...]]:
    """By dead letter: reason, size of the record, indexes of the events that failed, and earlier redrives."""
    names = ("clicksend.reason", "clicksend.batch.size", "clicksend.batch.failed", "clicksend.redrive.count")
    headers = [redrive.stage.headers(each) for each in redrive.stage.dead_letters()]
    return sorted(tuple(each.get(name) for name in names) for each in headers)


def test_each_event_is_delivered_and_those_that_fail_share_one_dead_letter_which_a_redrive_delivers(
    redrive: RedriveStage,
) -> None:
    stage = redrive.stage
    stage.faults(REFUSED)
    write_batches(redrive)
    work(redrive, records=3)
    assert delivered(redrive) == [ANN, JANE, ZOE]
    first = [("rejected", "4", "2,3", "0"), ("undecodable", "3", "1,2", "0")]
    assert failed_events(redrive) == first
    assert [(each.value(), each.timestamp()[1]) for each in stage.dead_letters()] == [
        (each.value(), RECORD_MS) for each in stage.read(stage.topic) if b"batch" not in (each.value() or b"")
    ], "each dead letter is its record, whole"

    stage.faults()
    assert results(redrive, "--to", "deliver", "--execute") == {"dead_lettered_again": 2}
    assert delivered(redrive) == [ANN, BOB, JANE, JOE, ZOE]
    again = [("undecodable", "3", "1", "1"), ("unmappable", "4", "3", "1")]
    assert failed_events(redrive) == sorted([*first, *again])

    assert results(redrive, "--to", "source", "--execute", "--reason", "rejected") == {"redriven": 1}
    work(redrive, records=1)
    assert delivered(redrive) == [ANN, BOB, JANE, JOE, JOE, ZOE]
    assert failed_events(redrive) == sorted([*first, *again, ("unmappable", "4", "3", "1")])


def test_the_staleness_guard_leaves_out_events_and_no_others_of_their_record(redrive: RedriveStage) -> None:
    batch = [sign_up(JANE), sign_up(JOE), sign_up(JANE, "Janet"), sign_up(ANN)]
    redrive.stage.produce_raw(orjson.dumps(batch), partition=0, timestamp=RECORD_MS)
    redrive.record(ANN, partition=2, timestamp_ms=RECORD_MS + 1, name="Anna")
    arguments = ("replay", "--topic", f"{redrive.stage.topic}:0", "--from-earliest")
    (row,) = redrive.lines(*arguments)
    assert (row["disposition"], row["records"]) == ("delivered", 1)
    stored = sorted((each["email"], each["first_name"]) for each in redrive.stage.payloads())
    assert stored == [(JANE, "Jane"), (JANE, "Janet"), (JOE, "Jane")]
