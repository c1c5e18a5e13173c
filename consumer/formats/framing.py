"""Parse Schema Registry framing: the id of the value's schema and the start of its data.

Three forms: a zero byte and four bytes of schema id; a one and the sixteen bytes of a schema GUID; or either of them in
the header `__value_schema_id`, and the value without a frame. `Schemas` is the interface of a
Schema Registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.formats.value_format import Layer

Headers = Sequence[tuple[str, bytes | None]]

SCHEMA_ID = "__value_schema_id"
SchemaId = int | bytes
"""A number, or the 16 bytes of a GUID."""

_BY_NUMBER, _BY_GUID = 0, 1
MAGIC = (_BY_NUMBER, _BY_GUID)  # the first byte of a frame
_NUMBER_END, _GUID_END = 5, 17

_NO_FRAME = Undeliverable(DeadLetterReason.UNDECODABLE, "no Schema Registry framing: the first byte is neither 0 nor 1")
_TRUNCATED = Undeliverable(DeadLetterReason.UNDECODABLE, "truncated Schema Registry framing")
_EMPTY = Undeliverable(DeadLetterReason.UNDECODABLE, "Schema Registry framing without data")
_BAD_HEADER = Undeliverable(DeadLetterReason.UNDECODABLE, f"the header {SCHEMA_ID} holds no schema id")


def schema_id_header(headers: Headers) -> bytes | None:
    """Return the header that names the value's schema; None where there is none. The first one counts."""
    return next((value for name, value in headers if name == SCHEMA_ID and value is not None), None)


class Framed(NamedTuple):
    """A value without its frame.

    payload -- the data; of Protobuf, the message indexes and the data
    """

    schema_id: SchemaId
    payload: bytes


def read_frame(value: bytes) -> Framed | Undeliverable:
    """Return a value's schema and data, or what is wrong. Never raises."""
    magic = value[0] if value else None
    schema_id: SchemaId
    if magic == _BY_NUMBER:
        end, schema_id = _NUMBER_END, int.from_bytes(value[1:_NUMBER_END], "big")
    elif magic == _BY_GUID:
        end, schema_id = _GUID_END, value[1:_GUID_END]
    else:
        return _NO_FRAME
    if len(value) <= end:
        return _EMPTY if len(value) == end else _TRUNCATED
    return Framed(schema_id, value[end:])


def read_header_frame(header: bytes, value: bytes) -> Framed | Undeliverable:
    """Return the schema that the header names and the data, or what is wrong. Never raises.

    Of Protobuf, the header holds the message indexes as well: they are put before the data, where the other forms have
    them.
    """
    if header[:1] == b"\0" and len(header) >= _NUMBER_END:
        return Framed(int.from_bytes(header[1:_NUMBER_END], "big"), header[_NUMBER_END:] + value)
    if header[:1] == b"\1" and len(header) >= _GUID_END:
        return Framed(header[1:_GUID_END], header[_GUID_END:] + value)
    return _BAD_HEADER


def schema_name(schema_id: SchemaId) -> str:
    """Return the schema id as text: `7`, or a GUID."""
    return str(schema_id) if isinstance(schema_id, int) else str(UUID(bytes=schema_id))


class Decoded(NamedTuple):
    """A value as JSON, with its former layer."""

    value: bytes
    layer: Layer


class SchemaPending(NamedTuple):
    """The schema is not cached yet. The caller waits for it, and decodes again."""

    schema_id: SchemaId


class Schemas(Protocol):
    """Decodes framed values. Never raises.

    changes -- grows whenever a schema was fetched or refused; any thread may read it
    fault   -- why the registry is unusable, and the fix; empty: no fault
    """

    @property
    def changes(self) -> int: ...

    @property
    def fault(self) -> str: ...

    def wait(self, seconds: float) -> None:
        """Wait until `changes` grows, or for this time. Not for the poll loop."""

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        """Return the value as JSON, what is wrong with it, or that its schema is being fetched. Never waits."""
