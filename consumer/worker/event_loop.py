"""The thread of the delivery loop, and how late its timers fire: asyncio, on uvloop if installed."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import structlog
from msgspec import Struct

from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.worker.delivery_loop import Timer
from consumer.worker.watchdog import Pulse

NAME = "delivery-loop"
PROBE_NAME = "probe"
STALLED_SECONDS = 30.0  # longer than any slice of work on an overloaded machine
LOOKUP_SECONDS = 120.0  # beyond a probe's timeout: a DNS lookup can't be interrupted
# Timers fire so much late: at 100 requests a second a wake-up then sends four, and it costs more than sending one.
# At least 1.5 ms, since uvloop rounds to milliseconds and a timer that fires early would fire twice. At most the time
# in which the rate limiter lets a late request keep its slot, less the delays of a busy machine.
TIMER_SECONDS = 0.03

log = structlog.get_logger()
INTERVAL = 0.02  # seconds between two beats; a shorter pause is seen by chance only
IDLE_INTERVAL = 0.25  # seconds, where no response is awaited or other timers show the pauses: a beat is a wake-up
WINDOW = 30.0  # seconds; the longest pause is kept for one to two windows, longer than between two scrapes


class LoopLag:
    """Written by the loop's thread at each beat and timer. Any thread may read.

    beat_at -- monotonic seconds of the last beat; an old one means that the loop is stalled
    """

    def __init__(self, now: float) -> None:
        self.beat_at = now
        self._due_at = math.inf  # before the first beat the loop's thread is starting, which is no pause
        self._fired = 0  # timers since the last beat
        self._longest = 0.0
        self._longest_before = 0.0
        self._window_ends_at = now + WINDOW

    @property
    def longest(self) -> float:
        """Return the longest pause of the last window and the present one, in seconds."""
        return max(self._longest, self._longest_before)

    def beat(self, now: float, in_flight: int) -> float:
        """Note that the loop runs at `now` (monotonic seconds). Return when to call again, in seconds from now.

        in_flight -- requests whose responses a pause would delay
        """
        if now >= self._window_ends_at:
            self._longest_before, self._longest = self._longest, 0.0
            self._window_ends_at = now + WINDOW
        self._longest = max(self._longest, now - self._due_at)
        interval = INTERVAL if in_flight and not self._fired else IDLE_INTERVAL
        self.beat_at, self._due_at, self._fired = now, now + interval, 0
        return interval

    def fired(self, due_at: float, now: float) -> None:
        """Note that a timer of `due_at` fires at `now`."""
        self._longest = max(self._longest, now - due_at)
        self._fired += 1


class Sender(Protocol):
    """The used part of ContactSender."""

    @property
    def in_flight(self) -> int:
        """Return the number of contacts whose outcome is awaited."""

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        """POST one contact. `on_outcome` is called once, later."""

    def close(self) -> None:
        """Close every connection."""


class ClickSendAccess(Struct, frozen=True):
    """The delivery loop's access to ClickSend.

    open_sender        -- creates the sender of contacts, on the loop's thread
    probe              -- requests the list; blocks, and raises nothing
    reload_credentials -- reads the credentials from their source; blocks
    """

    open_sender: Callable[[asyncio.AbstractEventLoop], Sender]
    probe: Callable[[], ProbeResult]
    reload_credentials: Callable[[], None]


class EventLoopDriver:
    """The driver of a real worker (see `Driver`).

    lag           -- how late the loop's timers fire; any thread may ask
    total_timeout -- seconds that a request, and so a probe, may take
    clock         -- monotonic seconds
    """

    def __init__(self, delivery: ClickSendAccess, total_timeout: float, clock: Callable[[], float]) -> None:
        self.now = clock
        self.lag = LoopLag(clock())
        self._probe_limit = total_timeout + LOOKUP_SECONDS
        self._probe_began_at = math.inf  # monotonic seconds; infinite: none is in progress
        self._delivery = delivery
        self._loop = _new_event_loop()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._on_crash: Callable[[BaseException], None] = _raise
        self._sender: Sender  # since the thread runs

    def pulses(self) -> list[Pulse]:
        """Return the pulses of loop and probe. Thread-safe."""
        beat_at = self.lag.beat_at if self._thread.is_alive() else math.inf
        return [Pulse(NAME, beat_at, STALLED_SECONDS), Pulse(PROBE_NAME, self._probe_began_at, self._probe_limit)]

    def start(self, on_crash: Callable[[BaseException], None]) -> None:
        """Start the thread."""
        self._on_crash = on_crash
        self._loop.set_exception_handler(self._loop_failed)
        self._thread.start()

    def wake(self, callback: Callable[[], None]) -> None:
        """Run the callback soon. Thread-safe."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._guarded, callback)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run the callback at `when` (monotonic seconds) or a little later."""
        now = self.now()
        due_at = max(when, now) + TIMER_SECONDS
        return self._loop.call_later(due_at - now, self._due, due_at, callback)

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        """POST one contact."""
        self._sender.send(payload, on_outcome)

    def probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        """Probe in a thread of its own: requests blocks, and probes are rare."""
        self._probe_began_at = self.now()
        threading.Thread(target=self._probe, args=(on_result,), name=PROBE_NAME, daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._loop.stop)

    def join(self, timeout: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            self._sender = self._delivery.open_sender(loop)
            self._beat()
            loop.run_forever()
            self._sender.close()
            loop.run_until_complete(loop.shutdown_asyncgens())  # a turn in which connections close
            loop.close()
        except BaseException as crash:  # a worker without its loop must stop
            self._on_crash(crash)

    def _beat(self) -> None:
        self._loop.call_later(self.lag.beat(self.now(), self._sender.in_flight), self._beat)

    def _due(self, due_at: float, callback: Callable[[], None]) -> None:
        self.lag.fired(due_at, self.now())
        self._guarded(callback)

    def _probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        try:
            self._delivery.reload_credentials()
            result = self._delivery.probe()
        except BaseException as crash:
            self._on_crash(crash)
            return
        self._probe_began_at = math.inf
        self.wake(lambda: on_result(result))

    def _guarded(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except BaseException as crash:
            self._on_crash(crash)

    def _loop_failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Report an exception of a callback outside this module, such as the transport's."""
        error = context.get("exception")
        self._on_crash(error if isinstance(error, BaseException) else RuntimeError("the event loop failed"))


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 -- there is none for some platforms, and asyncio does without
    except ImportError:
        log.warning("uvloop not installed, asyncio takes about twice the CPU time")
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _raise(crash: BaseException) -> None:
    raise crash
