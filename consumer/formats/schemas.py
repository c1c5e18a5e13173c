"""The interface of a Schema Registry that formats use."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from consumer.enrolment.decision import Undeliverable
from consumer.formats.framing import Framed, SchemaId
from consumer.formats.value_format import Layer


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
