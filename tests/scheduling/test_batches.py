"""Records with several events: each event is delivered on its own, and the record is settled with the last."""

from __future__ import annotations

from collections import Counter

import pytest

from consumer.clicksend.outcome import Outcome
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.scheduling.back_pressure import Caps, pressure
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import decode
from consumer.scheduling.task import Stage, Task
from consumer.scheduling.work import Duplicate, PolledRecords
from consumer.worker.batches import DecidedBatch, task_of
from tests.support.engine import Engine
from tests.support.outcomes import ALREADY_EXISTS, DELIVERED, DOWN, FINE, REJECTED, SUSPICIOUS
from tests.support.records import ANN, EVENTS, JANE, JOE, record

UNMAPPABLE = Undeliverable(DeadLetterReason.UNMAPPABLE, "phone_number unusable", is_event=True)


def contact(*identities: str) -> Enrolled:
    return Enrolled("Signed Up", identities, b"{}", (), {})


class Batches(Engine):
    """An engine whose records may hold several events."""

    def admit_batch(self, offset: int, *events: str | Undeliverable | FilterReason) -> Task:
        """Admit one record: contacts by their identity, and events that are none."""
        decided = DecidedBatch(len(events))
        for index, event in enumerate(events):
            if isinstance(event, Undeliverable):
                decided.failed[index] = event
            elif isinstance(event, FilterReason):
                decided.filtered[event] += 1
            else:
                decided.enrolled[index] = contact(event)
        task = task_of(record(offset, value=b"[]"), self.tracker, decided)
        self.tracker.highest_seen = offset
        self.scheduler.admit(PolledRecords(consumed=1, tasks=[task]))
        return task

    def in_progress(self) -> int:
        return self.scheduler.snapshot().in_progress

    def stage(self) -> dict[Stage, int]:
        return {stage: number for stage, number in self.scheduler.snapshot().stages.items() if number}


def test_a_record_is_settled_with_the_last_of_its_events() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, FilterReason.NOT_ENROLMENT, JOE)
    engine.admit(1, ANN)
    assert engine.deliver_and_answer(DELIVERED).contact == JANE
    assert engine.committable_offset() == 0
    assert engine.settled() == {}
    assert engine.deliver_and_answer(DELIVERED).contact == JOE
    assert engine.settled() == {"delivered accepted": 1}
    assert engine.committable_offset() == 1


def test_it_counts_once_and_is_at_the_stage_of_its_first_open_event() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    assert engine.stage() == {Stage.READY: 1}
    sent = engine.deliver()
    assert engine.stage() == {Stage.IN_FLIGHT: 1}
    engine.answer(sent, DELIVERED)
    assert engine.stage() == {Stage.READY: 1}
    engine.deliver_and_answer(DELIVERED)
    assert engine.stage() == {}
    assert engine.scheduler.snapshot().counts.consumed == 1


@pytest.mark.parametrize("first", ["batch", "record"])
def test_the_events_of_a_contact_stay_in_order_within_records_and_across(first: str) -> None:
    engine = Batches()
    if first == "record":
        engine.admit(0, JANE)
    engine.admit_batch(1, JANE, JOE, JANE)
    engine.admit(2, JANE)
    order = []
    while engine.in_progress():
        sent = engine.deliver()
        order.append((sent.contact, sent.record.offset, sent.index))
        engine.answer(sent, DELIVERED)
    janes = [place for who, *place in order if who == JANE]
    assert janes == sorted(janes)
    assert len(order) == 4 + (first == "record")


