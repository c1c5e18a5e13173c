"""The longest block of the poll thread by one record with a field of 1 MB of any content."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import orjson
from confluent_kafka import Message

from consumer.commands.start import calm_garbage_collection
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.log import cause_of
from consumer.mask import masked, masked_text, printable, without_identities
from consumer.monitoring.debugger.recorder import Recorder
from consumer.monitoring.debugger.ring import Ring
from consumer.monitoring.health import Health
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition
from consumer.worker.input_guard import InputGuard
from consumer.worker.intake import Intake
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.support.growth import PATTERNS

MEGABYTE = 1_000_000  # bytes: what a broker takes, unless told otherwise
BOUND = 50.0  # milliseconds
TURNS = 3  # of each: the quickest counts, for a neighbour slows some of them down
TRAITS = ("email", "phone", "first_name", "name", "company", "postal_code", "country", "marketing_consent", "unknown")
VALUES = {
    "lists": "[],",
    "nested lists": "[[[[]]]],",
    "objects": '{"a":1},',
    "texts": '"a",',
    "numbers": "1,",
    "tiny numbers": "5e-324,",
    "nulls": "null,",
}
PARTITION = Partition("events", 0)
LONG_RUN = 10_000  # records of one run that the input guard lets pass: nothing is held here


def measure(_rig: Rig, _size: Size) -> list[Figure]:
    """Measure reading it, recording it for the event debugger, and masking and cutting its texts."""
    worker = _Worker()
    worker.read(_event("traits", '{"email":"jané@example.com","phone":"030 123456","country":"Germany"}'))  # loads data
    worker.record()
    decided = recorded = 0.0
    with _as_in_a_worker():
        for record in _records():
            decided = max(decided, _milliseconds(partial(worker.read, record)))
            recorded = max(recorded, _milliseconds(worker.record, before=partial(worker.read, record)))
        shown = max(_milliseconds(partial(_show, _text(pattern))) for pattern in PATTERNS)
        read = _milliseconds(partial(orjson.loads, _many(VALUES["nested lists"])))
    return [
        Figure("large-field", "the longest decision", decided, "ms", BOUND, "bound"),
        Figure("large-field", "the longest decision", decided, "ms", read, "orjson"),
        Figure("large-field", "the longest record recorded", recorded, "ms", BOUND, "bound"),
        Figure("large-field", "the longest text shown", shown, "ms", BOUND, "bound"),
    ]


class _Worker:
    """The way of a record on the poll thread, with the input guard and the event debugger's recorder."""

    def __init__(self) -> None:
        self._offset = 0
        self._recorder = Recorder(Ring(100), time.monotonic)
        trackers = {PARTITION: OffsetTracker(PARTITION, 0, 0)}
        decider, self._guard = Decider(Enroller(Rules.of(default_region="DE"))), InputGuard(LONG_RUN, Health(now=0.0))
        self._intake = Intake(
            decider, trackers, lambda tracker, _offset, _lowest: tracker, 0, self._recorder, self._guard
        )

    def read(self, value: bytes) -> None:
        """Read one record."""
        self._offset += 1
        topic, number = PARTITION
        message = Message(topic=topic, partition=number, offset=self._offset, value=value, timestamp=(1, 0), headers=[])
        self._intake.read([message], 0)
        self._guard.tick(0.0)

    def record(self) -> None:
        """Make an entry of what was read."""
        self._recorder.look()


def _records() -> Iterator[bytes]:
    for pattern in PATTERNS:
        text = orjson.dumps(_text(pattern)).decode()
        for place in ("type", "event", "messageId", "traits", "context"):
            yield _event(place, text)
        for trait in TRAITS:
            yield _event("traits", f'{{"email":"jane@example.com","{trait}":{text}}}')
    for value in VALUES.values():
        many = _many(value)
        for place in ("type", "event", "messageId", "traits", "context"):
            yield _event(place, many)
        yield _event("traits", f'{{"email":"jane@example.com","consent":{many}}}')
        yield _event("context", f'{{"consent":{many},"traits":{{"email":"jane@example.com"}}}}')
        yield f'{{"payload":{many}}}'.encode()
        yield many.encode()
        yield _event("traits", f'{{"email":"jane@example.com","score":NaN,"x":{many}}}')
        yield _event("traits", many)[:-1]
    yield from _words_of_consent()
    for value in ("1", "[]", "{}", "5e-324", '"a"'):
        for width in (6, 10, 64):
            yield _event("traits", _many_keys(width, value))
            yield _event("context", f'{{"consent":{_many_keys(width, value)}}}')


def _words_of_consent() -> Iterator[bytes]:
    """Keys that are nothing but the words of consent keys, the dearest to read: in one object, and in nested ones."""
    keys = [f"sms email to the inbox of in get {number} texts all users opt in"[:64] for number in range(5_000)]
    yield _event("traits", "{" + '"email":"jane@example.com",' + ",".join(f'"{key}":1' for key in keys[:900]) + "}")
    carts = [",".join(f'"{key}":1' for key in keys[start : start + 50]) for start in range(0, len(keys), 50)]
    nested = ",".join(f'"cart{number}":{{{cart}}}' for number, cart in enumerate(carts))
    yield _event("traits", f'{{"email":"jane@example.com",{nested}}}')


def _many(value: str) -> str:
    return f"[{value * (MEGABYTE // len(value))}{value[:-1]}]"


def _many_keys(width: int, value: str) -> str:
    count = MEGABYTE // (width + len(value) + 4)
    return "{" + ",".join(f'"{number:k>{width}}":{value}' for number in range(count)) + "}"


def _event(place: str, value: str) -> bytes:
    fields = {"type": '"identify"', "event": '"Signed Up"', place: value}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


def _text(pattern: str) -> str:
    """Return a text that takes a megabyte in the record. No lone surrogates, which JSON in UTF-8 can't hold."""
    plain = pattern.encode("utf-8", "replace").decode()
    return plain * (MEGABYTE // (len(orjson.dumps(plain)) - 2))


def _show(text: str) -> None:
    for show in (masked, masked_text, printable, without_identities):
        show(text)
    cause_of(ValueError(text))


def _milliseconds(work: Callable[[], object], before: Callable[[], object] | None = None) -> float:
    times = []
    for _ in range(TURNS):
        if before is not None:
            before()
        begun = time.thread_time()
        work()
        times.append(time.thread_time() - begun)
    return min(times) * 1000


@contextmanager
def _as_in_a_worker() -> Iterator[None]:
    before = gc.get_threshold()
    calm_garbage_collection()
    try:
        yield
    finally:
        gc.set_threshold(*before)
