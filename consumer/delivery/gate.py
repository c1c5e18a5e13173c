"""Decide whether a request may be sent now, and if not, until when and why."""

from __future__ import annotations

import math
from enum import Enum, StrEnum

from msgspec import Struct

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.circuit_breaker import BreakerState, CircuitBreaker
from consumer.delivery.halt import Halt
from consumer.delivery.rate_limiter import RateLimiter
from consumer.delivery.retry import RetryPolicy
from consumer.enum_members import found_quickly
from consumer.number_text import shown_number

MASS_REJECTION_LIMIT = 20  # different contacts rejected in a row, unless the settings say otherwise
WAKE = 0.06  # seconds: the timer of a delayed request fires at most so late, or the state would flicker
# Transient causes that the breaker ignores: the limiter handles 429, a halt handles malformed responses.
_IGNORED_BY_BREAKER = frozenset({Cause.RATE_LIMITED, Cause.MALFORMED, Cause.UNINTELLIGIBLE})


class GateState(StrEnum):
    """The gate's state as shown to operators; the strongest reason wins."""

    OPEN = "open"
    LIMITED = "limited"  # Retry-After, or the rate limit
    BREAKER = "breaker"  # ClickSend is down; one trial at a time
    HALTED = "halted"  # a configuration fault; probing


@found_quickly
class Permit(Enum):
    """The kind of a request. The outcome of a trial decides whether the gate opens."""

    ORDINARY = "ordinary"
    BREAKER_TRIAL = "breaker_trial"
    HALT_TRIAL = "halt_trial"


class Closed(Struct, frozen=True):
    """No request may be sent before `until` (monotonic seconds; infinite: before an event)."""

    state: GateState
    until: float


class GateReport(Struct, frozen=True):
    """The gate's state and the reason for it, for operators.

    until    -- monotonic seconds; `now` while the gate is open, infinite where only an event opens it
    fault    -- why delivery is halted
    probe_at -- monotonic seconds of the next probe; infinite without a halt
    rate     -- the limiter's rate in requests a second, infinite without a limit
    """

    state: GateState
    until: float
    why: str
    fault: Fault | None = None
    probe_at: float = math.inf
    rate: float = math.inf