def test_all_that_failed_is_in_one_dead_letter_which_settles_the_record() -> None:
    engine = Batches()
    task = engine.admit_batch(0, JANE, UNMAPPABLE, JOE, FilterReason.NO_IDENTITY, ANN)
    engine.deliver_and_answer(DELIVERED)
    engine.deliver_and_answer(REJECTED)
    engine.deliver_and_answer(DELIVERED)
    assert engine.committable_offset() == 0
    assert engine.stage() == {Stage.DEAD_LETTER_IN_FLIGHT: 1}
    assert engine.scheduler.in_flight([EVENTS]) == 1, "a revoke waits for it"
    assert engine.dead_letter_work() is task
    assert task.batch is not None
    assert (sorted(task.batch.failed), task.reason) == ([1, 2], DeadLetterReason.UNMAPPABLE)
    assert task.detail == "2 of 5 events failed; event 1: phone_number unusable"
    assert engine.scheduler.dead_letter_written(task)
    assert engine.settled() == {"dead_lettered unmappable": 1}
    assert engine.committable_offset() == 1
    assert engine.scheduler.in_flight([EVENTS]) == 0


@pytest.mark.parametrize("outcome", [DELIVERED, REJECTED])
def test_later_records_of_its_contacts_wait_until_the_record_is_settled(outcome: Outcome) -> None:
    """The record may be delivered again as a whole: what Jane's later record has changed must not be undone by that."""
    engine = Batches()
    task = engine.admit_batch(0, JANE, JOE)
    engine.admit(1, JANE)
    engine.admit(2, ANN)
    assert engine.deliver_and_answer(outcome).contact == JANE
    sent = [engine.deliver(), engine.deliver()]
    assert [each.contact for each in sent] == [JOE, ANN]
    engine.idle()
    engine.answer(sent[0], DELIVERED)
    if outcome is REJECTED:
        assert engine.dead_letter_work() is task
        engine.idle()
        engine.scheduler.dead_letter_written(task)
    assert engine.deliver().contact == JANE


def test_later_records_of_a_contact_that_was_in_flight_at_a_revoke_are_not_blocked() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    engine.answer(sent, DOWN)
    engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    engine.assign(EVENTS)
    engine.tracker = engine.scheduler.trackers[EVENTS]
    engine.admit(1, JANE)
    assert engine.deliver_when_due().contact == JANE


def test_without_a_contact_the_dead_letter_is_due_at_once() -> None:
    engine = Batches()
    task = engine.admit_batch(0, FilterReason.NO_IDENTITY, UNMAPPABLE)
    assert engine.dead_letter_work() is task
    assert engine.tracker.events == 1
    engine.scheduler.dead_letter_written(task)
    assert (engine.settled(), engine.tracker.events) == ({"dead_lettered unmappable": 1}, 0)


def test_a_dead_letter_that_can_not_be_written_is_tried_again() -> None:
    engine = Batches()
    task = engine.admit_batch(0, JANE, JOE)
    engine.deliver_and_answer(REJECTED)
    engine.deliver_and_answer(REJECTED)
    assert engine.dead_letter_work() is task
    engine.scheduler.dead_letter_failed(task, engine.now)
    assert engine.dead_letter_work_when_due() is task
    engine.scheduler.dead_letter_written(task)
    assert engine.settled() == {"dead_lettered rejected": 1}


def test_a_retry_of_one_event_holds_the_record_and_nobody_else() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    engine.deliver_and_answer(DOWN)
    engine.deliver_and_answer(DELIVERED)
    assert engine.stage() == {Stage.RETRY_WAIT: 1}
    assert engine.deliver_when_due().contact == JANE


def test_an_older_consent_that_clicksend_may_have_kept_is_the_reason_of_the_record() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    engine.deliver_and_answer(ALREADY_EXISTS)
    engine.deliver_and_answer(DELIVERED)
    assert engine.settled() == {"delivered already_exists": 1}


def test_a_duplicate_among_the_events_needs_no_request() -> None:
    engine = Batches(deduplicate=10)
    engine.admit_batch(0, JANE)
    engine.deliver_and_answer(DELIVERED)
    (event,) = engine.admit_batch(1, JANE, FilterReason.NOT_ENROLMENT).deliveries
    assert engine.take() == Duplicate(event)
    assert engine.settled() == {"delivered accepted": 1, "filtered duplicate": 1}


