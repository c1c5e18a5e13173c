"""For those who want to watch single records: the demo's narration, the event debugger."""

from __future__ import annotations

from typing import Protocol

from consumer.clicksend.outcome import Outcome
from consumer.delivery.judge import Verdict
from consumer.enrolment.disposition import FilterReason
from consumer.stream.record import Record, Task


class Journal(Protocol):
    """Hears of every step that settles, delays or loses a record. Called from several threads; must be quick."""

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """The record is none of ClickSend's business."""

    def answered(self, task: Task, outcome: Outcome, verdict: Verdict | None) -> None:
        """A request for the task has ended; `verdict` None: its partition has gone meanwhile."""

    def buried(self, task: Task) -> None:
        """The task's dead letter is acknowledged."""
