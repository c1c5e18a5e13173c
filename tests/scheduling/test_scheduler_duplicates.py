"""DELIVERY_DEDUPLICATE: a record is sent only if it can change ClickSend's contact."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from consumer.clicksend.outcome import Outcome
from consumer.delivery.gate import GateState
from consumer.delivery.retry import RetryPolicy
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Stage, Task
from consumer.scheduling.work import Duplicate
from tests.support.engine import Engine
from tests.support.outcomes import (
    ALREADY_EXISTS,
    DELIVERED,
    DOWN,
    RATE_LIMITED,
    REJECTED,
    TIMEOUT,
    asked_to_wait,
)
from tests.support.records import EVENTS, JANE, JOE, MORE_EVENTS, PHONE

OLD, NEW = b"old", b"new"


@pytest.fixture
def engine() -> Engine:
    return Engine(deduplicate=10)


def admit(engine: Engine, offset: int, payload: bytes, *identities: str, partition: Partition = EVENTS) -> Task:
    """Admit a record that maps to this payload."""
    return engine.admit(offset, *(identities or (JANE,)), partition=partition, payload=payload)


def deliver(engine: Engine, offset: int, payload: bytes, *identities: str) -> None:
    """A record arrives, goes out, and is delivered."""
    arrived = admit(engine, offset, payload, *identities)
    assert engine.deliver_and_answer(DELIVERED) is arrived


def skip(engine: Engine, offset: int, payload: bytes, *identities: str) -> None:
    """A record arrives, and is filtered as a duplicate."""
    arrived = admit(engine, offset, payload, *identities)
    assert engine.take() == Duplicate(arrived)


def test_a_record_equal_to_the_last_delivered_one_is_settled_without_a_request(engine: Engine) -> None:
    deliver(engine, 0, OLD)
    again = admit(engine, 1, OLD)
    assert engine.take() == Duplicate(again)
    assert engine.settled() == {"delivered accepted": 1, "filtered duplicate": 1}
    assert (again.stage, engine.committable_offset(), engine.scheduler.in_flight([EVENTS])) == (Stage.DONE, 2, 0)
    assert engine.idle() == math.inf


def test_without_deduplication_everything_is_sent() -> None:
    engine = Engine()
    for offset in range(3):
        deliver(engine, offset, OLD)


def test_in_out_and_in_again_all_go_out(engine: Engine) -> None:
    for offset, payload in enumerate([OLD, NEW, OLD]):
        deliver(engine, offset, payload)


def test_duplicates_are_detected_when_the_record_is_first_not_on_arrival(engine: Engine) -> None:
    """The guard `never earlier`: OLD was the last delivered one when the third record arrived."""
    deliver(engine, 0, OLD)
    changed, back = admit(engine, 1, NEW), admit(engine, 2, OLD)
    assert engine.deliver_and_answer(DELIVERED) is changed
    assert engine.deliver() is back


def test_equal_records_that_wait_behind_one_another_need_one_request(engine: Engine) -> None:
    first, *others = [admit(engine, offset, OLD) for offset in range(4)]
    assert engine.deliver() is first
    assert engine.idle() == math.inf, "as long as its answer is out, nobody knows"
    engine.answer(first, DELIVERED)
    assert [engine.take() for _ in others] == [Duplicate(other) for other in others]


def test_it_has_to_be_the_last_of_all_the_contacts_identities(engine: Engine) -> None:
    deliver(engine, 0, OLD, JANE, PHONE)
    deliver(engine, 1, NEW, PHONE)
    deliver(engine, 2, OLD, JANE, PHONE)
    skip(engine, 3, OLD, JANE, PHONE)


@pytest.mark.parametrize("fails_with", [None, DOWN, TIMEOUT, RATE_LIMITED], ids=["", "500", "timeout", "429"])
@pytest.mark.parametrize("ends_with", [ALREADY_EXISTS, REJECTED], ids=lambda outcome: outcome.result)
def test_after_any_other_end_than_a_plain_delivery_clicksends_state_is_unknown(
    engine: Engine, fails_with: Outcome | None, ends_with: Outcome
) -> None:
    """The guard `forget as the request goes out`: fails if only a delivery of something else made it forget."""
    deliver(engine, 0, OLD, JANE, PHONE)
    changed, back = admit(engine, 1, NEW, JANE), admit(engine, 2, OLD, JANE, PHONE)
    if fails_with is not None:
        engine.answer(engine.deliver(), fails_with)
    assert engine.deliver_when_due() is changed
    engine.answer(changed, ends_with)
    if ends_with is REJECTED:
        engine.scheduler.dead_letter_written(changed)
    assert engine.deliver_when_due() is back


def test_after_retries_that_were_given_up_it_is_unknown_too() -> None:
    engine = Engine(policy=RetryPolicy(max_age=60), deduplicate=10)
    deliver(engine, 0, OLD)
    failing, back = admit(engine, 1, NEW), admit(engine, 2, OLD)
    assert engine.deliver_and_answer(TIMEOUT) is failing
    deliver(engine, 3, NEW, JOE)
    engine.now += 100
    assert engine.deliver_and_answer(TIMEOUT) is failing
    engine.scheduler.dead_letter_written(failing)
    assert engine.deliver() is back


def test_a_record_that_was_attempted_itself_goes_out_again(engine: Engine) -> None:
    deliver(engine, 0, OLD)
    failed = admit(engine, 1, NEW)
    for outcome in (TIMEOUT, DOWN, DELIVERED):
        assert engine.deliver_when_due() is failed
        engine.answer(failed, outcome)
    skip(engine, 2, NEW)


def test_neither_a_duplicate_nor_the_question_uses_up_a_permit() -> None:
    engine = Engine(requests_per_second=1, deduplicate=10)
    deliver(engine, 0, OLD)
    skip(engine, 1, OLD)
    skip(engine, 2, OLD)
    other = admit(engine, 3, OLD, JOE)
    assert engine.idle() == engine.now + 1
    engine.now += 1
    assert engine.deliver() is other


def test_a_closed_gate_holds_no_duplicate_back(engine: Engine) -> None:
    deliver(engine, 0, OLD)
    admit(engine, 1, OLD, JOE)
    engine.deliver_and_answer(asked_to_wait(10, 503))  # for everybody
    assert engine.gate.report(engine.now).state is GateState.LIMITED
    skip(engine, 2, OLD)


# Other workers.


def after_a_revoke(engine: Engine) -> None:
    engine.scheduler.detach([MORE_EVENTS], ReleaseReason.REVOKED)


def after_a_loss(engine: Engine) -> None:
    engine.scheduler.detach([MORE_EVENTS], ReleaseReason.LOST)


def after_another_partition_has_come(engine: Engine) -> None:
    engine.assign(Partition("events", 2))


@pytest.mark.parametrize("change", [after_a_revoke, after_a_loss, after_another_partition_has_come])
def test_when_partitions_come_or_go_others_may_have_delivered_something_else(
    engine: Engine, change: Callable[[Engine], None]
) -> None:
    engine.assign(MORE_EVENTS)
    deliver(engine, 0, OLD)
    change(engine)
    deliver(engine, 1, OLD)
    skip(engine, 2, OLD)


def test_a_late_answer_after_a_revoke_is_not_remembered(engine: Engine) -> None:
    """The contact's partition has another owner, who goes on delivering."""
    engine.assign(MORE_EVENTS)
    late = admit(engine, 0, OLD)
    assert engine.deliver() is late
    engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    again = admit(engine, 0, OLD, partition=MORE_EVENTS)
    engine.answer(late, DELIVERED)
    assert engine.deliver() is again


def test_a_duplicate_of_a_partition_that_leaves_is_given_up_like_any_other(engine: Engine) -> None:
    deliver(engine, 0, OLD)
    admit(engine, 1, OLD)
    engine.scheduler.begin_revoke([EVENTS])
    assert (engine.idle(), engine.committable_offset(), engine.settled()) == (math.inf, 1, {"delivered accepted": 1})


def test_what_waits_behind_a_duplicate_may_go_once_it_is_settled(engine: Engine) -> None:
    deliver(engine, 0, OLD)
    again, changed = admit(engine, 1, OLD), admit(engine, 2, NEW)
    assert engine.take() == Duplicate(again)
    assert engine.deliver() is changed
