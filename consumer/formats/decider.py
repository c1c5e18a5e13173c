"""Decide a record by its value and headers: unwrap the value, then apply the enrolment rules."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import NamedTuple

from consumer.enrolment.decision import Decision, Undeliverable
from consumer.enrolment.decode import decode
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.head import EventHeader, read_event_header
from consumer.formats import batch, compression, framing
from consumer.formats.framing import (
    Decoded,
    Framed,
    Headers,
    SchemaPending,
    Schemas,
    schema_id_header,
)
from consumer.formats.value_format import Layer, ValueFormat

HeadersOf = Callable[[], Headers | None]
"""Read a record's headers. Called only where they matter, since it costs time. None: unreadable."""

_CLOUDEVENT_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"
_STRUCTURED = b"application/cloudevents"
_SPECVERSION, _ESCAPE = b"specversion", b"\\u"
_JSON_BEGINS = b'{["'
_BOM = b"\xef\xbb\xbf"
_NEEDS_SCHEMA = Undeliverable(
    DeadLetterReason.UNDECODABLE,
    "Schema Registry framing (Avro or Protobuf); set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL",
)
_NO_CLOUDEVENT = Undeliverable(
    DeadLetterReason.UNDECODABLE,
    "no CloudEvent, neither by its headers nor by a specversion; compare KAFKA_VALUE_FORMAT",
)
_NESTED = Undeliverable(DeadLetterReason.UNDECODABLE, "a batch inside a batch")
_NO_BASE64 = Undeliverable(DeadLetterReason.UNDECODABLE, "a CloudEvent whose data_base64 is no base64")
_UNFRAMED_HINT = "; compare KAFKA_VALUE_FORMAT"


