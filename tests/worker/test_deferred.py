"""A record whose schema is not here yet stops its own partition, and nothing else."""

from __future__ import annotations

from typing import cast

import orjson
import pytest
from confluent_kafka import Message
from prometheus_client import CollectorRegistry

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.formats.framing import Decoded, Framed, SchemaId, SchemaPending
from consumer.formats.value_format import Layer, ValueFormat
from consumer.monitoring.collector import WorkerCollector
from consumer.monitoring.health import Health, HealthState
from consumer.scheduling.back_pressure import Caps, pressure
from consumer.scheduling.counts import ReleaseReason
from consumer.worker.deferred import Deferred
from consumer.worker.input_guard import InputGuard
from consumer.worker.intake import Intake
from tests.support.engine import Engine
from tests.support.records import EVENTS, MORE_EVENTS, TIMESTAMP_MS, Consumed

KNOWN, LATE, NEVER = 7, 8, 9
POSITION = 1000  # the consumer's, beyond all that was fetched


class LateSchemas:
    """A registry of schemas whose data is JSON: one is known, the others come when they are told to."""

    def __init__(self) -> None:
        self.changes, self.fault = 0, ""
        self.known: set[SchemaId] = {KNOWN}
        self.refused: set[SchemaId] = set()
        self.asked: set[SchemaId] = set()

    def come(self, schema_id: SchemaId) -> None:
        self.known.add(schema_id)
        self.changes += 1

    def refuse(self, schema_id: SchemaId) -> None:
        self.refused.add(schema_id)
        self.changes += 1

    def wait(self, seconds: float) -> None:
        """The worker never waits."""
        raise AssertionError(seconds)

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        self.asked.add(framed.schema_id)
        if framed.schema_id in self.refused:
            return Undeliverable(DeadLetterReason.UNDECODABLE, "unknown schema")
        if framed.schema_id in self.known:
            return Decoded(framed.payload, Layer.JSON_SCHEMA)
        return SchemaPending(framed.schema_id)