def test_suspicious_answers_await_the_probe_event_by_event() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    sent = [engine.deliver(), engine.deliver()]
    engine.answer(sent[0], SUSPICIOUS)
    assert engine.stage() == {Stage.AWAITING_PROBE: 1}
    engine.answer(sent[1], DELIVERED)
    engine.probe(FINE)
    assert engine.stage() == {Stage.DEAD_LETTER_IN_FLIGHT: 1}
    assert engine.dead_letter_work().reason is DeadLetterReason.REJECTED


def test_a_revoke_drops_the_waiting_events_and_releases_the_record_whole() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE, JANE)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    engine.answer(sent, DELIVERED)
    assert engine.scheduler.in_flight([EVENTS]) == 0
    assert engine.committable_offset() == 0
    engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    assert engine.released() == {"revoked": 1}
    assert engine.settled() == {}
    engine.assign(EVENTS)
    engine.idle()
    engine.tracker = engine.scheduler.trackers[EVENTS]
    engine.admit_batch(0, JANE, JOE, JANE)
    assert engine.deliver().index == 0, "the lanes are free again"


@pytest.mark.parametrize("rejected", [False, True])
def test_events_in_flight_may_complete_a_record_that_is_being_revoked(*, rejected: bool) -> None:
    engine = Batches()
    task = engine.admit_batch(0, JANE, JOE)
    sent = [engine.deliver(), engine.deliver()]
    engine.scheduler.begin_revoke([EVENTS])
    engine.answer(sent[0], DELIVERED)
    engine.answer(sent[1], REJECTED if rejected else DELIVERED)
    if rejected:
        assert engine.dead_letter_work() is task
        assert engine.scheduler.in_flight([EVENTS]) == 1
        engine.scheduler.dead_letter_written(task)
    assert engine.scheduler.in_flight([EVENTS]) == 0
    assert engine.committable_offset() == 1


def test_answers_after_the_partition_is_gone_settle_nothing() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    sent = engine.deliver()
    engine.scheduler.detach([EVENTS], ReleaseReason.LOST)
    assert engine.answer(sent, REJECTED) is None
    assert engine.scheduler.counts()[0].late == 1
    engine.idle()


def test_records_settled_ahead_of_an_open_batch_are_in_the_offset_map() -> None:
    engine = Batches()
    engine.admit_batch(0, JANE, JOE)
    engine.admit(1, ANN)
    engine.deliver_and_answer(DELIVERED)
    while (sent := engine.deliver()).contact != ANN:
        pass
    engine.answer(sent, DELIVERED)
    found = decode(engine.tracker.offset_map(0))
    assert found is not None
    assert (found.unsettled, found.reach) == (frozenset({0}), 2)


def test_events_count_towards_the_buffer() -> None:
    engine = Batches()
    caps = Caps(records=10)
    engine.admit_batch(0, *(f"u{number}@example.com" for number in range(9)))
    assert pressure([engine.tracker], caps).pause == []
    engine.admit(1, JANE)
    assert pressure([engine.tracker], caps).pause == [engine.tracker]
    engine.tracker.paused = True
    assert pressure([engine.tracker], caps).resume == []
    engine.deliver_and_answer(DELIVERED)
    assert pressure([engine.tracker], caps).resume == [engine.tracker]
    assert engine.tracker.events == 9


def test_the_numbers_of_a_record() -> None:
    engine = Batches()
    task = engine.admit_batch(0, JANE, JOE, UNMAPPABLE, FilterReason.NO_IDENTITY)
    assert task.batch is not None
    assert task.batch.summary() == "4 events: 1 filtered, 1 dead-lettered, 2 in progress"
    engine.deliver_and_answer(DELIVERED)
    engine.deliver_and_answer(REJECTED)
    assert task.batch.summary() == "4 events: 1 delivered, 1 filtered, 2 dead-lettered"
    assert task.batch.settled == Counter({"accepted": 1, "no_identity": 1})
