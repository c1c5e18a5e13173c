"""Outcomes and probe results for the tests of the engine."""

from __future__ import annotations

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.probe import ProbeResult, ProbeStatus

DELIVERED = Outcome(Result.DELIVERED, 200, "SUCCESS")
ALREADY_EXISTS = Outcome(Result.ALREADY_EXISTS, 400, "ALREADY_EXISTS")
REJECTED = Outcome(Result.REJECTED, 400, "BAD_REQUEST")
SUSPICIOUS = Outcome(Result.SUSPICIOUS, 403, "FORBIDDEN")
UNAUTHORIZED = Outcome(Result.CONFIGURATION_FAULT, 401, "UNAUTHORIZED", fault=Fault.UNAUTHORIZED)
DOWN = Outcome(Result.TRANSIENT, 500, "INTERNAL_SERVER_ERROR", cause=Cause.SERVER_ERROR)
TIMEOUT = Outcome(Result.TRANSIENT, cause=Cause.TIMEOUT)
RATE_LIMITED = Outcome(Result.TRANSIENT, 429, "TOO_MANY_REQUESTS", cause=Cause.RATE_LIMITED)

EVERY_ANSWER = (DELIVERED, ALREADY_EXISTS, REJECTED, SUSPICIOUS, UNAUTHORIZED, DOWN, TIMEOUT, RATE_LIMITED)

FINE = ProbeResult(ProbeStatus.FINE, status=200)
UNDECIDED = ProbeResult(ProbeStatus.UNDECIDED, status=503)
KEY_REFUSED = ProbeResult(ProbeStatus.REFUSED, Fault.UNAUTHORIZED, 401)
LIST_FORBIDDEN = ProbeResult(ProbeStatus.REFUSED, Fault.FORBIDDEN, 403)
LIST_NOT_FOUND = ProbeResult(ProbeStatus.REFUSED, Fault.LIST_NOT_FOUND, 404)

EVERY_FINDING = (FINE, UNDECIDED, KEY_REFUSED, LIST_FORBIDDEN, LIST_NOT_FOUND)


def asked_to_wait(seconds: float, status: int) -> Outcome:
    """A transient answer with a `Retry-After`; of 429 and 503 it holds for everybody, else for this record alone."""
    cause = {429: Cause.RATE_LIMITED, 503: Cause.UNAVAILABLE}.get(status, Cause.SERVER_ERROR)
    return Outcome(Result.TRANSIENT, status, retry_after=seconds, cause=cause)