class Worker:
    """A worker that owns the partition EVENTS."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.schemas = LateSchemas()
        self.health = Health(self.engine.now)
        self.health.reachable, self.health.assigned = True, 1
        self.guard = InputGuard(3, self.health)
        self.deferred = Deferred(self.schemas)
        decider = Decider(Enroller(Rules.of()), ValueFormat.REGISTRY, self.schemas)
        scheduler = self.engine.scheduler
        self._intake = Intake(
            decider, scheduler.trackers, lambda tracker, *_: tracker, 0, None, self.guard, self.deferred
        )
        self._offset = 0

    def consume(self, *schemas: int) -> None:
        """Records of these schemas, each of a contact of its own; then the rest of the turn."""
        self._take_in([self._message(schema) for schema in schemas])
        self.turn()

    def turn(self) -> None:
        self._take_in(self.deferred.ready())
        self.health.registry_fault, self.health.schema_waits = self.deferred.fault, self.deferred.waiting_for_schema
        decision = pressure(self.engine.scheduler.trackers.values(), Caps())
        for tracker in decision.pause:
            tracker.paused = True
        for tracker in decision.resume:
            tracker.paused = False
        self.engine.scheduler.release_held(self.guard.tick(self.engine.now))

    def admitted(self) -> list[int]:
        return [task.record.offset for task in self.engine.tracker]

    def _message(self, schema: int) -> Message:
        event = {"type": "identify", "traits": {"email": f"u{self._offset}@example.com"}}
        value = b"\0" + schema.to_bytes(4, "big") + orjson.dumps(event)
        self._offset += 1
        return cast(Message, Consumed(self._offset - 1, value))

    def _take_in(self, messages: list[Message]) -> None:
        batch, errors = self._intake.read(messages, TIMESTAMP_MS)
        assert errors == []
        self.engine.scheduler.admit(batch)


def test_a_known_schema_waits_for_nothing() -> None:
    worker = Worker()
    worker.consume(KNOWN, KNOWN)
    assert worker.admitted() == [0, 1]
    assert not worker.engine.tracker.paused


def test_from_the_first_record_that_waits_on_none_is_admitted_and_the_partition_is_paused() -> None:
    worker = Worker()
    worker.consume(KNOWN, LATE, KNOWN)
    worker.consume(KNOWN)
    assert worker.admitted() == [0]
    assert worker.engine.tracker.paused
    assert worker.engine.scheduler.snapshot().counts.consumed == 1, "the others count once they are decided"


def test_all_come_in_their_order_when_the_schema_does() -> None:
    worker = Worker()
    worker.consume(KNOWN, LATE, KNOWN)
    worker.consume(KNOWN)
    worker.schemas.come(LATE)
    worker.turn()
    assert worker.admitted() == [0, 1, 2, 3]
    assert not worker.engine.tracker.paused
    worker.consume(KNOWN)
    assert worker.admitted() == [0, 1, 2, 3, 4]


def test_another_schema_is_waited_for_in_turn() -> None:
    worker = Worker()
    worker.consume(LATE, NEVER, KNOWN)
    worker.schemas.come(LATE)
    worker.turn()
    assert worker.admitted() == [0]
    assert worker.engine.tracker.paused
    worker.schemas.come(NEVER)
    worker.turn()
    assert worker.admitted() == [0, 1, 2]


def test_the_schemas_of_the_records_behind_it_are_asked_for_meanwhile() -> None:
    worker = Worker()
    worker.consume(LATE, NEVER)
    assert worker.schemas.asked == {LATE, NEVER}, "else each of many unknown ids would take its 30 s in turn"


def test_nothing_is_read_again_until_something_has_changed() -> None:
    worker = Worker()
    worker.consume(LATE)
    assert worker.deferred.ready() == []
    assert worker.deferred.waiting_for_schema == {EVENTS}


@pytest.mark.parametrize("before", [0, 2])
def test_no_offset_of_a_record_that_waits_is_committed(before: int) -> None:
    worker = Worker()
    worker.consume(*[KNOWN] * before, LATE, KNOWN)
    for task in list(worker.engine.tracker):
        worker.engine.tracker.settle(task)
    assert worker.engine.tracker.committable_offset(POSITION) == before
    worker.schemas.refuse(LATE)
    worker.turn()
    assert worker.engine.tracker.committable_offset(POSITION) == before, "it is tracked now"


def test_a_schema_that_the_registry_does_not_know_becomes_a_dead_letter_under_the_guard() -> None:
    worker = Worker()
    worker.consume(LATE, LATE, KNOWN)
    worker.schemas.refuse(LATE)
    worker.turn()
    assert worker.engine.scheduler.snapshot().dead_letters_waiting == 2
    assert worker.admitted() == [0, 1, 2]


def test_many_of_them_hold_the_partition() -> None:
    worker = Worker()
    worker.consume(LATE, LATE, LATE)
    worker.schemas.refuse(LATE)
    worker.turn()
    assert worker.health.held == {EVENTS: "unknown schema"}


def test_a_short_run_before_a_record_that_waits_is_not_taken_for_the_whole_partition() -> None:
    worker = Worker()
    worker.schemas.refuse(NEVER)
    worker.consume(NEVER, LATE)
    worker.turn()
    assert worker.health.held == {}


def test_a_partition_that_goes_takes_its_records_along() -> None:
    worker = Worker()
    worker.consume(LATE, KNOWN)
    worker.engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    worker.schemas.come(LATE)
    worker.turn()
    assert (worker.deferred.waiting, worker.health.schema_waits) == ({}, frozenset())


def test_a_registry_that_is_away_ends_readiness_as_soon_as_a_record_waits() -> None:
    worker = Worker()
    worker.schemas.fault = "connection refused; check REGISTRY_URL"
    worker.consume(KNOWN)
    assert worker.health.readiness(worker.engine.now, "").condition is HealthState.READY
    worker.consume(LATE)
    readiness = worker.health.readiness(worker.engine.now, "")
    assert readiness.condition is HealthState.REGISTRY_UNREACHABLE
    assert readiness.detail == "events-0 wait for a schema: connection refused; check REGISTRY_URL"
    worker.schemas.fault = ""
    worker.schemas.come(LATE)
    worker.turn()
    assert worker.health.readiness(worker.engine.now, "").condition is HealthState.READY


def test_a_registry_that_only_takes_its_time_does_not() -> None:
    worker = Worker()
    worker.consume(LATE)
    assert worker.health.readiness(worker.engine.now, "").condition is HealthState.READY


def test_the_metrics_name_the_partition() -> None:
    worker = Worker()
    worker.engine.assign(MORE_EVENTS)
    worker.schemas.fault = "connection refused"
    worker.consume(LATE)
    registry = CollectorRegistry()
    registry.register(WorkerCollector(worker.engine.scheduler, worker.health, lambda: worker.engine.now))
    held = {
        number: registry.get_sample_value(
            "clicksend_consumer_partition_held",
            {"topic": "events", "partition": number, "reason": "registry_unreachable"},
        )
        for number in ("0", "1")
    }
    assert held == {"0": 1.0, "1": 0.0}
