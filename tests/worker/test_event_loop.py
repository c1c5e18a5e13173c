"""The driver of a real worker: a thread with an event loop, and how late its timers fire."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from threading import Event

import pytest
from structlog.testing import capture_logs

from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.worker.event_loop import IDLE_INTERVAL as IDLE
from consumer.worker.event_loop import INTERVAL, NAME, PROBE_NAME, WINDOW, ClickSendAccess, EventLoopDriver, LoopLag
from tests.support.outcomes import DELIVERED, FINE
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds


class Sender:
    """Takes every contact, a turn of the loop later."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.closed = False
        self.in_flight = 0
        self._loop = loop

    def send(self, _payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        self._loop.call_soon(self._tell, on_outcome)

    def _tell(self, on_outcome: Callable[[Outcome], None]) -> None:
        try:
            on_outcome(DELIVERED)
        except BaseException as error:  # as the transport does
            self._loop.call_exception_handler({"message": "raised", "exception": error})

    def close(self) -> None:
        self.closed = True


class DriverHarness:
    """A driver, and what happens to it."""

    def __init__(self, probe: Callable[[], ProbeResult] = lambda: FINE) -> None:
        self.crashes: SimpleQueue[BaseException] = SimpleQueue()
        self.reloads = 0
        self.senders: list[Sender] = []
        self.driver = EventLoopDriver(ClickSendAccess(self._open, probe, self._reload), 20.0, time.monotonic)

    def _open(self, loop: asyncio.AbstractEventLoop) -> Sender:
        self.senders.append(Sender(loop))
        return self.senders[-1]

    def _reload(self) -> None:
        self.reloads += 1


@contextmanager
def running(harness: DriverHarness) -> Iterator[EventLoopDriver]:
    harness.driver.start(harness.crashes.put)
    try:
        yield harness.driver
    finally:
        harness.driver.stop()
        harness.driver.join(PATIENCE)


@pytest.fixture(params=["uvloop", "asyncio"])
def harness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DriverHarness:
    if request.param == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)  # as the import system says that there is none
    return DriverHarness()


def test_callbacks_of_any_thread_run_on_the_loops_thread(harness: DriverHarness) -> None:
    names: SimpleQueue[str] = SimpleQueue()
    with running(harness) as driver:
        for _ in range(100):
            driver.wake(lambda: names.put(threading.current_thread().name))
        assert {names.get(timeout=PATIENCE) for _ in range(100)} == {NAME}


def test_a_timer_is_never_early(harness: DriverHarness) -> None:
    fired: SimpleQueue[float] = SimpleQueue()
    due: list[float] = []

    def ask() -> None:
        due.append(driver.now() + 0.0123)
        driver.call_at(due[-1], lambda: fired.put(driver.now()))

    with running(harness) as driver:
        for _ in range(20):
            driver.wake(ask)
            at = fired.get(timeout=PATIENCE)
            assert at >= due[-1]


def test_a_timer_that_is_cancelled_does_not_fire(harness: DriverHarness) -> None:
    fired: SimpleQueue[str] = SimpleQueue()

    def ask() -> None:
        driver.call_at(driver.now() + 0.01, lambda: fired.put("cancelled")).cancel()
        driver.call_at(driver.now() + 0.02, lambda: fired.put("kept"))

    with running(harness) as driver:
        driver.wake(ask)
        assert fired.get(timeout=PATIENCE) == "kept"


def test_an_outcome_comes_after_send_has_returned(harness: DriverHarness) -> None:
    happened: SimpleQueue[object] = SimpleQueue()

    def send() -> None:
        driver.send(b"{}", happened.put)
        happened.put("returned")

    with running(harness) as driver:
        driver.wake(send)
        assert [happened.get(timeout=PATIENCE) for _ in range(2)] == ["returned", DELIVERED]


