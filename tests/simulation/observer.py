"""The observer of each simulated worker, which feeds the watch."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from consumer.clicksend.outcome import Outcome, Result
from consumer.delivery.outcome_policy import Action, DeadLetter, Settle
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.watch import Watch


class WatchObserver:
    """One worker's observer."""

    def __init__(self, watch: Watch, member: Member) -> None:
        self._watch = watch
        self._member = member

    def filtered_wanted(self) -> int:
        """Return 0: no filtered record is observed."""
        return 0

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return none."""
        return ()

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Ignore filtered records."""

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        """Ignore mapped records."""

    def batch_mapped(self, task: Task) -> None:
        """Ignore the batch: its events are watched."""

    def batch_settled(self, task: Task) -> None:
        """Ignore: its events are watched."""

    def duplicate(self, task: Task) -> None:
        """Ignore duplicates: the simulation has none."""

    def dead_letter_failed(self, task: Task, why: str) -> None:
        """Ignore failed dead letters, which are retried."""

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """Ignore released records: the scheduler counts them."""

    def answered(self, task: Task, outcome: Outcome, action: Action | None, _seconds: float) -> None:
        """A request has been judged."""
        if outcome.result is Result.CONFIGURATION_FAULT:
            self._member.halted, self._member.probe_allows = True, False
        if isinstance(action, Settle) or (isinstance(action, DeadLetter) and task.is_batch_event):
            self._watch.settled(self._member, task)

    def dead_letter_written(self, task: Task) -> None:
        """A dead letter was acknowledged."""
        self._watch.settled(self._member, task)
