from __future__ import annotations

from consumer.delivery.gate import Closed, Gate, GateState, Permit
from consumer.delivery.retry import RetryPolicy
from consumer.monitoring.tracing.gate_history import KEPT, GateHistory, GateWait, WatchedGate

LIMITED, BREAKER = GateState.LIMITED, GateState.BREAKER


def test_a_wait_is_cut_to_the_time_that_is_asked_for() -> None:
    history = GateHistory()
    history.closed(LIMITED, 10.0)
    history.opened(14.0)
    assert history.during(0.0, 20.0) == [GateWait(LIMITED, 10.0, 14.0)]
    assert history.during(11.0, 12.0) == [GateWait(LIMITED, 11.0, 12.0)]
    assert history.during(14.0, 20.0) == []


def test_a_wait_that_lasts_counts_up_to_the_end_of_that_time() -> None:
    history = GateHistory()
    history.closed(BREAKER, 10.0)
    history.closed(BREAKER, 12.0)
    assert history.during(11.0, 15.0) == [GateWait(BREAKER, 11.0, 15.0)]


def test_each_reason_is_a_wait_of_its_own() -> None:
    history = GateHistory()
    history.closed(LIMITED, 1.0)
    history.closed(BREAKER, 2.0)
    history.opened(3.0)
    assert history.during(0.0, 9.0) == [GateWait(LIMITED, 1.0, 2.0), GateWait(BREAKER, 2.0, 3.0)]


def test_pacing_is_one_wait_and_not_one_for_each_request() -> None:
    history = GateHistory()
    for number in range(1000):
        history.closed(LIMITED, 1 + number / 10)
        history.opened(1 + (number + 1) / 10)
    (wait,) = history.during(0.0, 1000.0)
    assert wait.ended - wait.began > 99


def test_a_gate_that_is_open_for_a_while_ends_the_wait() -> None:
    history = GateHistory()
    for begin in (1.0, 5.0):
        history.closed(LIMITED, begin)
        history.opened(begin + 1)
        history.opened(begin + 2)
    assert [wait.began for wait in history.during(0.0, 9.0)] == [1.0, 5.0]


def test_an_instant_is_no_wait() -> None:
    history = GateHistory()
    history.closed(LIMITED, 1.0)
    history.opened(1.0005)
    assert history.during(0.0, 9.0) == []


def test_only_the_last_waits_are_kept() -> None:
    history = GateHistory()
    for number in range(KEPT + 10):
        history.closed(LIMITED, number)
        history.opened(number + 0.5)
    waits = history.during(0.0, 1e9)
    assert (len(waits), waits[0].began) == (KEPT, 10.0)


def test_a_watched_gate_answers_as_a_plain_one_and_notes_its_waits() -> None:
    policy, history = RetryPolicy(0.5, 60, 86400), GateHistory()
    watched, plain = WatchedGate(history, policy, 4.0, 30.0, 2000), Gate(policy, 4.0, 30.0, 2000)
    answers = [watched.ask(at / 100) for at in range(100)]
    assert answers == [plain.ask(at / 100) for at in range(100)]
    assert {type(answer) for answer in answers} == {Closed, Permit}
    assert {wait.state for wait in history.during(0.0, 1.0)} == {LIMITED}
