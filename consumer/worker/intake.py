"""From what Kafka handed out to what the scheduler takes over: decode, filter and map on the poll thread."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from confluent_kafka import Message

from consumer.dead_letters.format import redrives
from consumer.enrolment.disposition import FilterReason
from consumer.enrolment.enroller import Decision, Enrolled, Enroller, Filtered, Undeliverable
from consumer.monitoring.observer import Journal
from consumer.scheduling.offset_tracker import Ledger
from consumer.scheduling.scheduler import Batch
from consumer.scheduling.task import Headers, Partition, Record, Task, headers_of

Rewind = Callable[[Ledger, int, int], Ledger | None]
Passed = Mapping[FilterReason, deque[tuple[Message, Partition]]]


class Guard(Protocol):
    """Watches for records that are no events: see `consumer.worker.input_guard`."""

    @property
    def runs(self) -> Mapping[Ledger, object]:
        """By ledger, those that an event may follow. Always the same mapping, changed by the methods."""

    def add(self, task: Task, decision: Decision) -> None:
        """A record is to be delivered, or is a dead letter: hold it back if it is no event."""

    def followed(self, ledger: Ledger, decision: Decision, headers: Callable[[], Headers | None]) -> None:
        """A record came behind a run."""


class Intake:
    """Reads messages into batches. The hottest path of the program: most records end here as filtered.

    rewind      -- called with a ledger, an offset below what it has seen, and the lowest offset that was read for it
                   and is not in it yet; gives the ledger to go on with, or None: what was fetched comes again
    max_age_ms  -- records older than so many milliseconds are filtered; 0: none
    """

    def __init__(
        self,
        enroller: Enroller,
        ledgers: Mapping[Partition, Ledger],
        rewind: Rewind,
        max_age_ms: int,
        journal: Journal | None,
        guard: Guard | None = None,
    ) -> None:
        self._decide = enroller.decide
        self._ledgers = ledgers
        self._rewind = rewind
        self._max_age_ms = max_age_ms
        self._journal = journal
        self._guard = guard

    def read(self, messages: Sequence[Message], now_ms: int) -> tuple[Batch, list[Message]]:
        """Sort messages into a batch and the errors that came among them. `now_ms`: milliseconds since the epoch."""
        batch = Batch()
        errors: list[Message] = []
        moved_back: set[Partition] = set()  # of which the rest of these messages is handed out again
        oldest_ms = now_ms - self._max_age_ms if self._max_age_ms else None
        ledgers, decide, filtered, journal = self._ledgers, self._decide, batch.filtered, self._journal
        wanted = journal.filtered_wanted() if journal is not None else 0
        passed: Passed = defaultdict(lambda: deque(maxlen=wanted))
        runs: Mapping[Ledger, object] = self._guard.runs if self._guard is not None else {}
        for message in messages:
            if message.error() is not None:
                errors.append(message)
                continue
            ledger = ledgers.get((message.topic(), message.partition()))  # type: ignore[call-overload]  # a Partition equals its plain tuple, which is cheaper
            if ledger is None:
                continue  # of a partition that has just gone: its next owner gets it
            offset: int = message.offset()  # type: ignore[assignment]  # none only where there is an error
            if offset <= ledger.highest_seen or moved_back:
                ledger = self._in_order(ledger, offset, batch.tasks, moved_back)
                if ledger is None:
                    continue
            ledger.highest_seen = offset
            ledger.last_message = message
            if ledger.settled_before is not None and ledger.settled_before.says_settled(offset, message.leader_epoch()):
                batch.skipped += 1
                continue
            batch.consumed += 1
            # What an operator has redriven is wanted, however old it is.
            if (
                oldest_ms is not None
                and 0 <= message.timestamp()[1] < oldest_ms
                and not redrives(headers_of(message) or [])
            ):
                reason = FilterReason.TOO_OLD
            else:
                decision = decide(message.value())
                if runs:
                    self._look_at_run(message, ledger, decision)
                if not isinstance(decision, Filtered):
                    batch.tasks.append(self._task(message, ledger, decision))
                    continue
                reason = decision.reason
            filtered[reason] = filtered.get(reason, 0) + 1
            if wanted:
                passed[reason].append((message, ledger.partition))
        _note_epochs(ledgers, messages)
        if journal is not None:
            _tell(journal, passed)
        return batch, errors

    def _task(self, message: Message, ledger: Ledger, decision: Enrolled | Undeliverable) -> Task:
        task = _task(message, ledger, decision)
        if self._guard is not None and isinstance(decision, Undeliverable):
            self._guard.add(task, decision)
        if self._journal is not None:
            self._journal.mapped(task, decision)
        return task

    def _look_at_run(self, message: Message, ledger: Ledger, decision: Decision) -> None:
        if self._guard is not None and ledger in self._guard.runs:
            self._guard.followed(ledger, decision, partial(headers_of, message))

    def _in_order(
        self, ledger: Ledger, offset: int, tasks: Iterable[Task], moved_back: set[Partition]
    ) -> Ledger | None:
        """The ledger of a record that may have come before; None: it comes again."""
        if ledger.partition in moved_back:
            return None
        if offset > ledger.highest_seen:
            return ledger
        read = (task.record.offset for task in tasks if task.ledger is ledger)
        fresh = self._rewind(ledger, offset, min(read, default=offset))
        if fresh is None:
            moved_back.add(ledger.partition)
        return fresh


def record_of(message: Message, partition: Partition) -> Record:
    """The message as a value."""
    headers = headers_of(message)
    return Record(
        partition=partition,
        offset=message.offset(),  # type: ignore[arg-type]  # none only where there is an error
        timestamp_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=headers or [],
        headers_left_out=headers is None,
    )


def _note_epochs(ledgers: Mapping[Partition, Ledger], messages: Sequence[Message]) -> None:
    """Where a partition's last record has another leader epoch than before, find where it began: epochs never fall.

    Asking each record for its epoch would cost four per cent of what a browsing event does.
    """
    for partition, ledger in ledgers.items():
        last, ledger.last_message = ledger.last_message, None
        if last is None or last.leader_epoch() == ledger.leader_epoch:
            continue
        for message in messages:
            if message.error() is None and (message.topic(), message.partition()) == partition:
                ledger.epoch_is(message.leader_epoch(), message.offset() or 0)


def _tell(journal: Journal, passed: Passed) -> None:
    """Only these become values: most of a topic is filtered, and few of that are looked at."""
    for reason, messages in passed.items():
        for message, partition in messages:
            journal.filtered(record_of(message, partition), reason)


def _task(message: Message, ledger: Ledger, decision: Enrolled | Undeliverable) -> Task:
    record = record_of(message, ledger.partition)
    if isinstance(decision, Undeliverable):
        return Task(record, ledger, reason=decision.reason, detail=decision.detail)
    return Task(record, ledger, decision.identities, decision.payload, decision.event)
