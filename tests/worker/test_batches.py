"""Records with several events on their way into the scheduler: slices, the buffer, the input guard, redriven ones."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest
from confluent_kafka import Message

from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.monitoring.health import Health
from consumer.scheduling.back_pressure import Caps, is_full
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import OffsetMap
from consumer.scheduling.task import Headers, Stage, Task
from consumer.worker.batches import BATCH_SECONDS, BatchReader
from consumer.worker.deferred import Deferred
from consumer.worker.input_guard import InputGuard
from consumer.worker.intake import Intake
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED
from tests.support.records import EVENTS, MORE_EVENTS, TIMESTAMP_MS, TOPIC_ID, Consumed

PAGE = {"type": "page"}
LIMIT = 3


def person(name: str) -> dict[str, Any]:
    return {"type": "identify", "traits": {"email": f"{name}@example.com"}}


def redriven(events: str) -> Headers:
    return [
        ("clicksend.redrive.count", b"1"),
        ("clicksend.redrive.from", b"events.dead-letter-0@17"),
        ("clicksend.redrive.events", events.encode()),
    ]


class SteppingClock:
    """Each reading takes a fixed time, so that each event takes twice that."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Worker:
    """A worker that owns the partition EVENTS."""

    def __init__(self, records: int = 2000) -> None:
        self.engine = Engine()
        self.clock = SteppingClock()
        self.health = Health(self.engine.now)
        self.health.reachable, self.health.assigned = True, 1
        self.guard = InputGuard(LIMIT, self.health)
        self.deferred = Deferred(None, lambda tracker: is_full(tracker, Caps(records)))
        scheduler = self.engine.scheduler
        self._intake = Intake(
            Decider(Enroller(Rules.of())),
            scheduler.trackers,
            lambda tracker, *_: tracker,
            0,
            None,
            self.guard,
            self.deferred,
            BatchReader(self.clock),
        )
        self._offset = 0

    def consume(self, *records: object, headers: Headers | None = None) -> None:
        """One turn with these records."""
        messages = []
        for each in records:
            messages.append(cast(Message, Consumed(self._offset, orjson.dumps(each), own_headers=headers)))
            self._offset += 1
        self.turn(messages)

    def turn(self, messages: list[Message] | None = None) -> None:
        batch, errors = self._intake.read([*self.deferred.ready(), *(messages or [])], TIMESTAMP_MS)
        assert errors == []
        self.engine.scheduler.admit(batch)
        self.engine.scheduler.release_held(self.guard.tick(self.engine.now))

    def admitted(self) -> list[tuple[int, int]]:
        """The offset and the number of open events of each record in progress."""
        return [(task.record.offset, len(task.deliveries)) for task in self.engine.tracker]

    def deliver_all(self) -> list[str]:
        delivered = []
        while self.engine.tracker.events:
            delivered.append(self.engine.deliver_and_answer(DELIVERED).contact.partition("@")[0])
        return delivered


def test_the_contacts_of_a_batch_are_delivered_and_the_rest_is_counted_with_it() -> None:
    worker = Worker()
    worker.consume([person("jane"), PAGE, person("joe")], PAGE, {"batch": [PAGE, PAGE]}, [])
    assert worker.admitted() == [(0, 2)]
    assert worker.deliver_all() == ["jane", "joe"]
    assert worker.engine.settled() == {"delivered accepted": 1, "filtered not_enrolment": 3}
    assert worker.engine.committable_offset() == 4


def test_a_long_batch_is_decided_in_slices_and_its_partition_waits_for_it() -> None:
    worker = Worker()
    worker.clock.step = BATCH_SECONDS / 4
    worker.consume([person(f"u{number}") for number in range(10)], person("next"))
    assert worker.admitted() == []
    assert worker.engine.tracker.waits
    assert worker.deferred.is_pressing
    assert worker.engine.tracker.committable_offset(position=100) == 0, "it is not consumed yet"
    turns = 1
    while not worker.admitted():
        worker.turn()
        turns += 1
        assert turns < 10
    assert turns > 2
    assert worker.admitted() == [(0, 10), (1, 1)]
    assert worker.deliver_all() == [*(f"u{number}" for number in range(10)), "next"]
    assert worker.engine.tracker.committable_offset(position=2) == 2


def test_other_partitions_go_on_meanwhile() -> None:
    worker = Worker()
    worker.engine.assign(MORE_EVENTS)
    worker.clock.step = BATCH_SECONDS / 4
    other = cast(Message, Consumed(0, orjson.dumps(person("other")), place=MORE_EVENTS))
    long = cast(Message, Consumed(0, orjson.dumps([person(f"u{number}") for number in range(10)])))
    worker.turn([long, other])
    assert len(worker.engine.scheduler.trackers[MORE_EVENTS]) == 1
    assert worker.admitted() == []


def test_one_slice_serves_all_batches_of_a_turn() -> None:
    worker = Worker()
    worker.engine.assign(MORE_EVENTS)
    worker.clock.step = BATCH_SECONDS / 4
    batches = [
        cast(Message, Consumed(0, orjson.dumps([person(f"{each}-{number}") for number in range(3)]), place=each))
        for each in (EVENTS, MORE_EVENTS)
    ]
    worker.turn(batches)
    began = worker.clock.now
    assert sum(map(len, worker.engine.scheduler.trackers.values())) < 2
    worker.turn()
    assert worker.clock.now - began <= 2 * BATCH_SECONDS