class Reading(NamedTuple):
    """A record, read.

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

    values: Sequence[bytes]
    read: Callable[[bytes], Reading]
    layers: tuple[Layer, ...]


class Decider:
    """Decide the disposition of records in the operator's format. Holds no state but the schemas' cache.

    schemas -- decodes framed values; only for `ValueFormat.REGISTRY`
    """

    def __init__(
        self, enroller: Enroller, value_format: ValueFormat = ValueFormat.AUTO, schemas: Schemas | None = None
    ) -> None:
        self._enroller = enroller
        self._in_data = enroller.inside("/data")
        self._unwrapped = enroller.unwrapped()
        self.schemas = schemas
        self._read = {
            ValueFormat.AUTO: self._auto,
            ValueFormat.JSON: self._json,
            ValueFormat.REGISTRY: self._registry,
            ValueFormat.CLOUDEVENTS: self._cloudevents,
        }[value_format]
        plain = value_format in (ValueFormat.AUTO, ValueFormat.JSON)
        self.glance = enroller.glance if plain else _settle_nothing

    def decide(self, value: bytes | None, headers: HeadersOf) -> Decision | EventBatch | SchemaPending:
        """Decide the disposition of a record. Never raises, whatever the bytes.

        The hot path calls `glance` first, which decides plain JSON events, and calls this only where that returns None.
        """
        found = self.read(value, headers)
        return found.decision if isinstance(found, Reading) else found

    def read(self, value: bytes | None, headers: HeadersOf) -> Reading | EventBatch | SchemaPending:
        """Decide the disposition, and return it with the layers of the value. Never raises, whatever the bytes.

        The events of a batch are not decided yet: that may take longer than a poll loop should.
        """
        if not value:
            return Reading(self._enroller.decide(value))
        return self._read(value, headers)

    def identity_pointers(self, event: object) -> set[str]:
        """Return where emails, phone and fax numbers are read in this event: JSON pointers, also of those not used."""
        return self._enroller.identity_pointers(event)

    def _json(self, value: bytes, _headers: HeadersOf) -> Reading | EventBatch:
        return self._events(value, read_event_header(value), ())

    def _auto(self, value: bytes, headers: HeadersOf) -> Reading | EventBatch:
        given = headers() or ()
        outer: tuple[Layer, ...] = (Layer.CLOUDEVENT_BINARY,) if is_binary_cloudevent(given) else ()
        if value.startswith(compression.MAGIC):
            outer += (Layer.GZIP,)
            unpacked = compression.unpack(value)
            if isinstance(unpacked, Undeliverable):
                return Reading(unpacked, outer)
            value = unpacked
        if declares_structured_cloudevent(given):
            return self._structured(value, outer)
        if schema_id_header(given) is not None:
            return self._framed_json(value, outer)
        if value[:1] and value[0] in framing.MAGIC:
            framed = framing.read_frame(value)
            return self._framed_json(framed.payload, outer) if isinstance(framed, Framed) else Reading(framed, outer)
        return self._document(value, outer)

    def _framed_json(self, payload: bytes, outer: tuple[Layer, ...]) -> Reading | EventBatch:
        """Read a framed value if it is JSON. Other formats need a registry."""
        outer += (Layer.FRAMING,)
        begins = payload.removeprefix(_BOM).lstrip()[:1]
        return self._document(payload, outer) if begins and begins in _JSON_BEGINS else Reading(_NEEDS_SCHEMA, outer)

    def _registry(self, value: bytes, headers: HeadersOf) -> Reading | EventBatch | SchemaPending:
        header = schema_id_header(headers() or ())
        framed = framing.read_frame(value) if header is None else framing.read_header_frame(header, value)
        if isinstance(framed, Undeliverable):
            return Reading(_with_hint(framed))
        assert self.schemas is not None  # noqa: S101 -- for the type checker: this format comes with schemas
        decoded = self.schemas.decode(framed)
        if isinstance(decoded, Decoded):
            return self._document(decoded.value, (Layer.FRAMING, decoded.layer))
        return Reading(decoded, (Layer.FRAMING,)) if isinstance(decoded, Undeliverable) else decoded

    def _cloudevents(self, value: bytes, headers: HeadersOf) -> Reading | EventBatch:
        given = headers() or ()
        if is_binary_cloudevent(given) or declares_structured_cloudevent(given):
            return self._auto(value, headers)
        return self._structured(value, ()) if _is_structured(value) else Reading(_NO_CLOUDEVENT)

    def _document(self, value: bytes, outer: tuple[Layer, ...]) -> Reading | EventBatch:
        """Read JSON: an event, a batch, or a CloudEvent in structured mode."""
        head = read_event_header(value)
        if head is not None and head.specversion is not None:
            return self._structured(value, outer)
        found = self._events(value, head, outer)
        if head is None and isinstance(found, Reading) and _is_no_event(found.decision) and _is_structured(value):
            return self._structured(value, outer)
        return found

    def _events(self, value: bytes, head: EventHeader | None, outer: tuple[Layer, ...]) -> Reading | EventBatch:
        """Read an event, or a batch. ENROLMENT_EVENT_PATH leads to either, or from each event of the batch."""
        wrapped, layers = self._enroller.wrapped, (*outer, Layer.JSON)
        if not wrapped and (head is None or not head.is_event) and (values := batch.split(value)) is not None:
            return _batch_of(values, self._in_batch(self._enroller), layers)
        reading = self._event(self._enroller, value, layers)
        if not wrapped or not _is_no_event(reading.decision):
            return reading
        if (values := batch.events_of(reading.event())) is not None:
            return _batch_of(values, self._in_batch(self._unwrapped), layers)
        values = batch.split(value)
        return reading if values is None else _batch_of(values, self._in_batch(self._enroller), layers)

    def _structured(self, value: bytes, outer: tuple[Layer, ...]) -> Reading | EventBatch:
        """Read a CloudEvent's data, or CloudEvents in their batch format, an array.

        ENROLMENT_EVENT_PATH may lead from the envelope or from the data to the event.
        """
        layers = (*outer, Layer.CLOUDEVENT_STRUCTURED, Layer.JSON)
        if value.lstrip().startswith(b"[") and (values := batch.split(value)) is not None:
            return _batch_of(values, self._structured_in_batch, layers)
        reading = self._event(self._in_data, value, layers)
        if not _is_no_event(reading.decision):
            return reading
        if self._enroller.wrapped:
            by_path = self._event(self._enroller, value, layers)
            if not _is_no_event(by_path.decision):
                return by_path
        if (values := batch.events_of(reading.event())) is not None:
            return _batch_of(values, self._in_batch(self._unwrapped), layers)
        data = _base64_data(value)
        if isinstance(data, bytes):
            return self._events(data, read_event_header(data), layers[:-1])
        return Reading(data, layers, reading.event) if data is not None else reading

    def _event(self, enroller: Enroller, value: bytes, layers: tuple[Layer, ...]) -> Reading:
        return Reading(enroller.decide(value), layers, lambda: enroller.event_in(value))

    def _structured_in_batch(self, value: bytes) -> Reading:
        found = self._structured(value, ())
        return Reading(_NESTED, found.layers) if isinstance(found, EventBatch) else found

    def _in_batch(self, enroller: Enroller) -> Callable[[bytes], Reading]:
        """Return what reads one event of a batch, which may be a CloudEvent but not another batch."""

        def read(value: bytes) -> Reading:
            head = read_event_header(value)
            if head is not None and head.specversion is not None:
                return self._structured_in_batch(value)
            reading = self._event(enroller, value, (Layer.JSON,))
            if _is_no_event(reading.decision) and batch.split(value) is not None:
                return Reading(_NESTED, reading.layers, reading.event)
            return reading

        return read


def _batch_of(
    values: Sequence[bytes], read: Callable[[bytes], Reading], layers: tuple[Layer, ...]
) -> Reading | EventBatch:
    layers = (*layers, Layer.BATCH)
    if len(values) <= batch.MOST_EVENTS:
        return EventBatch(values, read, layers)
    detail = f"a batch of {len(values)} events, more than {batch.MOST_EVENTS}"
    return Reading(Undeliverable(DeadLetterReason.TOO_LARGE, detail), layers)


def _settle_nothing(_value: bytes | None) -> None:
    return None


def _is_no_event(decision: Decision) -> bool:
    return isinstance(decision, Undeliverable) and not decision.is_event


def _is_structured(value: bytes) -> bool:
    if _SPECVERSION not in value and _ESCAPE not in value:  # decoding a megabyte once more may take 50 ms
        return False
    document = decode(value)
    return isinstance(document, dict) and document.get("specversion") is not None


def _base64_data(value: bytes) -> bytes | Undeliverable | None:
    """Return the bytes in `data_base64` of a CloudEvent; None: it has none."""
    document = decode(value)
    text = document.get("data_base64") if isinstance(document, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return b64decode(text.encode("utf-8", "surrogatepass"), validate=True)
    except binascii.Error:
        return _NO_BASE64


def _with_hint(found: Undeliverable) -> Undeliverable:
    return Undeliverable(found.reason, found.detail + _UNFRAMED_HINT)


def is_binary_cloudevent(headers: Headers) -> bool:
    """Return whether the headers are a CloudEvent's attributes, so that the value is its data."""
    return any(name.lower().startswith(_CLOUDEVENT_PREFIX) for name, _value in headers)


def declares_structured_cloudevent(headers: Headers) -> bool:
    """Return whether the content type says that the value is a CloudEvent with its envelope."""
    return any(
        name.lower() == _CONTENT_TYPE and (value or b"").lower().startswith(_STRUCTURED) for name, value in headers
    )
