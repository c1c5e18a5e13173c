"""The delivery loop's driver in virtual time: one thread of callbacks, late timers, a simulated network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenlet import GreenletExit

from consumer.clicksend.outcome import Cause, Outcome, Result, classify
from consumer.clicksend.probe import ProbeResult
from tests.simulation.hub import Fibre, Process
from tests.simulation.sink import Reply, Sink, Weather

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.watch import Watch

LATE = 0.05  # seconds: upper bound of how late a timer fires
RESET_EVERY = 0.7  # seconds between two resets of all connections
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class BrokenCallbackError(Exception):
    """The exception of a callback with a simulated bug."""


class VirtualTimer:
    """A callback that is due, unless it is cancelled."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not run it."""
        self.callback = None


class VirtualDriver:
    """Runs one callback after the other, as an event loop does. A wake-up may come twice, a timer late.

    timeout -- total, of one request, in seconds
    """

    def __init__(self, sink: Sink, member: Member, timeout: float, watch: Watch) -> None:
        self.breaks = False  # the next callback raises
        self.broken = False  # one has
        self._sink = sink
        self._member = member
        self._timeout = timeout
        self._watch = watch
        self._process: Process = member.process
        self._hub = member.process.hub
        self._callbacks: deque[Callable[[], None]] = deque()
        self._fibre: Fibre | None = None
        self._stopped = False
        # Of requests in flight, each ends one by a reset. A set has no order that a seed could repeat.
        self._resets: dict[VirtualTimer, None] = {}
        self._on_crash: Callable[[BaseException], None]

    def start(self, on_crash: Callable[[BaseException], None]) -> None:
        """Start the thread."""
        self._on_crash = on_crash
        self._fibre = self._hub.spawn(self._process, "delivery-loop", self._run)
        self._hub.after(RESET_EVERY, self._reset_all)

    def now(self) -> float:
        """The time, in seconds."""
        return self._hub.now

    def wake(self, callback: Callable[[], None]) -> None:
        """Run the callback soon."""
        self._callbacks.append(callback)
        if self._hub.random.random() < 0.1:  # a second wake-up that finds nothing new
            self._callbacks.append(callback)
        self._ring()

    def call_at(self, when: float, callback: Callable[[], None]) -> VirtualTimer:
        """Run the callback at `when` or later."""
        timer = VirtualTimer(callback)
        late = self._hub.random.choice((0.0, 0.0, self._hub.random.random() * LATE))
        self._hub.at(max(when, self._hub.now) + late, lambda: self._post(lambda: self._fire(timer)))
        return timer

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        """Send a contact. If the worker dies meanwhile, the request may still reach ClickSend."""
        number, contact = self._watch.post_begins(self._member, payload)

        def ended(outcome: Outcome) -> None:
            self._watch.post_ends(self._member, number, outcome)
            on_outcome(outcome)

        self._exchange(lambda: self._sink.process(self._member, number, contact), ended)

    def probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        """Look at the list."""

        def ended(outcome: Outcome) -> None:
            verdict = ProbeResult.of(outcome)
            self._watch.probed(self._member, verdict)
            on_result(verdict)

        self._exchange(self._sink.look, ended)

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._ring()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end."""
        if self._fibre is not None:
            self._fibre.join(timeout)

    def _run(self) -> None:
        while not self._stopped:
            while self._callbacks and not self._stopped:
                self._call(self._callbacks.popleft())
                self._hub.stumble()
            if not self._stopped:
                self._hub.pause()

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            if self.breaks:
                self.breaks, self.broken = False, True
                raise BrokenCallbackError
            callback()
        except GreenletExit:
            raise
        except BaseException as crash:
            self._on_crash(crash)

    def _post(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        self._ring()

    def _ring(self) -> None:
        if self._fibre is not None:
            self._hub.wake(self._fibre)

    def _fire(self, timer: VirtualTimer) -> None:
        if timer.callback is not None:
            timer.callback()

    def _exchange(self, arrive: Callable[[], Reply | Cause], ended: Callable[[Outcome], None]) -> None:
        hub, sink = self._hub, self._sink
        end = hub.now + self._timeout
        once = VirtualTimer(lambda: None)  # the first of reset, time-out and answer counts

        def finish(reply: Reply | Cause) -> None:
            if once.callback is None:
                return
            once.cancel()
            self._resets.pop(once, None)
            outcome = Outcome(Result.TRANSIENT, cause=reply) if isinstance(reply, Cause) else _read(reply)
            self._post(lambda: ended(outcome))

        def reach() -> None:
            if self._process.dead and hub.random.random() < 0.5:
                return
            if handshake and once.callback is None:  # reset before it was open: nothing was sent
                return
            reply = arrive()
            waits = reply in (Cause.TIMEOUT, Cause.DNS)
            hub.at(end if waits else min(end, hub.now + sink.travel()), lambda: finish(reply))

        slow = sink.weather is Weather.SLOW_HANDSHAKES and hub.random.random() < 0.3
        handshake = self._timeout * hub.random.random() if slow else 0.0
        once.callback = lambda: finish(Cause.RESET)
        self._resets[once] = None
        hub.after(handshake or sink.travel(), reach)

    def _reset_all(self) -> None:
        if self._sink.weather is Weather.RESETTING:
            for each in list(self._resets):
                if each.callback is not None:
                    each.callback()
        if not self._process.dead:
            self._hub.after(RESET_EVERY, self._reset_all)


def _read(reply: Reply) -> Outcome:
    return classify(reply.status, reply.headers, reply.body, NOW)
