"""Polled records, handed from the poll thread to the scheduler, and work handed on to the delivery loop."""

from __future__ import annotations

from msgspec import Struct, field

from consumer.delivery.gate import Permit
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.task import Task


class PolledRecords(Struct):
    """The result of one poll: tasks in the order of their arrival, counts of all other records."""

    consumed: int = 0
    skipped: int = 0
    filtered: dict[FilterReason, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)

    @property
    def deliveries(self) -> int:
        """Return the number of contacts among the tasks, those of records with several events included."""
        return sum(len(task.deliveries) for task in self.tasks)


class Deliver(Struct, frozen=True):
    """POST the task's payload, then call `Scheduler.complete` with this value.

    sent_at -- monotonic seconds
    """

    task: Task
    permit: Permit
    sent_at: float


class WriteDeadLetter(Struct, frozen=True):
    """Write the dead letter, then call `Scheduler.dead_letter_written` or `Scheduler.dead_letter_failed`."""

    task: Task


class Duplicate(Struct, frozen=True):
    """Report a task that `take` has settled, since ClickSend holds its payload already."""

    task: Task


class Probe(Struct, frozen=True):
    """Reload the credentials and probe, then call `Scheduler.probed`."""


class Wait(Struct, frozen=True):
    """Wait until `until` (monotonic seconds; infinite: until an event)."""

    until: float


class Paced(Wait, frozen=True):
    """Wait for the rate limit's next slot: until then no response brings a request."""


class Stop(Struct, frozen=True):
    """Stop: the scheduler is closed and hands out no more work."""


Work = Deliver | WriteDeadLetter | Duplicate | Probe | Wait | Stop
