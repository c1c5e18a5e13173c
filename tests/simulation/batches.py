"""Records that hold several events: how often a world has them, what they hold, and how long an event takes to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from consumer.dead_letters.format import BATCH_FAILED
from consumer.formats.decider import Decider, HeadersOf
from consumer.formats.documents import EventBatch, Reading
from consumer.formats.framing import SchemaPending
from consumer.scheduling.task import Headers

if TYPE_CHECKING:
    from consumer.enrolment.decision import Decision
    from tests.simulation.hub import Hub
    from tests.simulation.records import Kind

MOST_BATCHED = 120  # events of one world, which has to come to rest in time


class Batches:
    """What the producers of one world do. The random numbers are its own: a world without batches draws as ever.

    seconds      -- that a worker takes to read one event of a batch
    rest_seconds -- what the events of batches may add to the time until everything is delivered
    """

    def __init__(self, seed: int) -> None:
        self.random = random = Random(f"batches of {seed}")
        self._share = random.choice((0.1, 0.4, 1.0)) if random.random() < 0.4 else 0.0
        self._most = random.choice((3, 12))
        self._left = MOST_BATCHED
        self.rest_seconds = float(MOST_BATCHED) if self._share else 0.0
        self.seconds = random.choice((0.0, 0.0045, 0.015, 0.03)) if self._share else 0.0

    def size(self) -> int:
        """Return the number of events of the next record; 0: it is an event itself."""
        if not self._left or not self._share or self.random.random() >= self._share:
            return 0
        size = min(self._left, self.random.randint(1, self._most))
        self._left -= size
        return size

    def value(self, events: Sequence[bytes]) -> bytes:
        """Return a record's value that holds these events."""
        form = self.random.randrange(3)
        if form == 0 and len(events) > 1:
            return b"\n".join(events)
        array = b"[" + b",".join(events) + b"]"
        return array if form == 1 else b'{"batch":' + array + b"}"


def event_of(kind: Kind, name: str, number: int, traits: dict[str, str]) -> bytes:
    """Return an event that may be part of a batch."""
    whose = {"userId": name, "messageId": f"m{number}"}
    if kind.name == "FILTERED":
        return orjson.dumps({"type": "page", **whose})
    if kind.name == "BROKEN":
        return orjson.dumps({"type": "identify", **whose, "traits": {"phone": "12"}})
    return orjson.dumps(
        {"type": "identify", **whose, "traits": {**traits, "lastName": f"R{number}", "firstName": name}}
    )


def failed_in(headers: Headers) -> set[int] | None:
    """Return the events that a dead letter lists; None: its record is one event."""
    listed = dict(headers).get(BATCH_FAILED)
    return None if listed is None else set(json.loads(b"[" + listed + b"]"))


class SlowDecider(Decider):
    """Takes its time with each event of a batch, while the other threads run."""

    def __init__(self, decider: Decider, hub: Hub, seconds: float) -> None:
        self.schemas = decider.schemas
        self.glance = decider.glance
        self.busy = 0.0  # seconds since the last poll
        self.seconds = seconds
        self._decider = decider
        self._hub = hub

    def decide(self, value: bytes | None, headers: HeadersOf) -> Decision | EventBatch | SchemaPending:
        """As the real one does; the events of a batch are read slowly."""
        found = self._decider.decide(value, headers)
        return found._replace(read=self._slowly(found.read)) if isinstance(found, EventBatch) else found

    def _slowly(self, read: Callable[[Any], Reading]) -> Callable[[Any], Reading]:
        def slow(value: object) -> Reading:
            if self.seconds:
                self.busy += self.seconds
                self._hub.sleep(self.seconds)
            return read(value)

        return slow
