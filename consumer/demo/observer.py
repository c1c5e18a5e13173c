"""Observations of single records, with identities masked."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from queue import SimpleQueue

import orjson

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import Action, DeadLetter, Retry, Settle
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.mask import masked, without_identities
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task

NOTE = "demo-note"
"""The header with the remark shown beside the record."""


@dataclass(frozen=True, slots=True)
class About:
    """The observed record: its event name and its masked contact (`who`), each empty where there is none."""

    place: str
    event: str = ""
    who: str = ""
    note: str = ""
    at: float = field(default_factory=time.time)  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class WasFiltered:
    about: About
    reason: FilterReason


@dataclass(frozen=True, slots=True)
class WasDelivered:
    """consent -- as stored in ClickSend; attempts -- number of requests."""

    about: About
    consent: str
    attempts: int


@dataclass(frozen=True, slots=True)
class WillRetry:
    """wait -- seconds; 0 while the gate is closed."""

    about: About
    answer: Outcome
    wait: float


@dataclass(frozen=True, slots=True)
class DeadLetterWritten:
    """answer -- ClickSend's last response; None without a request."""

    about: About
    reason: DeadLetterReason
    detail: str
    answer: Outcome | None


@dataclass(frozen=True, slots=True)
class Announced:
    """An observation that concerns no single record."""

    text: str
    at: float = field(default_factory=time.time)


Observation = WasFiltered | WasDelivered | WillRetry | DeadLetterWritten | Announced
Observations = SimpleQueue[Observation]


class DemoObserver:
    """A RecordObserver that only queues: the worker's threads never wait for the terminal."""

    def __init__(self, observations: Observations) -> None:
        self._observations = observations

    def filtered_wanted(self) -> int:
        """Return no limit: all filtered records are counted."""
        return sys.maxsize

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return none: all are reported anyway."""
        return ()

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Queue the observation."""
        self._observations.put(WasFiltered(_about(record, _name(record.value)), reason))

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """Ignore: only outcomes are narrated."""

    def batch_mapped(self, task: Task) -> None:
        """Ignore: its events are narrated."""

    def batch_settled(self, task: Task) -> None:
        """Ignore: its events are narrated."""

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:  # noqa: ARG002 -- the protocol's
        """Queue the observation."""
        if action is None or isinstance(action, DeadLetter):  # no longer owned, or `dead_letter_written` follows
            return
        about = _about_task(task)
        if isinstance(action, Settle):
            consent = str(orjson.loads(task.payload)["custom_1"])
            self._observations.put(WasDelivered(about, consent, task.attempts.count))
        else:
            wait = action.at - time.monotonic() if isinstance(action, Retry) else 0.0
            self._observations.put(WillRetry(about, outcome, max(0.0, wait)))

    def duplicate(self, task: Task) -> None:
        """Queue the observation."""
        if not task.is_batch_event:
            self.filtered(task.record, FilterReason.DUPLICATE)

    def dead_letter_written(self, task: Task) -> None:
        """Queue the observation."""
        reason = task.reason or DeadLetterReason.REJECTED
        self._observations.put(DeadLetterWritten(_about_task(task), reason, task.detail, task.attempts.last))

    def dead_letter_failed(self, task: Task, why: str) -> None:
        """Ignore: the demo's broker accepts every dead letter."""

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """Ignore: the summary counts unsettled records."""


def _about_task(task: Task) -> About:
    return _about(task.record, without_identities(task.event), masked(task.contact))


def _about(record: Record, event: str, who: str = "") -> About:
    note = dict(record.headers).get(NOTE) or b""
    return About(f"{record.partition}@{record.offset}", event, who, note.decode(errors="replace"))


def _name(value: bytes | None) -> str:
    """Return the event's name, else its type, with identities masked."""
    try:
        event = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(event, dict):
        return ""
    name = event.get("event") or event.get("type")
    return without_identities(name) if isinstance(name, str) else ""
