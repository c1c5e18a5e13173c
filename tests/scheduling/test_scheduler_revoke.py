"""Revoked partitions and shutdown: waiting records are released, requests in flight end, late responses are ignored."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.outcome import Outcome
from consumer.delivery.gate import Permit
from consumer.delivery.outcome_policy import DeadLetter
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Stage
from consumer.scheduling.work import PolledRecords, Probe, Stop, Wait, Work
from tests.support.engine import Engine, ends_the_wait, wakes
from tests.support.outcomes import (
    DELIVERED,
    DOWN,
    EVERY_ANSWER,
    FINE,
    REJECTED,
    SUSPICIOUS,
    TIMEOUT,
    UNAUTHORIZED,
    asked_to_wait,
)
from tests.support.records import ANN, EVENTS, JANE, JOE, KIM, LEE, MORE_EVENTS, PHONE, TOPIC_ID, task


def with_one_record_at_every_waiting_stage(engine: Engine) -> None:
    """Queued, ready, parked, suspect, to be buried; the one that the queued one waits for is under way."""
    for offset, contact in enumerate([JANE, JOE, ANN, JANE]):
        engine.admit(offset, contact)
    engine.deliver()
    engine.answer(engine.deliver(), asked_to_wait(10, 500))
    engine.answer(engine.deliver(), SUSPICIOUS)
    engine.admit(4, KIM)
    engine.admit(5, reason=DeadLetterReason.UNDECODABLE)


def revoke(engine: Engine, reason: ReleaseReason = ReleaseReason.REVOKED) -> None:
    engine.scheduler.detach([EVENTS], reason)


def consumed_and_accounted_for(engine: Engine) -> tuple[int, int]:
    """The two sides of: consumed = settled + in progress + released."""
    snapshot = engine.scheduler.snapshot()
    counts, in_progress = snapshot.counts, snapshot.in_progress
    return counts.consumed, sum(counts.settled.values()) + in_progress + sum(counts.released.values())


# While a partition is being revoked.


def test_nothing_of_a_partition_that_leaves_is_taken_any_more(engine: Engine) -> None:
    """The guard `stop taking at the beginning of a revoke`: a record at any waiting stage would be handed out."""
    with_one_record_at_every_waiting_stage(engine)
    engine.scheduler.begin_revoke([EVENTS])
    assert engine.idle() == math.inf
    engine.now += 3600
    assert engine.idle() == math.inf


def test_what_is_given_up_stays_unsettled(engine: Engine) -> None:
    with_one_record_at_every_waiting_stage(engine)
    engine.scheduler.begin_revoke([EVENTS])
    assert (engine.committable_offset(), engine.scheduler.snapshot().in_progress) == (0, 6)
    assert engine.released() == {}, "not released before it is detached: until then the commit may still pass it"


def test_what_is_under_way_may_end_and_be_committed(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    assert engine.scheduler.in_flight([EVENTS]) == 1
    engine.answer(sent, DELIVERED)
    assert (engine.scheduler.in_flight([EVENTS]), engine.committable_offset()) == (0, 1)


@pytest.mark.parametrize(
    ("outcome", "work"),
    [(TIMEOUT, Wait(math.inf)), (SUSPICIOUS, Wait(math.inf)), (UNAUTHORIZED, Probe())],
    ids=["retry", "suspect", "halt"],
)
def test_what_would_be_tried_again_is_given_up(engine: Engine, outcome: Outcome, work: Work) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    engine.answer(sent, outcome)
    engine.now += 3600
    assert engine.take() == work
    assert (sent.stage, engine.committable_offset(), engine.scheduler.in_flight([EVENTS])) == (Stage.DONE, 0, 0)


def test_a_dead_letter_may_still_be_written_and_acknowledged(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    assert isinstance(engine.answer(sent, REJECTED), DeadLetter)
    assert engine.scheduler.in_flight([EVENTS]) == 1
    assert engine.scheduler.dead_letter_written(sent)
    assert (engine.committable_offset(), engine.scheduler.in_flight([EVENTS])) == (1, 0)


def test_a_closed_scheduler_still_hands_out_the_dead_letter_of_a_request_that_was_in_flight(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver()
    engine.admit(1, reason=DeadLetterReason.UNDECODABLE)
    engine.scheduler.close()
    assert isinstance(engine.answer(sent, REJECTED), DeadLetter)
    assert engine.take() == Stop()
    assert engine.scheduler.in_flight([EVENTS]) == 1


def test_a_dead_letter_that_fails_then_is_given_up(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver_and_answer(REJECTED)
    engine.scheduler.begin_revoke([EVENTS])
    engine.scheduler.dead_letter_failed(sent, engine.now)
    assert (engine.idle(), engine.committable_offset()) == (math.inf, 0)


def test_records_of_other_partitions_no_longer_wait_for_what_was_given_up(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    engine.admit(0, JANE)
    engine.admit(1, JANE, PHONE)
    follower = engine.admit(0, PHONE, partition=MORE_EVENTS)
    sent = engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    assert engine.deliver() is follower
    assert sent.stage is Stage.IN_FLIGHT


def test_other_partitions_continue(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    engine.admit(0, JANE)
    suspect = engine.admit(0, JOE, partition=MORE_EVENTS)
    engine.admit(1, ANN, partition=MORE_EVENTS)
    engine.deliver()
    engine.answer(engine.deliver(), SUSPICIOUS)
    engine.admit(2, reason=DeadLetterReason.UNMAPPABLE, partition=MORE_EVENTS)
    engine.scheduler.begin_revoke([EVENTS])
    engine.probe(FINE)
    assert suspect.stage is Stage.RETRY_WAIT
    engine.dead_letter_work()
    engine.deliver()
    engine.now = engine.idle()
    assert engine.deliver() is suspect


def test_a_suspicious_record_that_is_given_up_while_its_probe_is_out_stays_given_up(engine: Engine) -> None:
    suspect = engine.admit(0, JANE)
    engine.deliver_and_answer(SUSPICIOUS)
    assert engine.take() == Probe()
    engine.scheduler.begin_revoke([EVENTS])
    engine.probed(FINE)
    assert suspect.stage is Stage.DONE
    engine.now += 3600
    assert engine.idle() == math.inf


def test_a_revoke_may_be_begun_twice_and_for_partitions_that_are_not_ours(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.scheduler.begin_revoke([EVENTS, MORE_EVENTS])
    engine.scheduler.begin_revoke([EVENTS])
    revoke(engine)
    revoke(engine)
    assert engine.released() == {ReleaseReason.REVOKED: 1}
    assert engine.scheduler.in_flight([EVENTS]) == 0


# After it has gone.


@pytest.mark.parametrize("reason", [ReleaseReason.REVOKED, ReleaseReason.LOST, ReleaseReason.SHUTDOWN])
def test_what_is_unsettled_is_released(engine: Engine, reason: ReleaseReason) -> None:
    with_one_record_at_every_waiting_stage(engine)
    engine.admit(6, LEE)
    engine.scheduler.admit(PolledRecords(consumed=3, filtered={FilterReason.NOT_ENROLMENT: 3}))
    revoke(engine, reason)
    assert engine.released() == {reason: 7}
    assert engine.scheduler.trackers == {}
    assert consumed_and_accounted_for(engine) == (10, 10)
    engine.now += 3600
    assert engine.idle() == math.inf


@pytest.mark.parametrize("outcome", EVERY_ANSWER, ids=lambda outcome: f"{outcome.result} {outcome.status}")
def test_a_late_answer_changes_nothing_and_is_counted(engine: Engine, outcome: Outcome) -> None:
    """The guard `epoch of the tracker`: fails if a detached offset tracker settles, parks, buries or awaits a probe."""
    engine.admit(0, JANE)
    sent = engine.deliver()
    revoke(engine)
    assert engine.answer(sent, outcome) is None
    snapshot = engine.scheduler.snapshot()
    counts, in_progress = snapshot.counts, snapshot.in_progress
    assert (counts.late, in_progress, engine.settled(), engine.released()) == (1, 0, {}, {ReleaseReason.REVOKED: 1})
    assert len(engine.tracker) == 1
    assert engine.scheduler.snapshot().longest_lane == 0


def test_a_late_acknowledgement_of_a_dead_letter_changes_nothing_and_is_counted(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver_and_answer(REJECTED)
    revoke(engine)
    assert not engine.scheduler.dead_letter_written(sent)
    assert (engine.settled(), engine.scheduler.snapshot().counts.late) == ({}, 1)


def test_a_dead_letter_that_fails_late_is_not_written_again(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver_and_answer(REJECTED)
    revoke(engine)
    engine.scheduler.dead_letter_failed(sent, engine.now)
    assert engine.idle() == math.inf


def test_a_late_answer_does_not_touch_the_same_partition_assigned_again(engine: Engine) -> None:
    """The guard `epoch of the tracker` once more: offsets are the same, the assignment is another."""
    engine.admit(0, JANE)
    old = engine.deliver()
    revoke(engine)
    engine.tracker = engine.assign(EVENTS)
    again = engine.admit(0, JANE)
    engine.answer(old, DELIVERED)
    assert (engine.committable_offset(), len(engine.tracker), engine.scheduler.in_flight([EVENTS])) == (0, 1, 0)
    assert engine.deliver() is again


@pytest.mark.parametrize("outcome", [DELIVERED, TIMEOUT, REJECTED], ids=lambda outcome: outcome.result)
def test_a_request_keeps_its_contact_waiting_until_it_has_ended_detached_or_not(
    engine: Engine, outcome: Outcome
) -> None:
    """The guard `order`: else two requests for one contact could overtake each other."""
    engine.admit(0, JANE)
    old = engine.deliver()
    revoke(engine)
    engine.assign(EVENTS)
    again = engine.admit(0, JANE)
    engine.idle()
    engine.answer(old, outcome)
    assert engine.deliver() is again


def test_a_late_answer_still_teaches_the_gate(engine: Engine) -> None:
    """Else a breaker whose trial was under way when its partition went would stay half open for ever."""
    engine.assign(MORE_EVENTS)
    for offset, contact in enumerate([JANE, JOE, ANN, KIM, LEE]):
        engine.admit(offset, contact)
    for sent in [engine.deliver() for _ in range(5)]:
        engine.answer(sent, DOWN)
    trial = engine.deliver_when_due()
    assert engine.permit(trial) is Permit.BREAKER_TRIAL
    other = engine.admit(0, PHONE, partition=MORE_EVENTS)
    revoke(engine)
    assert engine.idle() == math.inf
    engine.answer(trial, DELIVERED)
    assert engine.deliver() is other


def test_offsets_that_jump_backwards_in_the_middle_of_a_batch_release_what_came_before(engine: Engine) -> None:
    before = task(engine.tracker, 100, JANE)
    engine.scheduler.detach([EVENTS], ReleaseReason.REWOUND)
    tracker = engine.scheduler.assign(EVENTS, 0, 0, TOPIC_ID)
    after = task(tracker, 0, JANE)
    engine.scheduler.admit(PolledRecords(consumed=2, tasks=[before, after]))
    assert engine.released() == {ReleaseReason.REWOUND: 1}
    assert consumed_and_accounted_for(engine) == (2, 2)
    assert engine.deliver() is after
    assert engine.idle() == math.inf


# The end.


def test_once_closed_nothing_is_handed_out(engine: Engine) -> None:
    with_one_record_at_every_waiting_stage(engine)
    engine.scheduler.close()
    assert engine.take() == Stop()
    engine.admit(6, LEE)
    engine.now += 3600
    assert engine.take() == Stop()


@pytest.mark.parametrize(
    ("outcome", "committable_offset"),
    [(DELIVERED, 1), (TIMEOUT, 0), (SUSPICIOUS, 0), (UNAUTHORIZED, 0)],
    ids=["delivered", "timeout", "403", "401"],
)
def test_what_is_in_flight_may_end(engine: Engine, outcome: Outcome, committable_offset: int) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver()
    engine.scheduler.close()
    engine.answer(sent, outcome)
    assert (engine.scheduler.in_flight([EVENTS]), engine.committable_offset()) == (0, committable_offset)


def test_the_dead_letters_under_way_may_end(engine: Engine) -> None:
    bad, unwritten = engine.admit(0, JANE), engine.admit(1, JOE)
    engine.deliver_and_answer(REJECTED)
    engine.deliver_and_answer(REJECTED)
    engine.scheduler.close()
    engine.scheduler.dead_letter_written(bad)
    engine.scheduler.dead_letter_failed(unwritten, engine.now)
    assert (engine.scheduler.in_flight([EVENTS]), engine.committable_offset()) == (0, 1)


def test_late_arrivals_are_tracked_so_that_the_committable_offset_does_not_skip_them(engine: Engine) -> None:
    engine.scheduler.close()
    engine.admit(0, JANE)
    assert engine.committable_offset() == 0
    revoke(engine, ReleaseReason.SHUTDOWN)
    assert engine.released() == {ReleaseReason.SHUTDOWN: 1}


# Who waits for it hears of it.


def test_a_request_of_before_the_offsets_jumped_backwards_is_under_way_until_it_ends(engine: Engine) -> None:
    """A revoke waits for it, too: the next owner's request for the same contact must not overtake it."""
    engine.admit(7, JANE)
    sent = engine.deliver()
    revoke(engine, ReleaseReason.REWOUND)
    engine.assign(EVENTS)
    assert engine.scheduler.in_flight([EVENTS]) == 1
    engine.scheduler.begin_revoke([EVENTS])
    assert ends_the_wait(engine, by=lambda: engine.answer(sent, DELIVERED))
    assert engine.scheduler.in_flight([EVENTS]) == 0


