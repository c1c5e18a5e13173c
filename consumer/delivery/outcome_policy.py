"""Decide the action after an outcome: the right-hand column of the outcome table."""

from __future__ import annotations

import math

from msgspec import Struct

from consumer.clicksend.fault import Fault, OnConfigurationFault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.attempts import Attempts
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason

UNINTELLIGIBLE_CONTACTS = 5  # different ones in a row
MOST_UNINTELLIGIBLE = 10  # responses in a row, of any contacts
RECENT_DELIVERY_SECONDS = 60.0  # a suspicious response is the record's fault only if other contacts are delivered


class Settle(Struct, frozen=True):
    """Settle the record: ClickSend has the contact."""

    reason: DeliveredReason


class Retry(Struct, frozen=True):
    """Retry, not before `at` (monotonic seconds)."""

    at: float


class DeadLetter(Struct, frozen=True):
    """Write the record's dead letter: it can't be delivered."""

    reason: DeadLetterReason


class AwaitProbe(Struct, frozen=True):
    """Keep the record until a probe has ended, then call `OutcomePolicy.decide_after_probe`."""


_ACCEPTED, _EXISTS = Settle(DeliveredReason.ACCEPTED), Settle(DeliveredReason.ALREADY_EXISTS)

Action = Settle | Retry | DeadLetter | AwaitProbe


class OutcomePolicy:
    """Turn outcomes into actions and update the gate. Guarded like the gate: no lock, no I/O, no clock."""

    def __init__(
        self, gate: Gate, policy: RetryPolicy, on_fault: OnConfigurationFault, mass_rejection_limit: int
    ) -> None:
        self._gate = gate
        self._policy = policy
        self._on_fault = on_fault
        self._mass_rejection_limit = mass_rejection_limit
        # Since the last delivery:
        self._rejected: set[str] = set()  # contacts
        self._unintelligible = 0  # responses
        self._unintelligible_for: set[str] = set()  # contacts
        self._delivered = self._delivered_before = ("", -math.inf)  # the last two different contacts, and when
        self._deliveries = 0

    def decide(
        self, outcome: Outcome, attempts: Attempts, contact: str, permit: Permit, sent_at: float, now: float
    ) -> Action:
        """Return the action after one request. `contact` identifies the contact; it is kept in memory only.

        sent_at, now -- monotonic seconds of the request's start and end
        """
        attempts.add(outcome, sent_at, now)
        attempts.as_trial = permit is Permit.HALT_TRIAL
        self._gate.observe(outcome, contact, permit, sent_at, now)
        if outcome.result is Result.DELIVERED or outcome.result is Result.ALREADY_EXISTS:
            self._note_delivery(contact, now)
            return _ACCEPTED if outcome.result is Result.DELIVERED else _EXISTS
        attempts.grow_older(self._gate.open_seconds(now), self._deliveries)
        match outcome.result:
            case Result.TRANSIENT:
                self._note_unintelligible(outcome, contact, now)
                return self._retry(outcome, attempts, now)
            case Result.REJECTED:
                return self._reject(attempts, contact, now)
        if self._on_fault is OnConfigurationFault.DEAD_LETTER:
            return DeadLetter(DeadLetterReason.CONFIGURATION_FAULT)
        if outcome.result is Result.SUSPICIOUS:
            return AwaitProbe()
        self._gate.halt(outcome.fault or Fault.UNAUTHORIZED, now)
        return Retry(now)

    def decide_after_probe(self, probe: ProbeResult, attempts: Attempts, contact: str, now: float) -> Action:
        """Return the action for a record with a suspicious response (403, 404, 405) after the probe."""
        if probe.fault is not None:
            self._gate.halt(probe.fault, now)
            return Retry(now)
        if probe.fine and self._delivered_another(contact, now - RECENT_DELIVERY_SECONDS):
            return self._reject(attempts, contact, now)
        if probe.fine and attempts.as_trial and self._gate.fault is Fault.MASS_REJECTION:
            return self._reject(attempts, contact, now)
        if probe.fine and self._refused_by_too_many(contact):
            self._gate.halt(Fault.MASS_REJECTION, now)
        return self._later(attempts, now, retry_after=None)

    def _retry(self, outcome: Outcome, attempts: Attempts, now: float) -> Action:
        if 0 < self._policy.max_age <= attempts.fair_age:
            return DeadLetter(DeadLetterReason.RETRIES_EXHAUSTED)
        if self._gate.outage():  # the gate delays it; a delay of its own would outlast the outage
            return Retry(now)
        return self._later(attempts, now, outcome.retry_after)

    def _later(self, attempts: Attempts, now: float, retry_after: float | None) -> Action:
        attempts.backoff += 1
        return Retry(now + self._policy.delay(attempts.backoff, retry_after))

    def _reject(self, attempts: Attempts, contact: str, now: float) -> Action:
        """Write a dead letter, unless too many contacts were rejected in a row or delivery is halted.

        Rejected trials of a mass rejection become dead letters: credentials and list are right, and otherwise one bad
        contact would be retried without end, ahead of good ones.
        """
        drains = attempts.as_trial and self._gate.fault is Fault.MASS_REJECTION
        if self._refused_by_too_many(contact):
            self._gate.halt(Fault.MASS_REJECTION, now)
        if not drains and (self._gate.fault is not None or attempts.as_trial):
            return self._later(attempts, now, retry_after=None)
        return DeadLetter(DeadLetterReason.REJECTED)

    def _note_unintelligible(self, outcome: Outcome, contact: str, now: float) -> None:
        if outcome.cause is not Cause.UNINTELLIGIBLE and outcome.cause is not Cause.MALFORMED:
            return
        self._unintelligible += 1
        self._unintelligible_for.add(contact)
        contacts = len(self._unintelligible_for)
        if contacts >= UNINTELLIGIBLE_CONTACTS or self._unintelligible >= MOST_UNINTELLIGIBLE:
            self._gate.halt(Fault.UNINTELLIGIBLE, now)

    def _refused_by_too_many(self, contact: str) -> bool:
        if not self._mass_rejection_limit:
            return False
        self._rejected.add(contact)
        return len(self._rejected) >= self._mass_rejection_limit

    def _note_delivery(self, contact: str, now: float) -> None:
        self._deliveries += 1
        if self._rejected:
            self._rejected.clear()
        if self._unintelligible:
            self._unintelligible = 0
            self._unintelligible_for.clear()
        if contact != self._delivered[0]:
            self._delivered_before = self._delivered
        self._delivered = (contact, now)

    def _delivered_another(self, contact: str, since: float) -> bool:
        last = self._delivered if self._delivered[0] != contact else self._delivered_before
        return last[1] >= since
