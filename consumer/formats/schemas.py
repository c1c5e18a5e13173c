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
    """Decodes framed values. Never raises.

    changes -- grows whenever a schema has come, or was refused; any thread may read it
    fault   -- why the registry can't be used, and the fix; empty while it can
    """

    @property
    def changes(self) -> int: ...

    @property
    def fault(self) -> str: ...

    def wait(self, seconds: float) -> None:
        """Wait until something has changed, at most so many seconds. For those who may wait: no poll loop."""

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        """Return the value as JSON, what is wrong with it, or that its schema is being fetched. Never waits."""