class Gate:
    """Combine limiter, breaker and halt. No lock, no I/O, no clock: its owner guards it and passes `now`."""

    def __init__(
        self,
        policy: RetryPolicy,
        requests_per_second: float,
        probe_interval: float,
        most_refused_trials: int = 100 * MASS_REJECTION_LIMIT,
    ) -> None:
        self._limiter = RateLimiter(requests_per_second)
        self._breaker = CircuitBreaker(policy)
        self._halt = Halt(probe_interval, most_refused_trials)
        self._probe_sent_at = -math.inf
        self._paused_until = -math.inf
        self._limited_until = -math.inf  # a request was delayed: the timer included
        self._open_seconds = 0.0
        self._ticked_at = math.inf

    @property
    def fault(self) -> Fault | None:
        """Return why delivery is halted, or None."""
        return self._halt.fault

    @property
    def probe_at(self) -> float:
        """Return when the next probe of a halt is due, in monotonic seconds; infinite without a halt."""
        return max(self._halt.probe_at, self.ready_at)

    @property
    def ready_at(self) -> float:
        """Return when the limits allow the next request or probe, in monotonic seconds; may be in the past."""
        return max(self._paused_until, self._limiter.next_at)

    @property
    def rate(self) -> float:
        """Return the limiter's rate in requests per second; infinite without a limit."""
        return self._limiter.rate

    def report(self, now: float) -> GateReport:
        """Return the strongest state that holds now, its end and its reason."""
        state, until, why = self._strongest(now)
        return GateReport(state, until, why, self.fault, self.probe_at, self.rate)

    def set_owned_partitions(self, partitions: int) -> None:
        """Scale the learnt rate limit to the number of partitions owned."""
        self._limiter.set_owned_partitions(partitions)

    def ask(self, now: float) -> Permit | Closed:
        """Return a permit for one request now, or until when there is none. A permit counts as used."""
        ready_at = max(self._paused_until, self._limiter.ready_at(now))
        if self._halt.fault is not None:
            ready_at = max(ready_at, self._halt.trial_at)
            if ready_at > now:
                return Closed(GateState.HALTED, ready_at)  # where a probe brings it: see `probe_at`
            self._halt.begin_trial()
            self._limiter.spend(now)
            return Permit.HALT_TRIAL
        if ready_at > now:
            self._limited_until = ready_at + WAKE
            return Closed(GateState.LIMITED, ready_at)
        if self._breaker.state is BreakerState.CLOSED:
            self._limiter.spend(now)
            return Permit.ORDINARY
        if self._breaker.state is BreakerState.HALF_OPEN:
            return Closed(GateState.BREAKER, math.inf)
        if self._breaker.trial_at > now:
            return Closed(GateState.BREAKER, self._breaker.trial_at)
        self._breaker.begin_trial(now)
        self._limiter.spend(now)
        return Permit.BREAKER_TRIAL

    def observe(self, outcome: Outcome, contact: str, permit: Permit, sent_at: float, now: float) -> None:
        """Update limiter, breaker and halt with the outcome of a request."""
        self._tick(now)
        self._observe_limits(outcome, sent_at, now)
        down = outcome.result is Result.TRANSIENT and outcome.cause not in _IGNORED_BY_BREAKER
        if permit is Permit.BREAKER_TRIAL:
            if down:
                self._breaker.trial_failed()
            else:
                self._breaker.trial_answered()
        elif down:
            self._breaker.failed(contact, now)
        elif outcome.result is not Result.TRANSIENT:
            self._breaker.answered()
        if permit is Permit.HALT_TRIAL:
            self._trial_ended(outcome, now)

    def halt(self, fault: Fault, now: float) -> None:
        """Halt delivery for a configuration fault."""
        self._tick(now)
        self._halt.begin(fault, now)

    def begin_probe(self, now: float) -> None:
        """Note that a probe is sent. It counts as a request, since the limits are the account's."""
        self._limiter.spend(now)
        self._probe_sent_at = now
        self._halt.begin_probe(now)

    def probed(self, result: ProbeResult, now: float) -> None:
        """Update limiter and halt with the result of a probe."""
        self._tick(now)
        if result.status == 429:
            self._limiter.throttled(self._probe_sent_at, now)
        if result.retry_after is not None:
            self._paused_until = max(self._paused_until, now + result.retry_after)
        self._halt.probed(result)

    def open_seconds(self, now: float) -> float:
        """Return the total seconds in which the gate was open: only those count against a failing record."""
        self._tick(now)
        return self._open_seconds

    def outage(self) -> bool:
        """Return whether failures now are due to ClickSend or the configuration, not to the record."""
        return self._halt.fault is not None or self._breaker.state is not BreakerState.CLOSED

    def _strongest(self, now: float) -> tuple[GateState, float, str]:
        if self._halt.fault is not None:
            fault = self._halt.fault
            return GateState.HALTED, self._halt.probe_at, f"delivery is halted ({fault}): {fault.hint}"
        if self._breaker.state is not BreakerState.CLOSED:
            until = self._breaker.trial_at if self._breaker.state is BreakerState.OPEN else math.inf
            why = "ClickSend is down; one trial request at a time detects its recovery"
            return GateState.BREAKER, max(now, until), why
        if now < self._paused_until:
            return GateState.LIMITED, self._paused_until, "ClickSend sent Retry-After"
        until = self._limiter.ready_at(now)
        state = GateState.LIMITED if now < self._limited_until else GateState.OPEN
        if self._limiter.refused:
            return state, until, "ClickSend answers 429 (too many requests); sending one request at a time"
        if self.rate < math.inf:
            return state, until, f"requests are paced, {shown_number(self.rate)} a second"
        return state, until, "nothing holds requests back"

    def _trial_ended(self, outcome: Outcome, now: float) -> None:
        if outcome.result in (Result.DELIVERED, Result.ALREADY_EXISTS):
            self._halt.end()
        elif outcome.result in (Result.REJECTED, Result.SUSPICIOUS):
            self._halt.trial_refused(now)
        else:
            self._halt.trial_unanswered(now)

    def _observe_limits(self, outcome: Outcome, sent_at: float, now: float) -> None:
        if outcome.cause is Cause.RATE_LIMITED:
            self._limiter.throttled(sent_at, now)
        elif outcome.result is not Result.TRANSIENT:
            self._limiter.answered(sent_at, now)
        if outcome.retry_after is not None and outcome.cause in (Cause.RATE_LIMITED, Cause.UNAVAILABLE):
            self._paused_until = max(self._paused_until, now + outcome.retry_after)

    def _tick(self, now: float) -> None:
        """Add the time since the last event if the gate was open. Call before every change of state."""
        if not self.outage():
            self._open_seconds += max(0.0, now - max(self._ticked_at, self._paused_until))
        self._ticked_at = now
