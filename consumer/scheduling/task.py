"""A record on its way through this worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from confluent_kafka import Message

from consumer.delivery.attempts import Attempts
from consumer.enrolment.disposition import DeadLetterReason

if TYPE_CHECKING:
    from consumer.scheduling.offset_tracker import Ledger

Headers = list[tuple[str, bytes | None]]


class Partition(NamedTuple):
    """A topic's partition. Equal to, and hashed like, the plain tuple (topic, number)."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


class Record(msgspec.Struct, frozen=True, gc=False):
    """A Kafka message, as consumed: what a dead letter must give back unchanged.

    A msgspec Struct is made in a tenth of a dataclass's time, and there is one for each contact.
    """

    partition: Partition
    offset: int
    timestamp_ms: int  # milliseconds since the epoch, as Kafka stored it; -1: none
    key: bytes | None
    value: bytes | None
    headers: Headers
    headers_left_out: bool = False  # it has some, and the binding cannot read them

    @property
    def size(self) -> int:
        """Bytes of key, value and headers, their names included: what the record costs while it is buffered."""
        size = len(self.key or b"") + len(self.value or b"")
        if self.headers:
            size += sum(len(name) + len(value or b"") for name, value in self.headers)
        return size


_HEADERS = methodcaller("headers")
_UNREADABLE: Headers = [("", None)]  # told from headers that look like it by its identity


def headers_of(message: Message) -> Headers | None:
    """Return the headers of a consumed message; None where the binding cannot read them. Never raises.

    confluent-kafka decodes each name as UTF-8, which Kafka does not ask for. At one that is not it sets the exception,
    and returns, and keeps for the next call, pairs that lack the name: whoever looks at those crashes. Called as
    `message.headers()`, the exception is noticed only while the call is new: once the interpreter has specialised it,
    the exception comes out of whatever is done next. `methodcaller` always looks.
    """
    try:
        headers = _HEADERS(message) or []
    except (UnicodeDecodeError, SystemError):
        message.set_headers(_UNREADABLE)  # type: ignore[arg-type]  # ours have no text as values
        return None
    return None if headers is _UNREADABLE else headers


class Stage(Enum):
    """Where a task stands. Exactly one thread or queue holds it at any time."""

    QUEUED = "queued"  # behind another record of one of its identities
    READY = "ready"  # first in its lanes, may be taken
    IN_FLIGHT = "in_flight"  # a request is under way
    PARKED = "parked"  # waits until its retry is due
    SUSPECT = "suspect"  # waits for a probe
    HELD = "held"  # is no event, and waits until the input guard has judged its run
    TO_BURY = "to_bury"  # its dead letter is to be written
    BURYING = "burying"  # its dead letter awaits the broker's acknowledgement
    DONE = "done"


@dataclass(slots=True, eq=False)
class Task:
    """One unsettled record and what the worker knows about it. Guarded by the scheduler's lock, but for the fields
    that its present holder (the thread that took it) alone reads: `record`, `payload`, `reason`, `detail`.
    """

    record: Record
    ledger: Ledger
    identities: tuple[str, ...] = ()  # none for a record that never becomes a contact
    payload: bytes = b""
    event: str = ""
    reason: DeadLetterReason | None = None
    detail: str = ""
    stage: Stage = Stage.QUEUED
    ahead: int = 0  # lanes in which another task stands before it
    attempts: Attempts = field(default_factory=Attempts)
    burials: int = 0  # how often its dead letter could not be written

    @property
    def contact(self) -> str:
        """What tells this record's contact from others in this worker."""
        return self.identities[0] if self.identities else ""
