"""What the scheduler hands to the delivery loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from consumer.delivery.gate import Permit
from consumer.scheduling.task import Task


class Deliver(NamedTuple):
    """POST the task's payload, then `Scheduler.complete` with this same value.

    permit  -- what the request goes out as
    sent_at -- monotonic seconds
    """

    task: Task
    permit: Permit
    sent_at: float


@dataclass(frozen=True, slots=True)
class Bury:
    """Write the task's dead letter, then `Scheduler.buried` or `Scheduler.bury_failed`."""

    task: Task


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The task was settled by being taken, as ClickSend holds its payload already: only tell of it."""

    task: Task


@dataclass(frozen=True, slots=True)
class Probe:
    """Read the credentials again and probe, then `Scheduler.probed`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until` (monotonic seconds; infinite: until something changes)."""

    until: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The scheduler is closed: nothing will be handed out any more."""


Work = Deliver | Bury | Duplicate | Probe | Wait | Stop
