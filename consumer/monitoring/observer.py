"""For those who want to watch single records: the demo's narration, the event debugger."""

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
    """Hears of every step that begins, settles, delays or loses a record. Called from several threads; must be quick.

    But for `filtered_wanted` and `filtered`, which are about most of a topic, it hears of all there is.
    """

    def filtered_wanted(self) -> int:
        """Of how many filtered records of the batch that comes it wants to hear: the last of each reason."""

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """The record is none of ClickSend's business."""

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """The record is to be delivered, or buried. Always the first that is heard of a task."""

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        """A request for the task has ended after so many seconds; `action` None: its partition has gone meanwhile.

        The task may be on its way again already: what changes in it is not to be read here.
        """

    def dead_letter_written(self, task: Task) -> None:
        """The task's dead letter is acknowledged."""

    def dead_letter_failed(self, task: Task, why: str) -> None:
        """The task's dead letter could not be written; it is tried again."""

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """What of these partitions was unsettled is given back."""


def combined(observers: Sequence[RecordObserver]) -> RecordObserver | None:
    """Several journals as one; None of none: then the worker spends nothing on them."""
    return RecordObservers(observers) if len(observers) > 1 else next(iter(observers), None)


class RecordObservers:
    """Several journals as one."""

    def __init__(self, observers: Sequence[RecordObserver]) -> None:
        self._observers = observers

    def filtered_wanted(self) -> int:
        """As many as any wants."""
        return max(observer.filtered_wanted() for observer in self._observers)

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """As the protocol says; so are the others."""
        for observer in self._observers:
            observer.filtered(record, reason)

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        for observer in self._observers:
            observer.mapped(task, decision)

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        for observer in self._observers:
            observer.answered(task, outcome, action, seconds)

    def dead_letter_written(self, task: Task) -> None:
        for observer in self._observers:
            observer.dead_letter_written(task)

    def dead_letter_failed(self, task: Task, why: str) -> None:
        for observer in self._observers:
            observer.dead_letter_failed(task, why)

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        for observer in self._observers:
            observer.released(partitions, reason)
