"""The one place that answers: may a request go out now, and if not, until when and why?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, StrEnum

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.probe import ProbeVerdict
from consumer.delivery.circuit_breaker import Breaker, BreakerState
from consumer.delivery.halt import Halt
from consumer.delivery.rate_limiter import Limiter
from consumer.delivery.retry import RetryPolicy
from consumer.number_text import shown_number

MASS_REJECTION_LIMIT = 20  # different contacts rejected in a row, unless the settings say otherwise
# Transient, and not the breaker's: a 429 is the limiter's, what can't be understood has a halt of its own.
_SAYS_NOTHING_OF_AN_OUTAGE = frozenset({Cause.RATE_LIMITED, Cause.MALFORMED, Cause.UNINTELLIGIBLE})


class GateState(StrEnum):
    """What a person sees of the gate; the strongest reason wins."""

    OPEN = "open"
    LIMITED = "limited"  # the vendor asked for a pause, or the rate limit holds
    BREAKER = "breaker"  # the vendor is down; one trial at a time
    HALTED = "halted"  # a configuration fault: probing


class Permit(Enum):
    """What a request goes out as. How a trial ends decides whether the gate opens."""

    ORDINARY = "ordinary"
    BREAKER_TRIAL = "breaker_trial"
    HALT_TRIAL = "halt_trial"


@dataclass(frozen=True, slots=True)
class Closed:
    """Not now. `until`: monotonic seconds of the next chance; infinite where only an event brings it."""

    state: GateState
    until: float


@dataclass(frozen=True, slots=True)
class GateReport:
    """What holds requests back, for a person.

    until -- monotonic seconds of the next chance; `now` where nothing holds, infinite where only an event brings it
    """

    state: GateState
    until: float
    why: str


class Gate:
    """Limiter, breaker and halt put together. No lock, no I/O, no clock: its owner guards it and passes `now`."""

    def __init__(
        self,
        policy: RetryPolicy,
        requests_per_second: float,
        probe_interval: float,
        most_refused_trials: int = 100 * MASS_REJECTION_LIMIT,
    ) -> None:
        self._limiter = Limiter(requests_per_second)
        self._breaker = Breaker(policy)
        self._halt = Halt(probe_interval, most_refused_trials)
        self._probe_sent_at = -math.inf
        self._paused_until = -math.inf
        self._open_seconds = 0.0
        self._ticked_at = math.inf

    @property
    def fault(self) -> Fault | None:
        """Why delivery is halted, or None."""
        return self._halt.fault

    @property
    def probe_at(self) -> float:
        """When the halt wants its next probe; infinite where there is no halt."""
        return max(self._halt.probe_at, self.ready_at)

    @property
    def ready_at(self) -> float:
        """When the limits let the next request or probe out, in monotonic seconds; in the past where they do."""
        return max(self._paused_until, self._limiter.next_at)

    @property
    def rate(self) -> float:
        """The limiter's rate in requests per second, infinite when nothing limits."""
        return self._limiter.rate

    def state(self, now: float) -> GateState:
        """What holds requests back now."""
        return self.report(now).state

    def report(self, now: float) -> GateReport:
        """What holds requests back now, until when, and why. The strongest reason only."""
        if self._halt.fault is not None:
            fault = self._halt.fault
            return GateReport(GateState.HALTED, self._halt.probe_at, f"delivery is halted ({fault}): {fault.mend}")
        if self._breaker.state is not BreakerState.CLOSED:
            until = self._breaker.trial_at if self._breaker.state is BreakerState.OPEN else math.inf
            why = "ClickSend is down; one request at a time finds out when it is back"
            return GateReport(GateState.BREAKER, max(now, until), why)
        if now < self._paused_until:
            return GateReport(GateState.LIMITED, self._paused_until, "ClickSend has asked for a pause (Retry-After)")
        until = self._limiter.ready_at(now)
        state = GateState.LIMITED if self._limiter.paces(now) else GateState.OPEN
        if self._limiter.refused:
            return GateReport(state, until, "ClickSend answers 429 (too many requests); few go out until it takes one")
        if self.rate < math.inf:
            return GateReport(state, until, f"requests are paced, {shown_number(self.rate)} a second")
        return GateReport(state, until, "nothing holds requests back")

    def own(self, partitions: int) -> None:
        """The worker owns so many partitions now: its part of what ClickSend takes changes with them."""
        self._limiter.own(partitions)

    def ask(self, now: float) -> Permit | Closed:
        """Let one request out now, or say until when not. A permit counts as used."""
        ready_at = max(self._paused_until, self._limiter.ready_at(now))
        if self._halt.fault is not None:
            ready_at = max(ready_at, self._halt.trial_at)
            if ready_at > now:
                return Closed(GateState.HALTED, ready_at)  # where a probe brings it: see `probe_at`
            self._halt.begin_trial()
            self._limiter.spend(now)
            return Permit.HALT_TRIAL
        if ready_at > now:
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
        """A request that went out with this permit, for this contact, ended so."""
        self._tick(now)
        self._observe_limits(outcome, sent_at, now)
        down = outcome.result is Result.TRANSIENT and outcome.cause not in _SAYS_NOTHING_OF_AN_OUTAGE
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
        """Stop for a configuration fault."""
        self._tick(now)
        self._halt.begin(fault, now)

    def begin_probe(self, now: float) -> None:
        """A probe goes out now. It counts as a request, for the limits are the account's."""
        self._limiter.spend(now)
        self._probe_sent_at = now
        self._halt.begin_probe(now)

    def probed(self, verdict: ProbeVerdict, now: float) -> None:
        """A probe came back."""
        self._tick(now)
        if verdict.status == 429:
            self._limiter.throttled(self._probe_sent_at, now)
        if verdict.retry_after is not None:
            self._paused_until = max(self._paused_until, now + verdict.retry_after)
        self._halt.probed(verdict)

    def open_seconds(self, now: float) -> float:
        """How long the gate has been open in all, in seconds: the time that may count against a failing record."""
        self._tick(now)
        return self._open_seconds

    def outage(self) -> bool:
        """Whether failures now are the vendor's or the configuration's, not the record's."""
        return self._halt.fault is not None or self._breaker.state is not BreakerState.CLOSED

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
        """Book the time since the last event as open or not. Called before every change of state."""
        if not self.outage():
            self._open_seconds += max(0.0, now - max(self._ticked_at, self._paused_until))
        self._ticked_at = now
