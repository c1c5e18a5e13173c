"""The next record: order by contact, fairness, retries, dead letters, and the counts."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import DeadLetter, Retry, Settle
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Stage
from consumer.scheduling.work import PolledRecords
from tests.support.engine import Engine, wakes
from tests.support.outcomes import (
    ALREADY_EXISTS,
    DELIVERED,
    DOWN,
    REJECTED,
    SUSPICIOUS,
    UNAUTHORIZED,
    asked_to_wait,
)
from tests.support.records import ANN, EVENTS, JANE, JOE, KIM, LEE, MORE_EVENTS, PHONE, task

# Order by contact.


def test_the_events_of_one_contact_go_out_one_after_the_other(engine: Engine) -> None:
    first, second = engine.admit(0, JANE), engine.admit(1, JANE)
    assert engine.deliver() is first
    assert engine.idle() == math.inf
    engine.answer(first, DELIVERED)
    assert engine.deliver() is second


def test_different_contacts_go_out_in_parallel(engine: Engine) -> None:
    tasks = [engine.admit(0, JANE), engine.admit(1, JOE), engine.admit(2, ANN)]
    assert [engine.deliver() for _ in tasks] == tasks


@pytest.mark.parametrize("last", [0, 1], ids=["the phone number's first", "the email's first"])
def test_a_record_with_email_and_phone_waits_in_both_lanes(engine: Engine, last: int) -> None:
    ahead = [engine.admit(0, JANE), engine.admit(1, PHONE)]
    both = engine.admit(2, JANE, PHONE)
    assert [engine.deliver(), engine.deliver()] == ahead
    engine.answer(ahead[1 - last], DELIVERED)
    engine.idle()
    engine.answer(ahead[last], DELIVERED)
    assert engine.deliver() is both


def test_who_shares_an_identity_with_a_waiting_record_waits_behind_it(engine: Engine) -> None:
    first = engine.admit(0, JANE)
    both, last = engine.admit(1, JANE, PHONE), engine.admit(2, JOE, PHONE)
    assert engine.deliver() is first
    engine.idle()
    engine.answer(first, DELIVERED)
    assert engine.deliver() is both
    engine.idle()
    engine.answer(both, DELIVERED)
    assert engine.deliver() is last


def test_order_holds_across_the_partitions_of_this_worker(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    first, second = engine.admit(0, JANE), engine.admit(0, JANE, partition=MORE_EVENTS)
    assert engine.deliver() is first
    engine.idle()
    engine.answer(first, DELIVERED)
    assert engine.deliver() is second


def test_a_record_that_waits_for_its_retry_blocks_only_its_own_contact(engine: Engine) -> None:
    head, follower, other = engine.admit(0, JANE), engine.admit(1, JANE, PHONE), engine.admit(2, JOE)
    assert engine.deliver() is head
    engine.answer(head, asked_to_wait(10, 500))
    assert engine.deliver_and_answer(DELIVERED) is other
    assert engine.idle() == engine.now + 10
    engine.now += 10
    assert engine.deliver() is head, "the retry comes before what waits behind it"
    engine.answer(head, DELIVERED)
    assert engine.deliver() is follower


def test_the_next_event_of_a_contact_waits_for_the_dead_letter_of_the_one_before(engine: Engine) -> None:
    bad, follower = engine.admit(0, JANE), engine.admit(1, JANE)
    engine.deliver_and_answer(REJECTED)
    engine.idle()
    engine.scheduler.dead_letter_written(bad)
    assert engine.deliver() is follower


# Fairness.


def test_partitions_take_turns_whatever_their_backlog(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    for offset in range(4):
        engine.admit(offset, f"{offset}@example.com")
    for offset in range(2):
        engine.admit(offset, f"{offset}@example.org", partition=MORE_EVENTS)
    order = [engine.deliver().record for _ in range(6)]
    assert [record.partition.number for record in order] == [0, 1, 0, 1, 0, 0]
    assert [record.offset for record in order] == [0, 0, 1, 1, 2, 3], "first come, first served within a partition"


def test_what_the_limiter_has_learnt_goes_with_the_partitions(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    engine.scheduler.rebalanced()
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    for outcome in (asked_to_wait(0, 429), DELIVERED):
        engine.answer(engine.deliver_when_due(), outcome)
    learnt = engine.gate.rate
    engine.scheduler.detach([MORE_EVENTS], ReleaseReason.REVOKED)
    assert engine.gate.rate == learnt, "more may leave, or come, in the same rebalance"
    engine.scheduler.rebalanced()
    assert engine.gate.rate == pytest.approx(learnt / 2)


# Retries.


def test_a_transient_failure_is_tried_again_when_its_wait_is_over(engine: Engine) -> None:
    engine.admit(0, JANE)
    failed = engine.deliver()
    assert engine.answer(failed, asked_to_wait(10, 500)) == Retry(engine.now + 10)
    engine.now += 9.9
    assert engine.idle() == pytest.approx(engine.now + 0.1)
    engine.now += 0.1
    assert engine.deliver() is failed
    assert failed.attempts.count == 1
    assert engine.committable_offset() == 0, "not settled, not committed"


def test_retries_come_in_the_order_in_which_they_are_due(engine: Engine) -> None:
    for offset, (identity, seconds) in enumerate([(JANE, 30), (JOE, 10), (ANN, 20)]):
        engine.admit(offset, identity)
        engine.deliver_and_answer(asked_to_wait(seconds, 500))
    engine.now += 60
    assert [engine.deliver().identities for _ in range(3)] == [(JOE,), (ANN,), (JANE,)]


def test_a_retry_does_not_wait_until_the_whole_backlog_is_worked_off(engine: Engine) -> None:
    """The retried record is the oldest: until it is settled, no commit passes it."""
    for offset in range(100):
        engine.admit(offset, f"{offset}@example.com")
    failed = engine.deliver()
    engine.answer(failed, asked_to_wait(10, 500))
    engine.now += 10
    assert engine.deliver() is failed


def test_the_waiting_loop_is_woken_for_a_dead_letter_to_write_again(engine: Engine) -> None:
    engine.admit(0, JANE)
    bad = engine.deliver_and_answer(REJECTED)
    assert wakes(engine, lambda: engine.scheduler.dead_letter_failed(bad, engine.now))


def test_the_waiting_loop_is_woken_for_what_arrives(engine: Engine) -> None:
    assert wakes(engine, lambda: engine.admit(0, JANE))


def test_the_waiting_loop_is_woken_for_a_record_that_becomes_no_contact(engine: Engine) -> None:
    assert wakes(engine, lambda: engine.admit(0, reason=DeadLetterReason.UNDECODABLE))


def test_the_waiting_loop_is_woken_for_a_record_behind_an_acknowledged_dead_letter(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JANE)
    bad = engine.deliver_and_answer(REJECTED)
    assert wakes(engine, lambda: engine.scheduler.dead_letter_written(bad))


def test_a_loop_that_waits_is_woken_once_and_a_busy_one_never(engine: Engine) -> None:
    engine.idle()
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    assert engine.wake_ups == 1
    engine.deliver()
    engine.admit(2, ANN)
    assert engine.wake_ups == 1
    engine.deliver()
    engine.deliver()
    engine.idle()
    engine.admit(3, KIM)
    assert engine.wake_ups == 2


def test_browsing_records_wake_no_thread(engine: Engine) -> None:
    engine.idle()
    engine.scheduler.admit(PolledRecords(consumed=500, filtered={FilterReason.NOT_ENROLMENT: 500}))
    assert engine.wake_ups == 0


def test_the_gate_is_used_only_if_there_is_something_to_send() -> None:
    engine = Engine(requests_per_second=1)
    for _ in range(10):
        engine.idle()
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    engine.deliver()
    assert engine.idle() == engine.now + 1
    engine.now += 1
    engine.deliver()


# Dead letters.


@pytest.mark.parametrize("reason", [DeadLetterReason.UNDECODABLE, DeadLetterReason.UNMAPPABLE])
def test_what_can_never_become_a_contact_is_buried_without_a_request(engine: Engine, reason: DeadLetterReason) -> None:
    hopeless = engine.admit(0, reason=reason)
    assert engine.dead_letter_work() is hopeless
    assert engine.scheduler.dead_letter_written(hopeless)
    assert engine.settled() == {f"dead_lettered {reason}": 1}


def test_a_halt_holds_no_dead_letter_back(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.deliver_and_answer(UNAUTHORIZED)
    hopeless = engine.admit(1, reason=DeadLetterReason.UNDECODABLE)
    assert engine.dead_letter_work() is hopeless


def test_a_dead_letter_counts_only_when_the_broker_has_acknowledged_it(engine: Engine) -> None:
    """The guard `settle on the report`: fails if giving up settles, or if writing does."""
    engine.admit(0, JANE)
    bad = engine.deliver()
    assert engine.answer(bad, REJECTED) == DeadLetter(DeadLetterReason.REJECTED)
    assert (engine.settled(), engine.committable_offset(), engine.scheduler.in_flight([EVENTS])) == ({}, 0, 1)
    assert engine.scheduler.dead_letter_written(bad)
    assert (engine.settled(), engine.committable_offset()) == ({"dead_lettered rejected": 1}, 1)
    assert engine.scheduler.in_flight([EVENTS]) == 0


def test_a_dead_letter_that_could_not_be_written_is_written_later_and_nothing_is_sent_again(engine: Engine) -> None:
    engine.admit(0, JANE)
    bad = engine.deliver_and_answer(REJECTED)
    for attempt in range(1, 4):
        engine.scheduler.dead_letter_failed(bad, engine.now)
        assert (engine.settled(), engine.committable_offset(), engine.scheduler.in_flight([EVENTS])) == ({}, 0, 0)
        failed_at = engine.now
        assert engine.dead_letter_work_when_due() is bad
        assert failed_at < engine.now <= failed_at + 0.5 * 2**attempt
    engine.scheduler.dead_letter_written(bad)
    assert engine.settled() == {"dead_lettered rejected": 1}


def test_a_record_that_fails_for_too_long_while_others_succeed_becomes_a_dead_letter() -> None:
    engine = Engine(policy=RetryPolicy(max_age=60))
    failing, other = engine.admit(0, JANE), engine.admit(1, JOE)
    assert engine.deliver_and_answer(DOWN) is failing
    assert engine.deliver_and_answer(DELIVERED) is other
    engine.now += 100
    assert engine.deliver_and_answer(DOWN) is failing
    engine.scheduler.dead_letter_written(failing)
    assert engine.settled() == {"delivered accepted": 1, "dead_lettered retries_exhausted": 1}


# The books.


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(DELIVERED, DeliveredReason.ACCEPTED), (ALREADY_EXISTS, DeliveredReason.ALREADY_EXISTS)],
    ids=["accepted", "already there"],
)
def test_a_delivered_record_is_settled_once_it_is_answered(
    engine: Engine, outcome: Outcome, reason: DeliveredReason
) -> None:
    """The guard `settle on the answer`: fails if taking a record settles it."""
    engine.admit(0, JANE)
    sent = engine.deliver()
    assert (engine.settled(), engine.committable_offset()) == ({}, 0)
    assert engine.answer(sent, outcome) == Settle(reason)
    assert (engine.settled(), engine.committable_offset()) == ({f"delivered {reason}": 1}, 1)


def test_the_committable_offset_waits_for_the_oldest_record(engine: Engine) -> None:
    """The guard `commit up to the committable_offset`: fails if anything settled beyond a gap is passed."""
    tasks = [engine.admit(offset, identity) for offset, identity in enumerate([JANE, JOE, ANN])]
    for _ in tasks:
        engine.deliver()
    committable_offsets = []
    for sent in (tasks[1], tasks[0], tasks[2]):
        engine.answer(sent, DELIVERED)
        committable_offsets.append(engine.committable_offset())
    assert committable_offsets == [0, 2, 3]


def test_filtered_records_are_settled_by_being_seen(engine: Engine) -> None:
    filtered = {FilterReason.NOT_ENROLMENT: 5, FilterReason.TOMBSTONE: 2}
    engine.scheduler.admit(PolledRecords(consumed=7, skipped=3, filtered=filtered))
    snapshot = engine.scheduler.snapshot()
    counts, in_progress = snapshot.counts, snapshot.in_progress
    assert (counts.consumed, counts.skipped, in_progress) == (7, 3, 0)
    assert engine.settled() == {"filtered not_enrolment": 5, "filtered tombstone": 2}


def test_totals_that_were_given_out_no_longer_change(engine: Engine) -> None:
    before = engine.scheduler.snapshot().counts
    engine.admit(0, JANE)
    engine.deliver_and_answer(DELIVERED)
    assert (before.consumed, sum(before.settled.values())) == (0, 0)


def test_every_record_in_progress_has_one_stage(engine: Engine) -> None:
    delivered, parked, suspect, _in_flight = (engine.admit(n, who) for n, who in enumerate([JANE, JOE, ANN, KIM]))
    for _ in range(4):
        engine.deliver()
    engine.admit(4, KIM)  # queued
    engine.admit(5, LEE)  # ready
    engine.admit(6, reason=DeadLetterReason.UNDECODABLE)
    engine.dead_letter_work()
    engine.admit(7, reason=DeadLetterReason.UNDECODABLE)  # to be buried
    held = task(engine.tracker, 8, reason=DeadLetterReason.UNDECODABLE)
    held.stage = Stage.HELD
    engine.scheduler.admit(PolledRecords(consumed=1, tasks=[held]))
    engine.answer(delivered, DELIVERED)
    engine.answer(parked, asked_to_wait(10, 500))
    engine.answer(suspect, SUSPICIOUS)
    assert engine.scheduler.snapshot().stages == dict.fromkeys(Stage, 1) | {Stage.DONE: 0}
    assert engine.scheduler.snapshot().in_progress == 8


def test_the_longest_lane_is_one_contacts_backlog(engine: Engine) -> None:
    assert engine.scheduler.snapshot().longest_lane == 0
    engine.admit(0, JANE)
    engine.admit(1, JANE, PHONE)
    engine.admit(2, JOE, PHONE)
    engine.admit(3, PHONE)
    assert engine.scheduler.snapshot().longest_lane == 3
