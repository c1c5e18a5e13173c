"""What formats ask of a Schema Registry, without knowing one."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from consumer.enrolment.decision import Undeliverable
from consumer.formats.framing import Framed, SchemaId
from consumer.formats.value_format import Layer


class Decoded(NamedTuple):
    """A value as JSON, and what it was."""

    value: bytes
    layer: Layer


class SchemaPending(NamedTuple):
    """The schema is not here yet. The caller waits for it, and asks again."""

    schema_id: SchemaId


class Schemas(Protocol):
    """Decodes framed values. Never blocks and never raises."""

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        """Return the value as JSON, what is wrong with it, or that its schema is still being fetched."""
