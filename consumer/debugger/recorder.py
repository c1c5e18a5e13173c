"""Writes down what the journal hears, masked. The one way into the ring."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

import orjson

from consumer.clicksend.outcome import Outcome
from consumer.debugger.budget import UNWATCHED, WATCHED, WATCHED_SECONDS, Budget, Rates
from consumer.debugger.entry import Attempt, Entry, Next, Standing
from consumer.debugger.ring import Ring
from consumer.delivery.judge import AwaitProbe, GiveUp, Retry, Settle, Verdict
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.head import read_head
from consumer.mask import masked, masked_text, printable, without_identities
from consumer.stream.counts import ReleaseReason
from consumer.stream.record import Partition, Record, Task

LONGEST = 48  # characters of a text
FILTERED_OF_A_BATCH = 8

_VERDICTS: dict[type[Verdict], Next] = {
    Settle: Next.SETTLED,
    Retry: Next.RETRY,
    AwaitProbe: Next.PROBE,
    GiveUp: Next.DEAD_LETTER,
}


class Recorder:
    """A `consumer.stream.journal.Journal`.

    Under load it looks at a sample: the hot path pays for a few records a second in full, for the rest by a
    comparison. Trouble goes before: a retry or a dead letter is recorded also where its beginning was not.

    clock -- monotonic seconds
    wall  -- seconds since the epoch
    """

    def __init__(self, ring: Ring, clock: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._ring = ring
        self._clock = clock
        self._wall = wall
        self._ordinary, self._trouble, self._filtered = Budget(), Budget(), Budget()
        self._watched_until = 0.0
        self.passed_over = 0  # records beyond the budget; written by the poll thread only

    def watched(self) -> None:
        """Somebody looks: for a while more is recorded."""
        self._watched_until = self._clock() + WATCHED_SECONDS

    def filtered_wanted(self) -> int:
        """As the protocol says: the last few, so that one's own test event is there when the topic is quiet."""
        now = self._clock()
        return min(FILTERED_OF_A_BATCH, self._filtered.left(now, self._rates(now).filtered))

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """As the protocol says. A duplicate was mapped before."""
        now = self._clock()
        if reason is FilterReason.DUPLICATE and self._knows(record):
            self._ring.change(_key(record), lambda entry: entry.ended(Standing.FILTERED, reason, self._wall()))
        elif self._filtered.take(now, self._rates(now).filtered):
            self._ring.put(self._entry(record, _name(record.value)).ended(Standing.FILTERED, reason, self._wall()))

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """As the protocol says."""
        now = self._clock()
        if now < self._ordinary.spent_until or not self._ordinary.take(now, self._rates(now).ordinary):
            self.passed_over += 1
        else:
            self._ring.put(self._entry_of(task, decision))

    def answered(self, task: Task, outcome: Outcome, verdict: Verdict | None, seconds: float) -> None:
        """As the protocol says."""
        if not self._knows(task.record):
            if isinstance(verdict, Settle):
                return
            now = self._clock()
            if not self._trouble.take(now, self._rates(now).trouble):
                return
            self._ring.put(self._entry_of(task))
        self._ring.change(_key(task.record), lambda entry: self._after(entry, outcome, verdict, seconds))

    def buried(self, task: Task) -> None:
        """As the protocol says."""
        reason = task.reason or DeadLetterReason.REJECTED
        self._with_trouble(
            task, lambda entry: replace(entry.ended(Standing.DEAD_LETTERED, reason, self._wall()), trouble="")
        )

    def bury_failed(self, task: Task, why: str) -> None:
        """As the protocol says."""
        self._with_trouble(task, lambda entry: replace(entry, trouble=printable(why, LONGEST)))

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """As the protocol says."""
        at = self._wall()
        self._ring.change_unsettled(frozenset(partitions), lambda entry: entry.ended(Standing.RELEASED, reason, at))

    def _with_trouble(self, task: Task, change: Callable[[Entry], Entry]) -> None:
        now = self._clock()
        if self._knows(task.record):
            self._ring.change(_key(task.record), change)
        elif self._trouble.take(now, self._rates(now).trouble):
            self._ring.put(change(self._entry_of(task)))

    def _knows(self, record: Record) -> bool:
        """Whether the record's present way is remembered: one that had ended comes again, or is another one by now."""
        entry = self._ring.get(_key(record))
        if entry is None or entry.reason is ReleaseReason.REWOUND:
            return False
        return entry.standing in (Standing.IN_PROGRESS, Standing.RELEASED)

    def _rates(self, now: float) -> Rates:
        return WATCHED if now < self._watched_until else UNWATCHED

    def _after(self, entry: Entry, outcome: Outcome, verdict: Verdict | None, seconds: float) -> Entry:
        now = self._wall()
        waits = verdict.at - self._clock() if isinstance(verdict, Retry) else 0.0
        attempt = Attempt(
            number=entry.attempts[-1].number + 1 if entry.attempts else 1,
            started_at=now - seconds,
            seconds=seconds,
            result=outcome.result,
            status=outcome.status,
            code=outcome.code,
            cause=outcome.cause,
            fault=outcome.fault,
            then=_VERDICTS[type(verdict)] if verdict is not None else Next.NOTHING,
            retry_at=now + waits if waits > 0 else None,
        )
        entry = entry.attempted(attempt)
        return entry.ended(Standing.DELIVERED, verdict.reason, now) if isinstance(verdict, Settle) else entry

    def _entry_of(self, task: Task, decision: Enrolled | Undeliverable | None = None) -> Entry:
        """decision -- what the mapper said; None where its notes are no longer known"""
        contact = orjson.loads(task.payload) if task.payload else {}
        mapped = decision if isinstance(decision, Enrolled) else None
        return replace(
            self._entry(task.record, printable(task.event, LONGEST) or _name(task.record.value)),
            who=masked(task.contact, LONGEST),
            contact={field: _masked(field, value) for field, value in contact.items()},
            detail=task.detail,
            origins={origin.field: origin.pointer for origin in mapped.origins} if mapped else {},
            notes=tuple(map(str, mapped.notes)) if mapped else (),
        )

    def _entry(self, record: Record, event: str) -> Entry:
        return Entry(
            partition=record.partition,
            offset=record.offset,
            written_at=record.timestamp_ms / 1000 if record.timestamp_ms >= 0 else None,
            consumed_at=self._wall(),
            size=record.size,
            event=event,
        )


def _key(record: Record) -> tuple[Partition, int]:
    return record.partition, record.offset


def _masked(field: str, value: str) -> str:
    """Every value but the consent, which is one of three words of our own."""
    if field == "custom_1":
        return value
    return masked(value, LONGEST) if field in ("email", "phone_number") else masked_text(value)


def _name(value: bytes | None) -> str:
    """What an event that is not mapped calls itself."""
    head = read_head(value) if value else None
    name = head and (head.event or head.type)
    return without_identities(name, LONGEST) if isinstance(name, str) else ""
