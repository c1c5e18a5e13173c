"""Records that are not events hold their partition; a few of them among events become dead letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import orjson
import pytest
from confluent_kafka import Message
from prometheus_client import CollectorRegistry

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.monitoring.collector import WorkerCollector
from consumer.monitoring.health import Health, HealthState
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import Headers, Stage
from consumer.worker.input_guard import InputGuard
from consumer.worker.intake import Intake
from tests.support.engine import Engine
from tests.support.records import EVENTS, MORE_EVENTS, TIMESTAMP_MS, Consumed

LIMIT = 5
RUBBISH, TOMBSTONE = b"\x00\x00\x00\x00\x07rubbish", b""
PAGE = b'{"type": "page"}'
SIGN_UP = orjson.dumps({"type": "identify", "traits": {"email": "jane.doe@example.com"}})
ODD_SIGN_UP = b'{"type": 5, "event": "Signed Up"}'
UNMAPPABLE = b'{"type": "identify", "traits": {"email": "nobody"}}'
REDRIVEN: Headers = [("clicksend.redrive.count", b"1")]


class Worker:
    """A worker that owns the partition EVENTS, as far as records come in."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.engine = Engine()
        self.tracker = self.engine.tracker
        self.health = Health(self.engine.now)
        self.health.reachable, self.health.assigned = True, 1
        self.guard = InputGuard(limit, self.health)
        scheduler = self.engine.scheduler
        self._intake = Intake(
            Decider(Enroller(Rules.of())), scheduler.trackers, lambda tracker, *_: tracker, 1000, None, self.guard
        )
        self._offset = 0

    def consume(self, *values: bytes, headers: Headers | None = None, age_ms: int = 0) -> None:
        """One batch, and the turn after it."""
        messages = []
        for value in values:
            message = Consumed(self._offset, value, own_headers=headers)
            messages.append(cast(Message, message))
            self._offset += 1
        batch, _errors = self._intake.read(messages, TIMESTAMP_MS + age_ms)
        self.engine.scheduler.admit(batch)
        self.turn()

    def turn(self, seconds: float = 0) -> None:
        self.engine.now += seconds
        self.engine.scheduler.release_held(self.guard.tick(self.engine.now))

    def held(self) -> int:
        return self.engine.scheduler.snapshot().stages[Stage.HELD]

    def dead_letters(self) -> int:
        return self.engine.scheduler.snapshot().dead_letters_waiting

    def state(self) -> HealthState:
        return self.health.readiness(self.engine.now, "").condition


def test_a_run_waits_until_an_event_follows_and_then_becomes_dead_letters() -> None:
    worker = Worker()
    worker.consume(RUBBISH, RUBBISH)
    assert (worker.held(), worker.dead_letters()) == (2, 0)
    worker.consume(PAGE)
    assert (worker.held(), worker.dead_letters()) == (0, 2)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (b'{"payload": {"type": "page"}}', "set ENROLMENT_EVENT_PATH=/payload"),
        (b'{"events": [{"type": "page"}]}', "a batch of events; set ENROLMENT_EVENT_PATH=/events"),
        (b'{"specversion": "1.0", "type": "page", "data": {"order": 17}}', "a CloudEvent that holds no event"),
        (b'{"email": "jane@example.com", "custom_1": "marketing_unknown"}', "a contact under ClickSend's own names"),
        (b'[{"order": 17}, 7]', "2 of 2 events failed; event 0: JSON without a text under type or event"),
        (b"\x1f\x8b\x08\x00", "truncated gzip data"),
        (RUBBISH, "Schema Registry framing (Avro or Protobuf); set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL"),
        (b'{"order": 17}', "compare KAFKA_TOPIC"),
    ],
    ids=["payload", "batch", "CloudEvent", "contact", "array", "gzip", "framing", "something else"],
)
def test_the_hint_describes_the_records(value: bytes, hint: str) -> None:
    worker = Worker()
    worker.consume(*[value] * LIMIT)
    assert worker.state() is HealthState.UNRECOGNISED_RECORDS
    assert hint in worker.health.held_partitions()


@pytest.mark.parametrize(
    "event",
    [
        b'{"type": "page", "x": NaN}',
        b'\xef\xbb\xbf{"type": "page"}',
        b'{"event": "x"}',
        b'{"type": "page", "x": "\\ud83d"}',
    ],
    ids=["NaN", "byte order mark", "a name only", "half an emoji"],
)
def test_a_broken_event_is_an_event(event: bytes) -> None:
    worker = Worker()
    worker.consume(*[event] * LIMIT)
    assert worker.held() == 0
    worker.consume(*[RUBBISH] * LIMIT, event)
    assert worker.dead_letters() == LIMIT


def test_within_one_batch_too() -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * (LIMIT - 1), PAGE, *[RUBBISH] * (LIMIT - 1), SIGN_UP)
    assert (worker.held(), worker.dead_letters()) == (0, 2 * LIMIT - 2)


