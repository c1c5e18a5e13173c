"""One record as the debugger stores it. Identities are masked: see `recorder.py`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Result
from consumer.enrolment.disposition import Reason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition

ATTEMPTS_KEPT = 12


class Standing(StrEnum):
    """A record's disposition, or why it has none."""

    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    DEAD_LETTERED = "dead_lettered"
    FILTERED = "filtered"
    RELEASED = "released"  # with its partition, whose next owner settles it


class Next(StrEnum):
    """The next step after an attempt."""

    SETTLED = "settled"
    RETRY = "retry"
    PROBE = "probe"  # after a suspicious response: a probe decides whether the record is at fault
    DEAD_LETTER = "dead_letter"
    NOTHING = "nothing"  # its partition was revoked or lost


class Attempt(Struct, frozen=True):
    """One request. Times are seconds since the epoch.

    retry_at -- the earliest time; None: as soon as the gate allows
    """

    number: int
    started_at: float
    seconds: float
    result: Result
    status: int | None
    code: str | None
    cause: Cause | None
    fault: Fault | None
    then: Next
    retry_at: float | None = None


class Entry(Struct, frozen=True):
    """Times are seconds since the epoch.

    written_at -- the record's timestamp; None where it has none
    who        -- the contact's first identity, masked; empty where there is none
    contact    -- ClickSend's fields, masked
    origins    -- the source of each field, as JSON pointers
    attempts   -- the last ones, numbered from 1
    trouble    -- why its dead letter is not written yet
    """

    partition: Partition
    offset: int
    written_at: float | None
    consumed_at: float
    size: int
    event: str
    standing: Standing = Standing.IN_PROGRESS
    reason: Reason | ReleaseReason | None = None
    detail: str = ""
    ended_at: float | None = None
    who: str = ""
    contact: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    trouble: str = ""

    @property
    def key(self) -> tuple[Partition, int]:
        """Return the entry's unique key."""
        return self.partition, self.offset

    @property
    def group(self) -> str:
        """Return the group within which the ring evicts."""
        return f"{self.standing} {self.reason}" if self.standing is Standing.FILTERED else self.standing

    def attempted(self, attempt: Attempt) -> Entry:
        """Return a copy with one more attempt."""
        return replace(self, attempts=(*self.attempts[-ATTEMPTS_KEPT + 1 :], attempt))

    def ended(self, standing: Standing, reason: Reason | ReleaseReason, at: float) -> Entry:
        """Return a copy with its end."""
        return replace(self, standing=standing, reason=reason, ended_at=at)
