"""The debugger's entry of a record, step by step, without personal data."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.delivery.outcome_policy import AwaitProbe, DeadLetter, Retry, Settle
from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason
from consumer.monitoring.debugger.entry import ATTEMPTS_KEPT, Next, Standing
from consumer.monitoring.debugger.recorder import LARGE, MOST_LARGE, UNWATCHED, WATCHED, WATCHED_SECONDS
from consumer.monitoring.debugger.sightings import MOST_CHANGES, STRIDE
from consumer.monitoring.debugger.site import as_json
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Task
from tests.monitoring.debugger.builders import EPOCH, JANES, RecorderHarness
from tests.support.growth import MOST_GROWTH, PATTERNS, growth, repeated
from tests.support.records import EVENTS, MORE_EVENTS, record

TAKEN = Outcome(Result.DELIVERED, status=200, code="SUCCESS")
DOWN = Outcome(Result.TRANSIENT, status=503, code="SERVICE_UNAVAILABLE", cause=Cause.UNAVAILABLE)
REFUSED = Outcome(Result.REJECTED, status=400, code="BAD_REQUEST")
FORBIDDEN = Outcome(Result.SUSPICIOUS, status=403)
ACCEPTED = Settle(DeliveredReason.ACCEPTED)


@pytest.fixture
def harness() -> RecorderHarness:
    return RecorderHarness()


def test_a_mapped_record_is_in_progress_with_its_contact_masked_and_where_it_was_found(
    harness: RecorderHarness,
) -> None:
    harness.arrives(JANES)
    found = harness.entry()
    assert (found.standing, found.event, found.who) == (Standing.IN_PROGRESS, "Signed Up", "j***@example.com")
    assert found.contact == {
        "email": "j***@example.com",
        "phone_number": "+1415***0132",
        "first_name": "J***",
        "last_name": "D***",
        "organization_name": "A***",
        "address_city": "S***",
        "address_postal_code": "9***",
        "address_country": "U***",
        "custom_1": "marketing_opt_in",
    }
    assert found.origins["address_city"] == "/traits/address/city"
    assert found.origins["custom_1"] == "/context/consent/canonical/marketing"
    assert (found.written_at, found.consumed_at) == (EPOCH, EPOCH + 1000)


def test_notes_of_the_mapper_are_kept(harness: RecorderHarness) -> None:
    harness.arrives({"type": "identify", "traits": {"email": "jane@example.com", "phone": "call me maybe"}})
    assert harness.entry().notes == ("phone_number unusable",)


def test_a_delivery_ends_it_with_its_attempt(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.now += 0.5
    harness.recorder.answered(task, TAKEN, ACCEPTED, 0.2)
    found = harness.entry()
    assert (found.standing, found.reason) == (Standing.DELIVERED, DeliveredReason.ACCEPTED)
    assert found.ended_at == EPOCH + 1000.5
    (attempt,) = found.attempts
    assert (attempt.number, attempt.status, attempt.code, attempt.then) == (1, 200, "SUCCESS", Next.SETTLED)
    assert attempt.started_at == pytest.approx(EPOCH + 1000.3)


def test_a_retry_shows_when_it_is_due(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.answered(task, DOWN, Retry(harness.now + 7), 0.1)
    (attempt,) = harness.entry().attempts
    assert (attempt.then, attempt.cause, attempt.retry_at) == (Next.RETRY, Cause.UNAVAILABLE, EPOCH + 1007)
    assert harness.entry().standing is Standing.IN_PROGRESS


def test_a_retry_that_waits_for_the_gate_alone_has_no_time(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.answered(task, DOWN, Retry(harness.now), 0.1)
    assert harness.entry().attempts[0].retry_at is None


def test_a_suspicious_answer_waits_for_a_probe(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.answered(task, FORBIDDEN, AwaitProbe(), 0.1)
    assert harness.entry().attempts[0].then is Next.PROBE


def test_a_rejected_record_is_dead_lettered_when_its_write_is_acknowledged(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.answered(task, REFUSED, DeadLetter(DeadLetterReason.REJECTED), 0.1)
    assert harness.entry().standing is Standing.IN_PROGRESS
    task.reason = DeadLetterReason.REJECTED
    harness.recorder.dead_letter_failed(task, "_MSG_TIMED_OUT")
    assert harness.entry().trouble == "_MSG_TIMED_OUT"
    harness.recorder.dead_letter_written(task)
    found = harness.entry()
    assert (found.standing, found.reason, found.trouble) == (Standing.DEAD_LETTERED, DeadLetterReason.REJECTED, "")


def test_an_unmappable_record_shows_the_cause(harness: RecorderHarness) -> None:
    task = harness.arrives({"type": "identify", "traits": {"phone": "12"}})
    harness.recorder.dead_letter_written(task)
    found = harness.entry()
    assert (found.reason, found.detail) == (DeadLetterReason.UNMAPPABLE, "phone_number unusable")
    assert (found.event, found.who, found.contact) == ("identify", "", {})


def test_a_record_with_several_events_shows_their_numbers(harness: RecorderHarness) -> None:
    task = harness.batch_arrives(JANES, JANES)
    found = harness.entry()
    assert (found.standing, found.event, found.who) == (Standing.IN_PROGRESS, "3 events: 1 filtered, 2 in progress", "")
    assert task.batch is not None
    first, second = task.deliveries
    harness.recorder.answered(first, DOWN, Retry(harness.now + 5), 0.25)
    assert [each.then for each in harness.entry().attempts] == [Next.RETRY]
    for event in (first, second):
        task.batch.settle(event, DeliveredReason.ACCEPTED)
        harness.recorder.answered(event, TAKEN, ACCEPTED, 0.25)
    harness.recorder.batch_settled(task)
    found = harness.entry()
    assert (found.standing, found.reason) == (Standing.DELIVERED, DeliveredReason.ACCEPTED)
    assert found.event == "3 events: 2 delivered, 1 filtered"


def test_of_a_record_with_several_events_the_dead_letter_shows_their_numbers(harness: RecorderHarness) -> None:
    task = harness.batch_arrives(JANES, JANES)
    assert task.batch is not None
    first, second = task.deliveries
    task.batch.settle(first, DeliveredReason.ACCEPTED)
    task.batch.settle(second, DeadLetterReason.REJECTED)
    task.batch.note_failures()
    harness.recorder.dead_letter_written(task)
    found = harness.entry()
    assert (found.standing, found.reason) == (Standing.DEAD_LETTERED, DeadLetterReason.REJECTED)
    assert found.event == "3 events: 1 delivered, 1 filtered, 1 dead-lettered"


def test_a_duplicate_is_filtered_after_it_was_mapped(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.filtered(task.record, FilterReason.DUPLICATE)
    found = harness.entry()
    assert (found.standing, found.reason, found.who) == (
        Standing.FILTERED,
        FilterReason.DUPLICATE,
        "j***@example.com",
    )


def test_a_filtered_event_keeps_its_name_so_that_a_misspelt_one_is_found(harness: RecorderHarness) -> None:
    harness.recorder.filtered(record(value=b'{"type": "track", "event": "Sign Up"}'), FilterReason.NOT_ENROLMENT)
    assert (harness.entry().event, harness.entry().reason) == ("Sign Up", FilterReason.NOT_ENROLMENT)


@pytest.mark.parametrize("value", [None, b"", b"oops", b"[1]", b'{"event": 7}'])
def test_a_record_that_has_no_name_is_shown_without_one(harness: RecorderHarness, value: bytes | None) -> None:
    harness.recorder.filtered(record(value=value), FilterReason.TOMBSTONE)
    assert harness.entry().event == ""


def test_what_leaves_with_its_partition_is_released(harness: RecorderHarness) -> None:
    harness.arrives(JANES, 0)
    harness.recorder.answered(harness.arrives(JANES, 1), TAKEN, ACCEPTED, 0.1)
    harness.recorder.released([MORE_EVENTS], ReleaseReason.REVOKED)
    assert harness.entry(0).standing is Standing.IN_PROGRESS
    harness.recorder.released([EVENTS], ReleaseReason.REVOKED)
    assert (harness.entry(0).standing, harness.entry(0).reason) == (Standing.RELEASED, ReleaseReason.REVOKED)
    assert harness.entry(1).standing is Standing.DELIVERED


def test_a_late_response_is_recorded_and_changes_nothing_else(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.released([EVENTS], ReleaseReason.LOST)
    harness.recorder.answered(task, TAKEN, None, 0.1)
    assert harness.entry().standing is Standing.RELEASED
    assert harness.entry().attempts[0].then is Next.NOTHING


def test_a_record_of_a_topic_that_was_created_again_is_another_one(harness: RecorderHarness) -> None:
    harness.arrives(JANES)
    harness.recorder.released([EVENTS], ReleaseReason.REWOUND)
    assert harness.entry().reason is ReleaseReason.REWOUND
    joe = harness.arrives({"type": "identify", "traits": {"email": "joe@example.com"}})
    for offset in range(1, UNWATCHED.ordinary + 1):
        harness.arrives(JANES, offset)  # so joe's beginning is passed over
    harness.recorder.answered(joe, DOWN, Retry(harness.now + 1), 0.1)
    assert (harness.entry().who, len(harness.entry().attempts)) == ("j***@example.com", 1)
    assert harness.entry().contact == {"email": "j***@example.com", "custom_1": "marketing_unknown"}


def test_a_record_that_is_consumed_again_has_a_new_entry(harness: RecorderHarness) -> None:
    harness.recorder.answered(harness.arrives(JANES), TAKEN, ACCEPTED, 0.1)
    harness.arrives(JANES)
    assert (harness.entry().standing, harness.entry().attempts) == (Standing.IN_PROGRESS, ())


def test_the_last_attempts_are_kept_and_all_are_numbered(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    for _ in range(ATTEMPTS_KEPT + 30):
        harness.recorder.answered(task, DOWN, Retry(harness.now + 1), 0.1)
    numbers = [attempt.number for attempt in harness.entry().attempts]
    assert numbers == list(range(31, ATTEMPTS_KEPT + 31))


def test_of_many_records_at_once_the_newest_of_each_disposition_are_remembered(harness: RecorderHarness) -> None:
    unmappable = {"type": "identify", "traits": {"phone": "12"}}
    for offset in range(30):
        harness.recorder.dead_letter_written(harness.arrives(unmappable, offset))
    for offset in range(30, 5030):
        harness.recorder.filtered(record(offset), FilterReason.NOT_ENROLMENT)
    for offset in range(5030, 5230):
        harness.recorder.answered(harness.arrives(JANES, offset), TAKEN, ACCEPTED, 0.1)
    assert harness.offsets(Standing.DEAD_LETTERED) == list(range(30))
    assert harness.offsets(Standing.FILTERED) == list(range(5030 - UNWATCHED.filtered, 5030))
    added = range(5029 + UNWATCHED.ordinary + STRIDE, 5230, STRIDE)  # after the first ones, which they replace
    assert harness.offsets(Standing.DELIVERED) == list(added[-UNWATCHED.ordinary :])


def test_a_flood_of_one_reason_leaves_the_other_filtered_ones_alone(harness: RecorderHarness) -> None:
    harness.recorder.filtered(record(0), FilterReason.NO_IDENTITY)
    for offset in range(1, 100):
        harness.recorder.filtered(record(offset), FilterReason.NOT_ENROLMENT)
    assert harness.offsets(Standing.FILTERED)[0] == 0


def test_what_is_seen_is_remembered_a_second_later_without_anybody_looking(harness: RecorderHarness) -> None:
    harness.recorder.tick()
    harness.arrives(JANES)
    harness.now += 0.5
    harness.recorder.tick()
    assert len(harness.ring) == 0
    harness.now += 0.5
    harness.recorder.tick()
    assert len(harness.ring) == 1


def test_nothing_is_lost_between_a_look_and_the_answer_after_it(harness: RecorderHarness) -> None:
    task = harness.arrives(JANES)
    harness.recorder.answered(task, DOWN, Retry(harness.now + 1), 0.1)
    assert [attempt.number for attempt in harness.entry().attempts] == [1]
    harness.recorder.answered(task, TAKEN, ACCEPTED, 0.1)
    assert [attempt.number for attempt in harness.entry().attempts] == [1, 2]
    assert harness.entry().standing is Standing.DELIVERED


def test_looks_of_another_thread_lose_no_answer(harness: RecorderHarness) -> None:
    done = Event()

    def look() -> None:
        while not done.is_set():
            harness.recorder.look()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        for offset in range(2000):
            if offset == 1999:
                harness.recorder.look()  # of the first ones after a look, none is passed over
            harness.recorder.answered(harness.arrives(JANES, offset), TAKEN, ACCEPTED, 0.1)
        done.set()
        looking.result()
    assert harness.offsets(Standing.IN_PROGRESS) == []
    assert 1999 in harness.offsets(Standing.DELIVERED)


def test_trouble_is_recorded_also_where_the_beginning_was_not(harness: RecorderHarness) -> None:
    late, dead_letter_written = harness.arrives(JANES, 1000), harness.arrives(JANES, 1001)
    for offset in range(STRIDE * UNWATCHED.ordinary):
        harness.arrives(JANES, offset)
    harness.recorder.look()
    assert harness.ring.get((EVENTS, 1000)) is None
    harness.recorder.answered(late, DOWN, Retry(harness.now + 1), 0.1)
    assert (harness.entry(1000).who, len(harness.entry(1000).attempts)) == ("j***@example.com", 1)
    harness.recorder.answered(late, TAKEN, ACCEPTED, 0.1)
    assert harness.entry(1000).standing is Standing.DELIVERED
    harness.recorder.dead_letter_written(dead_letter_written)
    assert harness.entry(1001).standing is Standing.DEAD_LETTERED


def test_while_the_page_is_open_more_is_recorded(harness: RecorderHarness) -> None:
    harness.recorder.watched()
    for offset in range(UNWATCHED.ordinary * 2):
        harness.arrives(JANES, offset)
    assert len(harness.offsets(Standing.IN_PROGRESS)) == UNWATCHED.ordinary * 2
    harness.now += WATCHED_SECONDS
    harness.recorder.tick()
    for offset in range(1000, 1000 + UNWATCHED.ordinary * 2):
        harness.arrives(JANES, offset)
    assert len(harness.offsets(Standing.IN_PROGRESS)) == UNWATCHED.ordinary * 3


def test_of_the_filtered_records_of_a_batch_it_wants_the_last_few(harness: RecorderHarness) -> None:
    assert harness.recorder.filtered_wanted() == UNWATCHED.polled
    harness.recorder.watched()
    assert harness.recorder.filtered_wanted() == WATCHED.polled


def test_what_is_held_until_the_next_look_is_bounded(harness: RecorderHarness) -> None:
    for offset in range(9):
        harness.recorder.filtered(record(offset, value=bytes(LARGE + 1)), FilterReason.NOT_ENROLMENT)
    assert harness.offsets(Standing.FILTERED) == list(range(9 - MOST_LARGE, 9))
    for offset in range(20, 29):
        harness.arrives({**JANES, "padding": "x" * LARGE}, offset)
    assert harness.offsets(Standing.IN_PROGRESS) == list(range(29 - MOST_LARGE, 29))
    task = harness.arrives(JANES)
    for _ in range(MOST_CHANGES + 5):
        harness.recorder.answered(task, DOWN, Retry(harness.now + 1), 0.1)
    assert harness.entry().attempts[-1].number == MOST_CHANGES


def mapped(harness: RecorderHarness, field: str) -> Callable[[str], object]:
    """A record is mapped that has the text in this field."""

    def step(text: str) -> None:
        contact, event, detail = (text if field == name else "" for name in ("contact", "event", "detail"))
        payload = orjson.dumps({field: text})
        task = Task(record(), harness.engine.tracker, (contact,), payload, event, detail=detail)
        harness.recorder.mapped(task, Undeliverable(DeadLetterReason.UNMAPPABLE, detail))

    return step


def filtered(harness: RecorderHarness, field: str) -> Callable[[str], object]:
    """A record is filtered that has the text in this field."""

    def step(text: str) -> None:
        value = json.dumps({field: text}).encode() if field else text.encode("utf-8", "surrogatepass")
        harness.recorder.filtered(record(value=value), FilterReason.NOT_ENROLMENT)

    return step


STEPS: dict[str, Callable[[RecorderHarness], Callable[[str], object]]] = {
    **{name: partial(mapped, field=name) for name in ("contact", "event", "detail", "email", "first_name", "custom_1")},
    "event that is filtered": partial(filtered, field="event"),
    "type that is filtered": partial(filtered, field="type"),
    "bytes that are no JSON": partial(filtered, field=""),
    "failure": lambda harness: partial(harness.recorder.dead_letter_failed, harness.arrives(JANES)),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("pattern", [each for each in PATTERNS if each != "\ud800"])
def test_a_long_text_costs_no_more_than_its_length(
    harness: RecorderHarness, step: Callable[[RecorderHarness], Callable[[str], object]], pattern: str
) -> None:
    seen = step(harness)

    def prepared(size: int) -> None:
        seen(repeated(pattern, size))

    assert growth(lambda _: harness.recorder.look(), prepared) <= MOST_GROWTH
    assert len(orjson.dumps(as_json(harness.entry()))) < 3000


letters = st.text("abcdefghijklmnopqrstuvwxyzÀéß", min_size=6, max_size=14)
persons = st.fixed_dictionaries(
    {
        "email": letters.map(lambda name: f"qx{name}@mail.example.org"),
        "phone": st.integers(1000, 9999).map(lambda number: f"+4479463{number}7"),
        "first_name": letters.map(lambda name: f"Qy{name}"),
        "last_name": letters.map(lambda name: f"Qz{name}"),
        "company": letters.map(lambda name: f"Qc{name}"),
        "city": letters.map(lambda name: f"Qt{name}"),
        "zip": st.integers(100_000, 999_999).map(str),
    }
)


@given(persons, st.sampled_from(["enrols", "is rejected", "is filtered", "names itself so"]))
def test_no_full_identity_and_no_key_is_ever_in_what_is_shown(person: dict[str, str], end: str) -> None:
    harness = RecorderHarness()
    if end == "is filtered":
        value = orjson.dumps({"type": "page", "traits": person})
        harness.recorder.filtered(record(value=value, key=b"visitor-7"), FilterReason.NOT_ENROLMENT)
    elif end == "names itself so":
        name = f"Mail to {person['email']} or {person['phone']}"
        value = orjson.dumps({"type": "track", "event": name})
        harness.recorder.filtered(record(value=value, key=b"visitor-7"), FilterReason.NOT_ENROLMENT)
    else:
        task = harness.arrives({"type": "identify", "traits": person}, key=b"visitor-7")
        harness.recorder.answered(task, DOWN, Retry(harness.now + 1), 0.1)
        if end == "is rejected":
            harness.recorder.dead_letter_written(task)
        else:
            harness.recorder.answered(task, TAKEN, ACCEPTED, 0.1)
    shown = orjson.dumps(as_json(harness.entry())).decode()
    given_values = [value for name, value in person.items() if name != "email"]
    for text in [*given_values, person["email"], person["email"].partition("@")[0]]:
        assert text.lower() not in shown.lower()
    assert "visitor-7" not in shown
    assert "t-1" not in shown
