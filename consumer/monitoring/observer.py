"""The interface for watching single records: the demo's narration, the event debugger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import Action
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task


class RecordObserver(Protocol):
    """Observe every record's steps. Called from several threads; must be quick.

    Only filtered records, the majority of a topic, are sampled.
    """

    def filtered_wanted(self) -> int:
        """Return how many filtered records of the next poll to report: the last ones of each reason."""

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return the reasons of which every filtered record is to be reported, none of them `not_enrolment`."""

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Note a record that is filtered."""

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """Note a record that will be delivered or dead-lettered. Always the first call for a task.

        Also called for each event to deliver of a batch, after `batch_mapped`.
        """

    def batch_mapped(self, task: Task) -> None:
        """Note a record with several events, of which at least one is to be delivered or has failed."""

    def batch_settled(self, task: Task) -> None:
        """Note that all events of such a record have ended without a dead letter."""

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        """Note the end of a request after so many seconds; `action` None: the partition is no longer owned.

        The task may be in flight again already, so do not read its mutable fields.
        """

    def duplicate(self, task: Task) -> None:
        """Note a record, or an event of one, that was mapped and is filtered as a duplicate."""

    def dead_letter_written(self, task: Task) -> None:
        """Note a dead letter that is acknowledged."""

    def dead_letter_failed(self, task: Task, why: str) -> None:
        """Note a dead letter that was not written and will be retried."""

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """Note that these partitions' unsettled records are released."""


def combined(observers: Sequence[RecordObserver]) -> RecordObserver | None:
    """Combine the observers into one; None if there are none."""
    return RecordObservers(observers) if len(observers) > 1 else next(iter(observers), None)


class RecordObservers:
    """Several observers as one."""

    def __init__(self, observers: Sequence[RecordObserver]) -> None:
        self._observers = observers

    def filtered_wanted(self) -> int:
        """Return the largest number that an observer wants."""
        return max(observer.filtered_wanted() for observer in self._observers)

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return the reasons that any observer wants in full."""
        return frozenset(reason for observer in self._observers for reason in observer.filtered_in_full())

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Forward to all observers, like the other methods."""
        for observer in self._observers:
            observer.filtered(record, reason)

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        for observer in self._observers:
            observer.mapped(task, decision)

    def batch_mapped(self, task: Task) -> None:
        for observer in self._observers:
            observer.batch_mapped(task)

    def batch_settled(self, task: Task) -> None:
        for observer in self._observers:
            observer.batch_settled(task)

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        for observer in self._observers:
            observer.answered(task, outcome, action, seconds)

    def duplicate(self, task: Task) -> None:
        for observer in self._observers:
            observer.duplicate(task)

    def dead_letter_written(self, task: Task) -> None:
        for observer in self._observers:
            observer.dead_letter_written(task)

    def dead_letter_failed(self, task: Task, why: str) -> None:
        for observer in self._observers:
            observer.dead_letter_failed(task, why)

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        for observer in self._observers:
            observer.released(partitions, reason)
