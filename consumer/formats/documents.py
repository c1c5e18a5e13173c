"""Read JSON documents: events, batches of events, and CloudEvents that hold either."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from consumer.enrolment.decision import Decision, Undeliverable
from consumer.enrolment.decode import MOST_REPAIRED, decode
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.head import EventHeader, read_event_header
from consumer.formats import batch
from consumer.formats.cloudevents import data_of
from consumer.formats.value_format import Layer

_NESTED = Undeliverable(DeadLetterReason.UNDECODABLE, "a batch inside a batch")
_NO_HEADER = EventHeader()
_NO_EVENT = "a CloudEvent that holds no event"


class Reading(NamedTuple):
    """A record, or one event of it, read.

    layers -- the layers of its value, outermost first
    event  -- returns the event as JSON, to explain the decision
    """

    decision: Decision
    layers: tuple[Layer, ...] = ()
    event: Callable[[], object] = lambda: None


class EventBatch(NamedTuple):
    """A record with several events.

    values -- the events, in order
    read   -- reads one of them
    layers -- the layers of the record's value, outermost first
    """

    values: Sequence[object]
    read: Callable[[object], Reading]
    layers: tuple[Layer, ...]


Found = Reading | EventBatch


class Documents:
    """Read the documents of one worker. Holds no state.

    ENROLMENT_EVENT_PATH leads to the event, to a batch of events, or from each element of a batch to its event.
    """

    def __init__(self, enroller: Enroller) -> None:
        self._enroller = enroller
        self._unwrapped = enroller.unwrapped()
        self._around = enroller.around("batch")  # the object whose batch the path leads to
        self._in_data = enroller.inside("/data")

    def plain(self, value: bytes, outer: tuple[Layer, ...] = ()) -> Found:
        """Read an event or a batch, neither of them a CloudEvent."""
        return self._events(self._enroller, value, read_event_header(value), outer, self._plain_element)

    def any(self, value: bytes, outer: tuple[Layer, ...]) -> Found:
        """Read an event, a batch, or a CloudEvent in structured mode."""
        head = read_event_header(value)
        if head is not None and head.specversion is not None:
            return self._cloudevent(self._enroller, value, outer)
        found = self._events(self._enroller, value, head, outer, self._element)
        if head is None and isinstance(found, Reading) and is_no_event(found.decision) and is_structured(value):
            return self._cloudevent(self._enroller, value, outer)
        return found

    def cloudevents(self, value: bytes, outer: tuple[Layer, ...]) -> Found:
        """Read what is declared to be a CloudEvent in structured mode, or several of them."""
        head = read_event_header(value)
        several = batch.split(value) if head is None or head.may_be_batch or head == _NO_HEADER else None
        layers = (*outer, Layer.CLOUDEVENT_STRUCTURED, Layer.JSON)
        if several is not None:
            return self._batch(several, self._enroller, layers, self._cloudevent_element)
        return self._cloudevent(self._enroller, value, outer)

    def _events(
        self,
        enroller: Enroller,
        value: bytes,
        head: EventHeader | None,
        outer: tuple[Layer, ...],
        element: Callable[[Enroller, bytes], Reading],
    ) -> Found:
        layers = (*outer, Layer.JSON)
        is_event = head is not None and head.is_event and not head.may_be_batch
        found = None if enroller.decides_first or is_event else batch.split(value)
        if found is not None:
            return self._batch(found, enroller, layers, element)
        reading = _read(enroller, value, layers)
        if not enroller.decides_first or not is_no_event(reading.decision):
            return reading
        if enroller.wrapped:
            around = batch.split_document(self._around.event_in(value)) if self._around is not None else None
            found = around or batch.split_document(reading.event())
            if found is not None:
                return self._batch(found, self._unwrapped, layers, element)
        found = batch.split(value)
        return reading if found is None else self._batch(found, enroller, layers, element)

    def _cloudevent(self, enroller: Enroller, value: bytes, outer: tuple[Layer, ...]) -> Found:
        layers = (*outer, Layer.CLOUDEVENT_STRUCTURED)
        data = data_of(value)
        if isinstance(data, Undeliverable):
            return Reading(data, layers)
        reading = Reading(Undeliverable(DeadLetterReason.UNRECOGNISED, _NO_EVENT), (*layers, Layer.JSON))
        for document in (value if enroller.wrapped else None, data):
            if document is None:
                continue
            found = self._events(enroller, document, read_event_header(document), layers, self._element)
            if isinstance(found, EventBatch) or not is_no_event(found.decision):
                return found
            reading = found
        return self._explained(value, reading)

    def _explained(self, value: bytes, reading: Reading) -> Reading:
        """Say where an event is, if the CloudEvent holds one elsewhere."""
        decision = reading.decision
        unreadable = isinstance(decision, Undeliverable) and decision.reason is DeadLetterReason.UNDECODABLE
        if unreadable or len(value) > MOST_REPAIRED:
            return reading
        return reading._replace(decision=self._in_data.decide(value))

    def _batch(
        self,
        found: batch.Split,
        enroller: Enroller,
        layers: tuple[Layer, ...],
        element: Callable[[Enroller, bytes], Reading],
    ) -> Found:
        layers = (*layers, Layer.BATCH)
        if found.number > batch.MOST_EVENTS:
            detail = f"a batch of more than {batch.MOST_EVENTS} events"
            return Reading(Undeliverable(DeadLetterReason.TOO_LARGE, detail), layers)
        if found.context is not None:
            enroller = enroller.sharing(found.context)

        def read(value: object) -> Reading:
            if isinstance(value, bytes) and value.startswith(b'"'):
                value = decode(value)
            if isinstance(value, str):  # an event encoded twice
                value = value.encode("utf-8", "surrogatepass")
            if isinstance(value, dict) and value.get("specversion") is not None:
                value = _encoded(value)
            if isinstance(value, bytes):
                return element(enroller, value)
            decision, event = enroller.decide_document(value)
            nested = is_no_event(decision) and batch.is_batch(value)
            return Reading(_NESTED if nested else decision, (Layer.JSON,), lambda: event)

        return EventBatch(found.values, read, layers)

    def _plain_element(self, enroller: Enroller, value: bytes) -> Reading:
        reading = _read(enroller, value, (Layer.JSON,))
        if is_no_event(reading.decision) and batch.is_batch(value):
            return reading._replace(decision=_NESTED)
        return reading

    def _element(self, enroller: Enroller, value: bytes) -> Reading:
        head = read_event_header(value)
        if head is not None and head.specversion is not None:
            return self._cloudevent_element(enroller, value)
        return self._plain_element(enroller, value)

    def _cloudevent_element(self, enroller: Enroller, value: bytes) -> Reading:
        found = self._cloudevent(enroller, value, ())
        return Reading(_NESTED, found.layers) if isinstance(found, EventBatch) else found


def _read(enroller: Enroller, value: bytes, layers: tuple[Layer, ...]) -> Reading:
    decision = enroller.glance(value)
    if decision is not None:
        return Reading(decision, layers, lambda: enroller.event_in(value))
    decision, event = enroller.decide_in_full(value)
    return Reading(decision, layers, lambda: event)


def is_no_event(decision: Decision) -> bool:
    """Return whether the value holds no event or contact. `too_large` does not count."""
    if not isinstance(decision, Undeliverable) or decision.is_event:
        return False
    return decision.reason is not DeadLetterReason.TOO_LARGE


def is_structured(value: bytes) -> bool:
    """Return whether the value is an object with a `specversion`, however it is written."""
    if b"specversion" not in value and b"\\u" not in value:  # decoding a megabyte once more may take 50 ms
        return False
    document = decode(value)
    return isinstance(document, dict) and document.get("specversion") is not None


def _encoded(document: object) -> bytes:
    """Return JSON that `decode` reads as this document: repaired characters and numbers stay recognisable."""
    try:
        return json.dumps(document).encode()
    except RecursionError:
        return orjson.dumps(None)  # no event nests so deep