def test_a_full_buffer_takes_no_further_batch() -> None:
    worker = Worker(records=5)
    for record in range(4):
        worker.consume([person(f"u{record}-{number}") for number in range(4)])
    assert worker.admitted() == [(0, 4), (1, 4)]
    pressing = [worker.deferred.is_pressing]
    worker.engine.deliver_and_answer(DELIVERED)
    for _ in range(3):
        worker.engine.deliver_and_answer(DELIVERED)
    pressing.append(worker.deferred.is_pressing)
    assert pressing == [False, True]
    worker.turn()
    assert worker.admitted() == [(1, 4), (2, 4), (3, 4)]


def test_a_batch_that_was_begun_is_forgotten_with_its_partition() -> None:
    worker = Worker()
    worker.clock.step = BATCH_SECONDS / 4
    worker.consume([person(f"u{number}") for number in range(10)])
    worker.engine.scheduler.detach([EVENTS], ReleaseReason.REVOKED)
    worker.engine.tracker = worker.engine.assign(EVENTS)
    worker.clock.step = 0
    worker.turn()
    assert worker.admitted() == []
    worker.turn([cast(Message, Consumed(0, orjson.dumps([person("other")])))])
    assert worker.deliver_all() == ["other"]


def test_records_that_take_long_leave_the_rest_to_the_next_turn() -> None:
    """Here: unrecognised records, each of which takes half a second."""
    worker = Worker()
    worker.clock.step = 0.5
    worker.consume(*[{"order": 17}] * 4)
    assert len(worker.admitted()) == 2
    worker.turn()
    worker.turn()
    assert [offset for offset, _ in worker.admitted()] == [0, 1, 2, 3]


def test_records_without_any_event_meet_the_input_guard_as_one_each() -> None:
    worker = Worker()
    worker.consume([{"order": 17}, 7])
    (task,) = worker.engine.tracker
    assert (task.stage, worker.engine.settled()) == (Stage.HELD, {})
    worker.consume([PAGE, 7])
    assert task.stage is Stage.DEAD_LETTER_PENDING, "an event follows"
    assert [each.reason for each in worker.engine.tracker] == [
        DeadLetterReason.UNRECOGNISED,
        DeadLetterReason.UNDECODABLE,
    ]


def test_many_of_them_hold_the_partition() -> None:
    worker = Worker()
    worker.consume(*[[7, 8]] * LIMIT)
    assert "2 of 2 events failed; event 0: not a JSON object" in worker.health.held_partitions()
    worker.consume([person("jane")])
    assert worker.health.held_partitions() == ""


@pytest.mark.parametrize(
    ("events", "delivered"),
    [
        pytest.param("1,2", ["b", "c"], id="some"),
        pytest.param("0", ["a"], id="one"),
        pytest.param("2,17", ["c"], id="one, and one that it has not"),
        pytest.param("17", ["a", "b", "c"], id="none that it has"),
        pytest.param("", ["a", "b", "c"], id="no list"),
        pytest.param("1,x", ["a", "b", "c"], id="a broken list"),
        pytest.param("-1", ["a", "b", "c"], id="a negative one"),
    ],
)
def test_a_redriven_record_delivers_the_events_that_failed_and_no_others(events: str, delivered: list[str]) -> None:
    worker = Worker()
    worker.consume([person("a"), person("b"), person("c")], headers=redriven(events))
    assert worker.deliver_all() == delivered


def test_a_producer_has_no_say_in_that() -> None:
    worker = Worker()
    worker.consume([person("a"), person("b")], headers=redriven("1")[2:])
    assert worker.deliver_all() == ["a", "b"]


def test_what_fails_again_keeps_its_index() -> None:
    worker = Worker()
    worker.consume([person("a"), 7, person("c")], headers=redriven("1"))
    task: Task = next(iter(worker.engine.tracker))
    assert task.batch is not None
    assert (task.batch.size, sorted(task.batch.failed)) == (3, [1])
    assert task.stage is Stage.DEAD_LETTER_PENDING


def test_records_that_wait_behind_a_batch_stay_settled_by_an_offset_map_of_their_epoch() -> None:
    worker = Worker()
    worker.clock.step = BATCH_SECONDS / 4
    tracker = worker.engine.tracker
    tracker.previously_settled = OffsetMap(TOPIC_ID, 0, 3, frozenset([0]), leader_epoch=4)
    batch = [person(f"u{number}") for number in range(10)]
    records = [(batch, 4), (person("ann"), 4), (person("zoe"), 4), (person("bob"), 5)]
    worker.turn(
        [cast(Message, Consumed(at, orjson.dumps(what), epoch=epoch)) for at, (what, epoch) in enumerate(records)]
    )
    assert worker.admitted() == []
    for _ in records:
        worker.turn()
    assert worker.admitted() == [(0, 10), (3, 1)]
    assert [tracker.epoch_before(offset) for offset in (1, 3, 4)] == [4, 4, 5]
