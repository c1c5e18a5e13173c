"""Record observed events, masked. The only writer of the ring."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from operator import itemgetter

import orjson
from msgspec import Struct
from msgspec.structs import replace

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import Action, AwaitProbe, DeadLetter, Retry, Settle
from consumer.enrolment.consent import Consent
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason, Reason
from consumer.enrolment.head import read_event_header
from consumer.mask import masked, masked_text, printable, without_identities
from consumer.monitoring.debugger.entry import Attempt, Entry, Next, Standing
from consumer.monitoring.debugger.ring import Ring
from consumer.monitoring.debugger.sightings import Change, Key, Sighting, Sightings
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task

LONGEST = 48  # characters of a text
LONGEST_DETAIL = 200  # characters of a text of our own
LOOK_SECONDS = 1.0  # between two conversions of sightings to entries
LARGE = 32_768  # bytes of a value: fewer of these records are held until the next look
MOST_LARGE = 5
WATCHED_SECONDS = 15.0  # after the page's last request


class Most(Struct, frozen=True):
    """The most records kept between two looks, by kind.

    ordinary -- deliverable
    trouble  -- undeliverable, or with a retry or a dead letter after the start was dropped
    filtered -- filtered, by reason
    polled   -- filtered, by reason, in one poll
    """

    ordinary: int
    trouble: int
    filtered: int
    polled: int


UNWATCHED = Most(ordinary=10, trouble=50, filtered=10, polled=10)
WATCHED = Most(ordinary=300, trouble=300, filtered=60, polled=25)

CONSENTS = frozenset(map(str, Consent))

_NEXT_STEPS: dict[type[Action], Next] = {
    Settle: Next.SETTLED,
    Retry: Next.RETRY,
    AwaitProbe: Next.PROBE,
    DeadLetter: Next.DEAD_LETTER,
}


class Recorder:
    """A `consumer.monitoring.observer.RecordObserver`.

    Worker threads only note the newest records of each kind; `look` converts them to entries about once a second.
    Retries and dead letters are recorded even if their start was dropped.

    clock -- monotonic seconds
    wall  -- seconds since the epoch
    """

    def __init__(self, ring: Ring, clock: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._ring = ring
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()  # held to change a sighting or convert it to an entry; not to add one
        self._enrolled, self._large, self._undeliverable, self._trouble = (Sightings() for _ in range(4))
        self._filtered = {reason: Sightings() for reason in FilterReason}
        self._kinds = (self._enrolled, self._large, self._undeliverable, self._trouble, *self._filtered.values())
        self._most = UNWATCHED
        self._watched_until = -1.0
        self._look_at = 0.0

    def watched(self) -> None:
        """Record more for a while, since the page is open."""
        self._watched_until = self._clock() + WATCHED_SECONDS
        self._most = WATCHED
        self.look()

    def tick(self) -> None:
        """Look if it is due. Call about twice a second."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._most = WATCHED if now < self._watched_until else UNWATCHED
            self.look()

    def look(self) -> None:
        """Make entries of the sightings, oldest first. Any thread may call it."""
        seen = [(sighting.at, key, kind) for kind in self._kinds for key, sighting in kind.items()]
        for _, key, kind in sorted(seen, key=itemgetter(0)):
            with self._lock:  # one entry at a time: worker threads may wait for the lock
                if (sighting := kind.kept.get(key)) is not None:  # else dropped, or converted by another thread
                    self._ring.put(_entry(sighting))
                    kind.remove(key)

    def filtered_wanted(self) -> int:
        """Return a small number, so that a test event is shown on a quiet topic."""
        return self._most.polled

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return none."""
        return ()

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Note a filtered record. A duplicate was mapped before."""
        at = self._wall()
        change = partial(_ended, Standing.FILTERED, reason, at)
        if reason is FilterReason.DUPLICATE and self._changed(record, change):
            return
        most = self._most.filtered if len(record.value or b"") <= LARGE else MOST_LARGE
        self._filtered[reason].add(_key(record), Sighting(record, at, None, None, [change]), most)

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        if task.is_batch_event:
            return  # `batch_settled` notes the numbers
        record = task.record
        kind, most = self._enrolled, self._most.ordinary
        if not isinstance(decision, Enrolled):
            kind, most = self._undeliverable, self._most.trouble
        if len(record.value or b"") > LARGE:
            kind, most = self._large, MOST_LARGE
        if kind is not self._enrolled or kind.wants(most):
            kind.add(_key(record), Sighting(record, self._wall(), task, decision, []), most)

    def batch_mapped(self, task: Task) -> None:
        if task.batch is None:
            return
        kind, most = self._enrolled, self._most.ordinary
        if len(task.record.value or b"") > LARGE:
            kind, most = self._large, MOST_LARGE
        summary = partial(_summed, task.batch.summary())
        kind.add(_key(task.record), Sighting(task.record, self._wall(), task, None, [summary]), most)

    def batch_settled(self, task: Task) -> None:
        if task.batch is None:
            return
        self._changed(task.record, partial(_summed, task.batch.summary()))
        ended = partial(_ended, Standing(task.batch.disposition), task.batch.reason, self._wall())
        self._changed(task.record, ended)

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        if task.is_batch_event and isinstance(action, Settle):
            return
        if isinstance(action, Settle):
            key = _key(task.record)  # most are unknown: check without the lock
            enrolled, large, trouble = self._enrolled.kept, self._large.kept, self._trouble.kept
            if not (key in enrolled or key in large or key in trouble or key in self._ring.entries):
                return
        waits = action.at - self._clock() if isinstance(action, Retry) else 0.0
        change = partial(_after, outcome, action, seconds, waits, self._wall())
        if isinstance(action, Settle):
            self._changed(task.record, change)
        else:
            self._change_or_add(task, change)

    def duplicate(self, task: Task) -> None:
        if not task.is_batch_event:
            self.filtered(task.record, FilterReason.DUPLICATE)

    def dead_letter_written(self, task: Task) -> None:
        reason = task.reason or DeadLetterReason.REJECTED
        if task.batch is not None:
            self._change_or_add(task, partial(_summed, task.batch.summary()))
        self._change_or_add(task, partial(_ended, Standing.DEAD_LETTERED, reason, self._wall()))

    def dead_letter_failed(self, task: Task, why: str) -> None:
        trouble = printable(why, LONGEST)
        self._change_or_add(task, lambda entry: replace(entry, trouble=trouble))

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        gone, change = frozenset(partitions), partial(_released, reason, self._wall())
        with self._lock:
            for kind in self._kinds:
                for (partition, _), sighting in kind.items():
                    if partition in gone:
                        sighting.change(change)
        self._ring.change_unsettled(gone, change)

    def _change_or_add(self, task: Task, change: Change) -> None:
        if not self._changed(task.record, change):
            sighting = Sighting(task.record, self._wall(), task, None, [change])
            self._trouble.add(_key(task.record), sighting, self._most.trouble)

    def _changed(self, record: Record, change: Change) -> bool:
        """Apply a change to a known record. Return False if it is unknown."""
        key = _key(record)
        with self._lock:
            for kind in self._kinds:
                if (sighting := kind.kept.get(key)) is not None:
                    sighting.change(change)
                    return True
        return self._is_remembered(key) and self._ring.change(key, change)

    def _is_remembered(self, key: Key) -> bool:
        """Return whether the ring has the record's current delivery, not one that ended before."""
        entry = self._ring.get(key)
        if entry is None or entry.reason is ReleaseReason.REWOUND:
            return False
        return entry.standing in (Standing.IN_PROGRESS, Standing.RELEASED)