def test_each_request_that_ends_is_noticed_by_a_revoke_that_waits(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    delivered, bad = engine.deliver(), engine.deliver()
    engine.scheduler.begin_revoke([EVENTS])
    assert ends_the_wait(engine, lambda: engine.answer(delivered, DELIVERED))
    engine.answer(bad, REJECTED)
    assert ends_the_wait(engine, lambda: engine.scheduler.dead_letter_written(bad))


def test_each_request_that_ends_is_noticed_by_a_drain_that_waits(engine: Engine) -> None:
    engine.admit(0, JANE)
    sent = engine.deliver()
    engine.scheduler.close()
    assert ends_the_wait(engine, lambda: engine.answer(sent, TIMEOUT))


def test_the_waiting_loop_is_woken_for_what_a_revoke_has_freed(engine: Engine) -> None:
    engine.assign(MORE_EVENTS)
    engine.admit(0, JANE)
    engine.admit(0, JANE, partition=MORE_EVENTS)
    engine.deliver_and_answer(DOWN)
    assert wakes(engine, lambda: engine.scheduler.begin_revoke([EVENTS]))
    assert engine.deliver().record.partition == MORE_EVENTS


def test_nothing_in_flight_is_nothing_to_wait_for(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.scheduler.wait_in_flight([EVENTS], seconds=30)