@pytest.mark.parametrize("error", [ValueError, OSError, ConnectionResetError, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["wake", "timer", "outcome"])
def test_a_callback_that_raises_is_reported_and_the_loop_continues(
    harness: DriverHarness, error: type[BaseException], where: str
) -> None:
    """asyncio takes some errors for the connection's own, and says nothing."""

    def fail(*_: object) -> None:
        raise error

    ran = Event()
    with running(harness) as driver:
        match where:
            case "wake":
                driver.wake(fail)
            case "timer":
                driver.wake(partial(driver.call_at, 0.0, fail))  # type: ignore[arg-type]  # nobody needs the timer
            case "outcome":
                driver.wake(lambda: driver.send(b"{}", fail))
        assert isinstance(harness.crashes.get(timeout=PATIENCE), error)
        driver.wake(ran.set)
        assert ran.wait(PATIENCE)


def test_a_probe_reloads_the_credentials_and_blocks_no_thread() -> None:
    release, ran = Event(), Event()
    results: SimpleQueue[ProbeResult] = SimpleQueue()

    def probe() -> ProbeResult:
        assert release.wait(PATIENCE)
        return FINE

    harness = DriverHarness(probe)
    with running(harness) as driver:
        driver.wake(lambda: driver.probe(results.put))
        driver.wake(ran.set)
        assert ran.wait(PATIENCE), "the loop goes on"
        release.set()
        assert results.get(timeout=PATIENCE) is FINE
    assert harness.reloads == 1


def test_a_probe_that_raises_is_reported() -> None:
    def probe() -> ProbeResult:
        raise RuntimeError

    harness = DriverHarness(probe)
    with running(harness) as driver:
        driver.wake(lambda: driver.probe(lambda _: None))
        assert isinstance(harness.crashes.get(timeout=PATIENCE), RuntimeError)


def test_a_loop_that_stalls_shows_an_old_pulse_and_one_that_runs_a_fresh_one(harness: DriverHarness) -> None:
    release, stalled = Event(), Event()

    def stall() -> None:
        stalled.set()
        release.wait(PATIENCE)

    with running(harness) as driver:
        driver.wake(stall)
        assert stalled.wait(PATIENCE)
        began = driver.pulses()[0].since
        time.sleep(IDLE + 0.2)
        assert driver.pulses()[0].since == began
        release.set()
        wait_until(lambda: driver.pulses()[0].since != began)
        assert driver.lag.longest >= 0.1
        assert [pulse.thread for pulse in driver.pulses()] == [NAME, PROBE_NAME]


def test_the_end_closes_the_sender_and_later_wake_ups_are_nobodys(harness: DriverHarness) -> None:
    with running(harness) as driver:
        ran = Event()
        driver.wake(ran.set)
        assert ran.wait(PATIENCE)
    assert harness.senders[0].closed
    driver.wake(lambda: pytest.fail("it has ended"))
    driver.stop()
    assert harness.crashes.empty()


def test_without_uvloop_asyncio_delivers_with_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with capture_logs() as lines:
        harness = DriverHarness()
    assert [line["log_level"] for line in lines] == ["warning"]
    with running(harness) as driver:
        ran = Event()
        driver.wake(ran.set)
        assert ran.wait(PATIENCE)


# How late the delivery loop's timers fire.


def test_a_loop_that_is_on_time_has_no_lag() -> None:
    lag = LoopLag(now=100)
    lag.beat(100, in_flight=1)
    lag.beat(100 + INTERVAL, in_flight=1)
    assert lag.longest == pytest.approx(0)


def test_the_start_of_the_thread_is_no_pause() -> None:
    lag = LoopLag(now=100)
    lag.beat(100.5, in_flight=0)
    assert lag.longest == 0


def test_a_late_beat_is_a_pause() -> None:
    lag = LoopLag(now=100)
    lag.beat(100, in_flight=1)
    lag.beat(100 + INTERVAL + 0.3, in_flight=1)
    assert lag.longest == pytest.approx(0.3)


def test_a_late_timer_is_a_pause() -> None:
    lag = LoopLag(now=100)
    lag.fired(100, 100.3)
    assert lag.longest == pytest.approx(0.3)


@pytest.mark.parametrize(("in_flight", "timers", "interval"), [(1, 0, INTERVAL), (0, 0, IDLE), (1, 1, IDLE)])
def test_a_beat_comes_soon_while_a_response_is_awaited_and_no_timer_fires(
    in_flight: int, timers: int, interval: float
) -> None:
    lag = LoopLag(now=100)
    for _ in range(timers):
        lag.fired(100, 100)
    assert lag.beat(100, in_flight) == interval
    assert lag.beat(100 + interval, in_flight=1) == INTERVAL


def test_the_longest_pause_is_kept_for_one_to_two_windows() -> None:
    lag = LoopLag(now=100)
    lag.beat(100.5, in_flight=0)
    for seconds in range(1, int(WINDOW) + 2):
        lag.beat(100.5 + seconds, in_flight=0)
    assert lag.longest >= 0.5
    now = 100.5 + WINDOW + 1
    while now < 100 + 3 * WINDOW + 2:
        now += lag.beat(now, in_flight=0)
    assert lag.longest == pytest.approx(0, abs=1e-6)


def test_the_last_beat_shows_whether_the_loop_runs() -> None:
    lag = LoopLag(now=100)
    assert lag.beat_at == 100
    lag.beat(107, in_flight=0)
    assert lag.beat_at == 107