def _ended(standing: Standing, reason: Reason, at: float, entry: Entry) -> Entry:
    return replace(entry.ended(standing, reason, at), trouble="")


def _summed(summary: str, entry: Entry) -> Entry:
    """Return the entry of a record with several events, with their numbers."""
    return replace(entry, event=summary)


def _released(reason: ReleaseReason, at: float, entry: Entry) -> Entry:
    return entry.ended(Standing.RELEASED, reason, at) if entry.standing is Standing.IN_PROGRESS else entry


def _after(outcome: Outcome, action: Action | None, seconds: float, waits: float, now: float, entry: Entry) -> Entry:
    """Return the entry after a response. `waits` is seconds until the retry."""
    attempt = Attempt(
        number=entry.attempts[-1].number + 1 if entry.attempts else 1,
        started_at=now - seconds,
        seconds=seconds,
        result=outcome.result,
        status=outcome.status,
        code=outcome.code,
        cause=outcome.cause,
        fault=outcome.fault,
        then=_NEXT_STEPS[type(action)] if action is not None else Next.NOTHING,
        retry_at=now + waits if waits > 0 else None,
    )
    entry = entry.attempted(attempt)
    return entry.ended(Standing.DELIVERED, action.reason, now) if isinstance(action, Settle) else entry


def _entry(sighting: Sighting) -> Entry:
    """Return the masked and shortened entry of a record."""
    record, task, decision = sighting.record, sighting.task, sighting.decision
    entry = Entry(
        partition=record.partition,
        offset=record.offset,
        written_at=record.timestamp_ms / 1000 if record.timestamp_ms >= 0 else None,
        consumed_at=sighting.at,
        size=record.size,
        event=(printable(task.event, LONGEST) if task else "") or _name(record.value),
    )
    if task is not None:
        contact = orjson.loads(task.payload) if task.payload else {}
        entry = replace(
            entry,
            who=masked(task.contact, LONGEST),
            contact={field: _masked(field, value) for field, value in contact.items()},
            detail=printable(task.detail, LONGEST_DETAIL),
        )
    if isinstance(decision, Enrolled):
        origins = {origin.field: printable(origin.pointer, LONGEST_DETAIL) for origin in decision.origins}
        entry = replace(entry, origins=origins, notes=tuple(map(str, decision.notes)))
    for change in sighting.changes:
        entry = change(entry)
    return entry


def _key(record: Record) -> tuple[Partition, int]:
    return record.partition, record.offset


def _masked(field: str, value: str) -> str:
    """Mask every value but the consent, which is one of three constants."""
    if value in CONSENTS:
        return value
    return masked(value, LONGEST) if field in ("email", "phone_number") else masked_text(value)


def _name(value: bytes | None) -> str:
    """Return the name of an event that is not mapped."""
    head = read_event_header(value) if value else None
    name = head and (head.event or head.type)
    return without_identities(name, LONGEST) if isinstance(name, str) else ""
