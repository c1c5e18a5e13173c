"""The oracle of batches: each event ends once, and a dead letter lists the events that failed and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.scheduling.task import Headers, Task
from consumer.worker.batches import BATCH_SECONDS
from tests.simulation.assignments import Assignments
from tests.simulation.batches import failed_in
from tests.simulation.records import Kind, Produced

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.watch import Watch

TOLERANCE = 1e-6  # seconds, of sums of times


class BatchOracle:
    """Told of the events of batches, and of all dead letters."""

    def __init__(self, watch: Watch, assignments: Assignments) -> None:
        self._watch = watch
        self._assignments = assignments

    def polled(self, member: Member) -> None:
        """The poll thread polls: since it did so last, it has decided batches for one slice at most."""
        decider = member.decider
        if decider.busy > BATCH_SECONDS + decider.seconds + TOLERANCE:
            self._watch.violated("slices", f"{member.name} decides batches for {decider.busy:.3f} s between two polls")
        decider.busy = 0.0

    def event_ended(self, member: Member, task: Task) -> bool:
        """An event has its end in this worker. Return whether its record is settled by that, without a dead letter."""
        offset, ended = task.record.offset, self._assignments.of(task.tracker).events
        if (offset, task.index) in ended:
            self._watch.violated("one disposition", f"{member.name} settles event {task.index} of {offset} twice")
        ended.add((offset, task.index))
        events = self._watch.records.by_value[task.record.value or b""]
        due = {(offset, each.index) for each in events if each.kind is Kind.CONTACT}
        return due <= ended and not _failed(member, events)

    def dead_letter_sent(self, member: Member, value: bytes | None, headers: Headers) -> None:
        """A worker writes a dead letter: with the events of its record that ClickSend has not taken from it."""
        events = self._watch.records.by_value.get(value or b"", [])
        listed, failed = failed_in(headers), _failed(member, events)
        if events and events[0].is_batched != (listed is not None):
            self._watch.violated("dead letter", f"#{events[0].number} is no batch, or lists no event that failed")
        if listed is not None and listed != failed:
            self._watch.violated("dead letter", f"#{events[0].number} lists {listed}; {failed} have failed")

    def dead_letter_arrived(self, value: bytes | None, headers: Headers) -> None:
        """The dead-letter topic has one more record."""
        watch = self._watch
        events = watch.records.by_value.get(value or b"")
        if not events:
            watch.violated("dead letter", f"holds {value!r}, which nobody has produced")
            return
        listed = failed_in(headers)
        watch.trace("letter", f"#{events[0].number}", "" if listed is None else sorted(listed))
        for each in events:
            if listed is None or each.index in listed:
                self._ends_there(each)

    def _ends_there(self, produced: Produced) -> None:
        watch = self._watch
        watch.settled_at = watch.now
        produced.dead_lettered = True
        if produced.kind is Kind.FILTERED:
            watch.violated("dead letter", f"#{produced.number} was to be filtered")
        if produced.kind is Kind.CONTACT and produced.contact not in watch.troubled and not produced.suspected:
            watch.violated("dead letter", f"#{produced.number} of {produced.contact}, who is welcome")


def _failed(member: Member, events: list[Produced]) -> set[int]:
    """Return those that have failed, once all have ended in this worker."""
    return {
        each.index
        for each in events
        if each.kind is Kind.BROKEN or (each.kind is Kind.CONTACT and each.number not in member.delivered)
    }