def test_a_run_becomes_dead_letters_when_the_partition_is_quiet() -> None:
    worker = Worker()
    worker.consume(RUBBISH)
    worker.turn(4)
    worker.consume(RUBBISH)
    worker.turn(4.9)
    assert worker.dead_letters() == 0
    worker.turn(0.2)
    assert worker.dead_letters() == 2


def test_a_partition_that_is_paused_is_not_quiet() -> None:
    worker = Worker()
    worker.consume(SIGN_UP, RUBBISH)
    worker.tracker.paused = True
    worker.turn(60)
    assert worker.held() == 1
    worker.tracker.paused = False
    worker.turn(5.1)
    assert worker.dead_letters() == 1


def test_at_the_limit_the_partition_is_held_and_nothing_of_the_run_is_settled() -> None:
    worker = Worker()
    worker.consume(PAGE, *[RUBBISH] * LIMIT)
    worker.turn(3600)
    assert (worker.held(), worker.dead_letters()) == (LIMIT, 0)
    assert worker.tracker.committable_offset(position=100) == 1, "not committed past"
    assert worker.state() == HealthState.UNRECOGNISED_RECORDS
    assert "events-0 held" in worker.health.held_partitions()
    assert "set KAFKA_VALUE_FORMAT=registry" in worker.health.held_partitions()


def test_it_is_read_on_up_to_the_caps() -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * (2 * LIMIT))
    assert worker.held() == 2 * LIMIT


@pytest.mark.parametrize(
    "event", [PAGE, SIGN_UP, ODD_SIGN_UP, UNMAPPABLE], ids=["page", "sign-up", "odd", "unmappable"]
)
def test_an_event_that_follows_releases_the_partition(event: bytes) -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * LIMIT)
    worker.consume(event)
    assert worker.held() == 0
    assert worker.dead_letters() == LIMIT + (event == UNMAPPABLE)
    assert worker.state() == HealthState.READY


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"value": TOMBSTONE}, id="a tombstone"),
        pytest.param({"value": PAGE, "headers": REDRIVEN}, id="a redriven event"),
        pytest.param({"value": RUBBISH, "headers": REDRIVEN}, id="a redriven record"),
        pytest.param({"value": PAGE, "age_ms": 2000}, id="an event that is too old"),
        pytest.param({"value": RUBBISH, "age_ms": 2000}, id="a record that is too old"),
    ],
)
def test_neutral_records_neither_extend_nor_break_a_run(how: dict[str, bytes | Headers | int]) -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * (LIMIT - 1))
    value = how.pop("value")
    worker.consume(cast(bytes, value), **how)  # type: ignore[arg-type]  # of the table
    assert worker.state() == HealthState.READY
    assert worker.held() == LIMIT - 1
    worker.consume(RUBBISH)
    assert worker.state() == HealthState.UNRECOGNISED_RECORDS


def test_redriven_records_become_dead_letters_at_once() -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * (2 * LIMIT), headers=REDRIVEN)
    assert (worker.held(), worker.dead_letters()) == (0, 2 * LIMIT)


def test_a_limit_of_zero_never_holds() -> None:
    worker = Worker(limit=0)
    worker.consume(*[RUBBISH] * 100)
    assert (worker.held(), worker.dead_letters()) == (0, 100)


def test_other_partitions_are_delivered_and_keep_the_worker_ready() -> None:
    worker = Worker()
    worker.engine.assign(MORE_EVENTS)
    worker.health.assigned = 2
    worker.consume(*[RUBBISH] * LIMIT)
    assert worker.state() == HealthState.READY
    assert held_in_metrics(worker) == {"0": 1.0, "1": 0.0}


def test_a_partition_that_goes_takes_its_run_along() -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * LIMIT)
    worker.engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    worker.turn()
    assert worker.engine.released() == {"revoked": LIMIT}
    assert (dict(worker.guard.runs), worker.health.held) == ({}, {})


def test_where_the_caps_are_below_the_limit_a_full_partition_of_nothing_else_is_held() -> None:
    worker = Worker(limit=1000)
    worker.consume(RUBBISH, RUBBISH)
    worker.tracker.paused = True
    worker.turn()
    assert worker.state() == HealthState.UNRECOGNISED_RECORDS


def test_a_hold_is_one_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    worker = Worker()
    worker.consume(*[RUBBISH] * (3 * LIMIT))
    worker.turn(60)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "partition held" in line]
    assert "unrecognised_records" in line
    assert "rubbish" not in line


def held_in_metrics(worker: Worker) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(WorkerCollector(worker.engine.scheduler, worker.health, lambda: worker.engine.now))
    families: Iterable[object] = registry.collect()
    samples = [each for family in families for each in family.samples]  # type: ignore[attr-defined]  # is untyped
    held = [each for each in samples if each.name == "clicksend_consumer_partition_held"]
    return {each.labels["partition"]: each.value for each in held if each.labels["reason"] == "unrecognised_records"}
