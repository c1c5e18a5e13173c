"""Virtual time and virtual threads, the base of the simulation."""

from __future__ import annotations

from random import Random

import pytest

from tests.simulation.hub import START, Hub, LockHeldError, Process, SpinningError, VirtualThreads


@pytest.fixture
def hub() -> Hub:
    return Hub(Random(1), restlessness=0)


@pytest.fixture
def process(hub: Hub) -> Process:
    return Process(hub, "worker")


def run(hub: Hub) -> None:
    hub.run(lambda: False)


def test_time_advances_only_when_no_thread_can_run(hub: Hub, process: Process) -> None:
    seen: list[float] = []

    def sleep() -> None:
        hub.sleep(2)
        seen.append(hub.now - START)

    hub.spawn(process, "a", sleep)
    hub.spawn(process, "b", sleep)
    run(hub)
    assert seen == [2, 2]


def test_a_condition_wakes_all_or_nobody(hub: Hub, process: Process) -> None:
    _lock, condition = VirtualThreads(process).condition()
    woken: list[float] = []

    def wait() -> None:
        with condition:
            if condition.wait(10):
                woken.append(hub.now - START)

    def notify() -> None:
        hub.sleep(2)
        with condition:
            condition.notify_all()

    def spawn_late() -> None:
        hub.spawn(process, "late", wait)

    for name in "abc":
        hub.spawn(process, name, wait)
    hub.spawn(process, "n", notify)
    hub.after(3, spawn_late)
    run(hub)
    assert woken == [2, 2, 2]


def test_what_is_killed_never_runs_again(hub: Hub, process: Process) -> None:
    ran: list[str] = []

    def target() -> None:
        try:
            hub.sleep(2)
        finally:
            ran.append("finally")

    hub.spawn(process, "a", target)
    hub.after(1, process.kill)
    run(hub)
    assert not ran


def test_what_is_frozen_runs_late(hub: Hub, process: Process) -> None:
    woke: list[float] = []

    def target() -> None:
        hub.sleep(2)
        woke.append(hub.now - START)

    hub.spawn(process, "a", target)
    hub.after(1, lambda: process.freeze(5))
    run(hub)
    assert woke == [6]


def test_nobody_may_wait_for_the_world_with_the_lock_in_its_hands(hub: Hub, process: Process) -> None:
    _lock, condition = VirtualThreads(process).condition()

    def target() -> None:
        with condition:
            hub.sleep(1)

    hub.spawn(process, "a", target)
    with pytest.raises(LockHeldError):
        run(hub)


def test_nobody_may_take_the_lock_twice(hub: Hub, process: Process) -> None:
    lock, _condition = VirtualThreads(process).condition()

    def target() -> None:
        with lock, lock:
            pass

    hub.spawn(process, "a", target)
    with pytest.raises(LockHeldError):
        run(hub)


def test_no_thread_may_run_forever_without_time_advancing(hub: Hub, process: Process) -> None:
    _lock, condition = VirtualThreads(process).condition()

    def target() -> None:
        while True:
            with condition:
                condition.wait(0)

    hub.spawn(process, "a", target)
    with pytest.raises(SpinningError):
        run(hub)
