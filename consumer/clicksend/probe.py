"""The result of probing the contact list, which verifies the configuration."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome, Result


class ProbeStatus(StrEnum):
    """The status of `GET /lists/{id}` with the worker's credentials."""

    FINE = "fine"
    REFUSED = "refused"
    UNDECIDED = "undecided"  # the probe itself failed transiently


class ProbeResult(Struct, frozen=True):
    """The result of a probe.

    fault       -- of a refused probe only
    status      -- the HTTP status; None without a response
    retry_after -- seconds of the `Retry-After`, if any
    """

    result: ProbeStatus
    fault: Fault | None = None
    status: int | None = None
    retry_after: float | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> ProbeResult:
        """Read the outcome of the probe's request.

        No contact is involved, so any refusal is a configuration fault. It is fine only with ClickSend's own code: a
        captive portal or another server may also answer 200.
        """
        match outcome.result:
            case Result.DELIVERED if outcome.code is not None:
                return cls(ProbeStatus.FINE, status=outcome.status)
            case Result.DELIVERED | Result.TRANSIENT | Result.ALREADY_EXISTS:
                return cls(ProbeStatus.UNDECIDED, status=outcome.status, retry_after=outcome.retry_after)
        forbidden = outcome.status == 403 or outcome.code == "FORBIDDEN"
        suspected = Fault.FORBIDDEN if forbidden else Fault.LIST_NOT_FOUND
        return cls(ProbeStatus.REFUSED, outcome.fault or suspected, outcome.status)

    @property
    def fine(self) -> bool:
        """Return whether credentials and list are valid."""
        return self.result is ProbeStatus.FINE

    @property
    def allows_trial(self) -> bool:
        """Return whether one contact may be tried: a sub-account may POST contacts but not GET the list."""
        return self.fine or self.fault is Fault.FORBIDDEN
