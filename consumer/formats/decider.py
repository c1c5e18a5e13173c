"""Decide a record by its value and headers: unwrap the value, then apply the enrolment rules."""

from __future__ import annotations

from collections.abc import Callable

from consumer.enrolment.decision import Decision, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.formats import batch, compression, framing
from consumer.formats.cloudevents import declares_structured_cloudevent, is_binary_cloudevent
from consumer.formats.documents import Documents, EventBatch, Found, Reading, is_structured
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
_UNFRAMED_HINT = "; compare KAFKA_VALUE_FORMAT"


class Decider:
    """Decide the disposition of records in the operator's format. Holds no state but the schemas' cache.

    schemas -- decodes framed values; only for `ValueFormat.REGISTRY`
    """

    def __init__(
        self, enroller: Enroller, value_format: ValueFormat = ValueFormat.AUTO, schemas: Schemas | None = None
    ) -> None:
        self._enroller = enroller
        self._documents = Documents(enroller)
        self.schemas = schemas
        self._read = {
            ValueFormat.AUTO: self._auto,
            ValueFormat.JSON: self._json,
            ValueFormat.REGISTRY: self._registry,
            ValueFormat.CLOUDEVENTS: self._cloudevents,
        }[value_format]
        self.glance = {
            ValueFormat.AUTO: enroller.before_headers().glance,
            ValueFormat.JSON: enroller.glance,
        }.get(value_format, _settle_nothing)

    def decide(self, value: bytes | None, headers: HeadersOf) -> Decision | EventBatch | SchemaPending:
        """Decide the disposition of a record. Never raises, whatever the bytes.

        The hot path calls `glance` first, which decides plain JSON events, and calls this only where that returns None.
        """
        found = self.read(value, headers)
        return found.decision if isinstance(found, Reading) else found

    def read(self, value: bytes | None, headers: HeadersOf) -> Found | SchemaPending:
        """Decide the disposition, and return it with the layers of the value. Never raises, whatever the bytes.

        The events of a batch are not decided yet: that may take longer than a poll loop should.
        """
        if not value:
            return Reading(self._enroller.decide(value))
        return self._read(value, headers)

    def identity_pointers(self, event: object) -> set[str]:
        """Return where emails, phone and fax numbers are read in this event: JSON pointers, also of those not used."""
        return self._enroller.identity_pointers(event)

    def _json(self, value: bytes, _headers: HeadersOf) -> Found:
        return self._documents.plain(value)

    def _auto(self, value: bytes, headers: HeadersOf) -> Found:
        given = headers() or ()
        outer: tuple[Layer, ...] = (Layer.CLOUDEVENT_BINARY,) if is_binary_cloudevent(given) else ()
        if value.startswith(compression.MAGIC):
            outer += (Layer.GZIP,)
            unpacked = compression.unpack(value)
            if isinstance(unpacked, Undeliverable):
                return Reading(unpacked, outer)
            value = unpacked
        if declares_structured_cloudevent(given) and self.glance(value) is None:
            return self._documents.cloudevents(value, outer)
        if schema_id_header(given) is not None:
            return self._framed_json(value, outer)
        if value[:1] and value[0] in framing.MAGIC:
            framed = framing.read_frame(value)
            return self._framed_json(framed.payload, outer) if isinstance(framed, Framed) else Reading(framed, outer)
        return self._documents.any(value, outer)

    def _framed_json(self, payload: bytes, outer: tuple[Layer, ...]) -> Found:
        """Read a framed value if it is JSON. Other formats need a registry."""
        outer += (Layer.FRAMING,)
        begins = payload.removeprefix(_BOM).lstrip()[:1]
        return (
            self._documents.any(payload, outer) if begins and begins in _JSON_BEGINS else Reading(_NEEDS_SCHEMA, outer)
        )

    def _registry(self, value: bytes, headers: HeadersOf) -> Found | SchemaPending:
        header = schema_id_header(headers() or ())
        framed = framing.read_frame(value) if header is None else framing.read_header_frame(header, value)
        if isinstance(framed, Undeliverable):
            return Reading(_with_hint(framed))
        assert self.schemas is not None  # noqa: S101 -- for the type checker: this format comes with schemas
        decoded = self.schemas.decode(framed)
        if isinstance(decoded, Decoded):
            return self._documents.any(decoded.value, (Layer.FRAMING, decoded.layer))
        return Reading(decoded, (Layer.FRAMING,)) if isinstance(decoded, Undeliverable) else decoded

    def _cloudevents(self, value: bytes, headers: HeadersOf) -> Found:
        given = headers() or ()
        if is_binary_cloudevent(given) or declares_structured_cloudevent(given):
            return self._auto(value, headers)
        found = batch.split(value)
        documents = (value,) if found is None else found.values
        too_many = found is not None and found.number > batch.MOST_EVENTS  # they are not looked at
        if too_many or any(map(_holds_specversion, documents)):
            return self._documents.cloudevents(value, ())
        return Reading(_NO_CLOUDEVENT)


def _settle_nothing(_value: bytes | None) -> None:
    return None


def _holds_specversion(value: object) -> bool:
    if isinstance(value, bytes):
        return is_structured(value)
    return isinstance(value, dict) and value.get("specversion") is not None


def _with_hint(found: Undeliverable) -> Undeliverable:
    return Undeliverable(found.reason, found.detail + _UNFRAMED_HINT)
