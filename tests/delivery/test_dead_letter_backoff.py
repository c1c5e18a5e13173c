"""Failed dead letters back off together and delay nothing else."""

from __future__ import annotations

from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Task
from consumer.scheduling.work import Wait, WriteDeadLetter
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED
from tests.support.records import EVENTS, JANE

MANY = 500


def dead_letters(engine: Engine, count: int) -> list[Task]:
    return [engine.admit(offset, reason=DeadLetterReason.UNDECODABLE) for offset in range(count)]


def fail(engine: Engine, dead_letter: Task) -> None:
    engine.scheduler.dead_letter_failed(dead_letter, engine.now)


def test_many_dead_letters_that_fail_do_not_hammer(engine: Engine) -> None:
    """The bound: each attempt waits twice as long as the one before, up to RETRY_MAX_DELAY, however many wait."""
    dead_letters(engine, MANY)
    fail(engine, engine.dead_letter_work())
    gaps = []
    for _ in range(12):
        before = engine.now
        fail(engine, engine.dead_letter_work_when_due())
        gaps.append(engine.now - before)
    assert gaps == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_those_under_way_when_it_began_are_one_failure(engine: Engine) -> None:
    dead_letters(engine, MANY)
    for dead_letter in [engine.dead_letter_work() for _ in range(50)]:
        fail(engine, dead_letter)
    before = engine.now
    engine.dead_letter_work_when_due()
    assert engine.now == before + 0.5


def test_a_try_without_an_answer_does_not_hold_the_next_one_back_forever(engine: Engine) -> None:
    dead_letters(engine, 3)
    fail(engine, engine.dead_letter_work())
    engine.dead_letter_work_when_due()
    engine.dead_letter_work_when_due()


def test_the_first_acknowledged_write_releases_all_of_them(engine: Engine) -> None:
    dead_letters(engine, MANY)
    fail(engine, engine.dead_letter_work())
    tried = engine.dead_letter_work_when_due()
    assert isinstance(engine.take(), Wait)
    before = engine.wake_ups
    engine.scheduler.dead_letter_written(tried)
    assert engine.wake_ups == before + 1
    went = 0
    while isinstance(work := engine.take(), WriteDeadLetter):
        engine.scheduler.dead_letter_written(work.task)
        went += 1
    assert went in (MANY - 1, MANY - 2), "all, but for the one that failed if it is not due yet"


def test_contacts_are_delivered_during_the_backoff(engine: Engine) -> None:
    dead_letters(engine, MANY)
    fail(engine, engine.dead_letter_work())
    jane = engine.admit(MANY, JANE)
    assert engine.deliver_and_answer(DELIVERED) is jane


def test_a_revoked_partition_drops_its_dead_letters(engine: Engine) -> None:
    dead_letters(engine, 3)
    fail(engine, engine.dead_letter_work())
    assert engine.scheduler.snapshot().dead_letters_waiting == 3
    engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    assert engine.idle() > engine.now + 1e9, "nothing is left to do"
    assert engine.scheduler.snapshot().dead_letters_waiting == 0
    assert engine.released() == {"revoked": 3}


def test_a_dead_letter_waits_until_it_is_acknowledged(engine: Engine) -> None:
    first, second = dead_letters(engine, 2)
    engine.admit(2, JANE)
    assert engine.dead_letter_work() is first
    assert engine.scheduler.snapshot().dead_letters_waiting == 2
    engine.scheduler.dead_letter_written(first)
    assert engine.scheduler.snapshot().dead_letters_waiting == 1
    assert engine.dead_letter_work() is second
    assert engine.scheduler.snapshot().dead_letters_waiting == 1
    engine.scheduler.dead_letter_written(second)
    assert engine.scheduler.snapshot().dead_letters_waiting == 0
