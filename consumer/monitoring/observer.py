"""For those who want to watch single records: the demo's narration, the event debugger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import Verdict
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task


class Journal(Protocol):
    """Hears of every step that begins, settles, delays or loses a record. Called from several threads; must be quick.

    But for `filtered_wanted` and `filtered`, which are about most of a topic, it hears of all there is.
    """

    def filtered_wanted(self) -> int:
        """Of how many filtered records of the batch that comes it wants to hear: the last of each reason."""

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """The record is none of ClickSend's business."""

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """The record is to be delivered, or buried. Always the first that is heard of a task."""

    def answered(self, task: Task, outcome: Outcome, verdict: Verdict | None, seconds: float) -> None:
        """A request for the task has ended after so many seconds; `verdict` None: its partition has gone meanwhile.

        The task may be on its way again already: what changes in it is not to be read here.
        """

    def buried(self, task: Task) -> None:
        """The task's dead letter is acknowledged."""

    def bury_failed(self, task: Task, why: str) -> None:
        """The task's dead letter could not be written; it is tried again."""

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """What of these partitions was unsettled is given back."""


def combined(journals: Sequence[Journal]) -> Journal | None:
    """Several journals as one; None of none: then the worker spends nothing on them."""
    return Journals(journals) if len(journals) > 1 else next(iter(journals), None)


class Journals:
    """Several journals as one."""

    def __init__(self, journals: Sequence[Journal]) -> None:
        self._journals = journals

    def filtered_wanted(self) -> int:
        """As many as any wants."""
        return max(journal.filtered_wanted() for journal in self._journals)

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """As the protocol says; so are the others."""
        for journal in self._journals:
            journal.filtered(record, reason)

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        for journal in self._journals:
            journal.mapped(task, decision)

    def answered(self, task: Task, outcome: Outcome, verdict: Verdict | None, seconds: float) -> None:
        for journal in self._journals:
            journal.answered(task, outcome, verdict, seconds)

    def buried(self, task: Task) -> None:
        for journal in self._journals:
            journal.buried(task)

    def bury_failed(self, task: Task, why: str) -> None:
        for journal in self._journals:
            journal.bury_failed(task, why)

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        for journal in self._journals:
            journal.released(partitions, reason)
