"""The longest that the poll thread is kept by one record with a field of 1 MB, whatever stands in it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import orjson

from consumer.commands.run import calm_garbage_collection
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.log import cause_of
from consumer.mask import masked, masked_text, printable, without_identities
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.growth import PATTERNS

MEGABYTE = 1_000_000  # bytes: what a broker takes, unless told otherwise
BOUND = 50.0  # milliseconds
TURNS = 3  # of each: the quickest counts, for a neighbour slows some of them down
TRAITS = ("email", "phone", "first_name", "name", "company", "postal_code", "country", "marketing_consent", "unknown")
VALUES = {"lists": "[],", "objects": '{"a":1},', "texts": '"a",', "numbers": "1,", "nulls": "null,"}


def measure(_rig: Rig, _size: Size) -> list[Figure]:
    """Of deciding about it, and of masking and cutting the text for the event debugger and the log."""
    decide = Enroller(Rules.of(default_region="DE")).decide
    decide(_event("traits", '{"email":"jané@example.com","phone":"030 123456","country":"Germany"}'))  # loads its data
    with _as_in_a_worker():
        decided = max(_milliseconds(partial(decide, record)) for record in _records())
        shown = max(_milliseconds(partial(_show, _text(pattern))) for pattern in PATTERNS)
    return [
        Figure("large-field", "the longest decision", decided, "ms", BOUND, "bound"),
        Figure("large-field", "the longest text shown", shown, "ms", BOUND, "bound"),
    ]


def _records() -> Iterator[bytes]:
    for pattern in PATTERNS:
        text = orjson.dumps(_text(pattern)).decode()
        for place in ("type", "event", "messageId", "traits", "context"):
            yield _event(place, text)
        for trait in TRAITS:
            yield _event("traits", f'{{"email":"jane@example.com","{trait}":{text}}}')
    for value in VALUES.values():
        many = f"[{value * (MEGABYTE // len(value))}{value[:-1]}]"
        for place in ("type", "event", "messageId", "traits", "context"):
            yield _event(place, many)
        yield _event("traits", f'{{"email":"jane@example.com","consent":{many}}}')
        yield _event("context", f'{{"consent":{many},"traits":{{"email":"jane@example.com"}}}}')


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


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
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
