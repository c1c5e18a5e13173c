"""The requests of the tests and the expected outcomes."""

from __future__ import annotations

from datetime import UTC, datetime

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAYLOAD = b'{"email":"jane.doe@example.com","custom_1":"marketing_unknown"}'

DELIVERED = Outcome(Result.DELIVERED, status=200, code="SUCCESS")
UNINTELLIGIBLE = Outcome(Result.TRANSIENT, status=200, cause=Cause.UNINTELLIGIBLE)


def transient(cause: Cause) -> Outcome:
    return Outcome(Result.TRANSIENT, cause=cause)


def fault(kind: Fault, status: int | None = None) -> Outcome:
    return Outcome(Result.CONFIGURATION_FAULT, fault=kind, status=status)
