"""A recorder with a virtual clock, and tasks for it."""

from __future__ import annotations

from collections import Counter

import orjson

from consumer.enrolment.disposition import FilterReason, Reason
from consumer.enrolment.enroller import Enrolled, Enroller, Undeliverable
from consumer.enrolment.rules import Rules
from consumer.monitoring.debugger.entry import Entry, Standing
from consumer.monitoring.debugger.recorder import Recorder
from consumer.monitoring.debugger.ring import Ring
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Partition, Record, Task
from consumer.worker.batches import DecidedBatch, task_of
from tests.support.engine import Engine
from tests.support.records import EVENTS

EPOCH = 1_767_225_600.0
ENROLLER = Enroller(Rules.of())
JANES = {
    "type": "track",
    "event": "Signed Up",
    "traits": {
        "email": "Jane.Doe@example.com",
        "phone": "+1 (415) 555-0132",
        "first_name": "Janet",
        "last_name": "Doeson",
        "company": "Acme Widgets",
        "address": {"city": "Springfield", "postalCode": "94016", "country": "US"},
    },
    "context": {"consent": {"canonical": {"marketing": True}}},
}


def entry(
    offset: int = 0,
    standing: Standing = Standing.IN_PROGRESS,
    reason: Reason | ReleaseReason | None = None,
    partition: Partition = EVENTS,
) -> Entry:
    return Entry(partition, offset, EPOCH, EPOCH, 10, "Signed Up", standing, reason)


class RecorderHarness:
    """A worker's recorder, and the time on its clocks."""

    def __init__(self, capacity: int = 100) -> None:
        self.now = 1000.0
        self.ring = Ring(capacity)
        self.recorder = Recorder(self.ring, lambda: self.now, lambda: EPOCH + self.now)
        self.engine = Engine()

    def arrives(self, event: object, offset: int = 0, key: bytes = b"visitor-1") -> Task:
        """A record is mapped, as the intake does it; it has to be one that enrols, or a dead letter."""
        record = Record(EVENTS, offset, int(EPOCH * 1000), key, orjson.dumps(event), [("trace", b"t-1")])
        decision = ENROLLER.decide(record.value)
        assert isinstance(decision, Enrolled | Undeliverable)
        if isinstance(decision, Undeliverable):
            task = Task.undeliverable(record, self.engine.tracker, decision.reason, decision.detail)
        else:
            task = Task(record, self.engine.tracker, decision.identities, decision.payload, decision.event)
        self.recorder.mapped(task, decision)
        return task

    def batch_arrives(self, *events: object, offset: int = 0) -> Task:
        """A record with these events and one that is filtered, as the intake does it."""
        record = Record(EVENTS, offset, int(EPOCH * 1000), b"visitor-1", orjson.dumps(events), [])
        decided = DecidedBatch(len(events) + 1, filtered=Counter([FilterReason.NOT_ENROLMENT]))
        for index, event in enumerate(events):
            decided.add(index, ENROLLER.decide(orjson.dumps(event)))
        task = task_of(record, self.engine.tracker, decided)
        self.recorder.batch_mapped(task)
        for each in task.deliveries:
            self.recorder.mapped(each, decided.enrolled[each.index])
        return task

    def offsets(self, standing: Standing) -> list[int]:
        """Which records of this standing are remembered."""
        self.recorder.look()
        return sorted(each.offset for each in self.ring.since(0)[0] if each.standing is standing)

    def entry(self, offset: int = 0) -> Entry:
        """Return the entry of a record."""
        self.recorder.look()
        found = self.ring.get((EVENTS, offset))
        assert found is not None
        return found
