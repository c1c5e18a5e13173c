"""What a look at the contact list says about the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome, Result


class ProbeStatus(StrEnum):
    """How `GET /lists/{id}` with the worker's credentials went."""

    FINE = "fine"
    REFUSED = "refused"
    UNDECIDED = "undecided"  # the probe itself failed in passing: it says nothing


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found.

    fault       -- of a refused probe, and only of that: what the configuration is at fault with
    status      -- the HTTP status, where an answer came
    retry_after -- seconds for which ClickSend asked us to wait, where it did
    """

    result: ProbeStatus
    fault: Fault | None = None
    status: int | None = None
    retry_after: float | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> ProbeResult:
        """Read the outcome of the probe's request.

        No contact is involved, so whatever the answer holds against the request is the configuration's fault. It is
        fine only with ClickSend's own code: a portal or another server may answer 200 as well.
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
        """Credentials and list are right."""
        return self.result is ProbeStatus.FINE

    @property
    def allows_trial(self) -> bool:
        """Whether one contact may be tried: a sub-account may be allowed to POST contacts and not to GET the list."""
        return self.fine or self.fault is Fault.FORBIDDEN
