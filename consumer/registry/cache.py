"""Track the cached schemas and select the next one to fetch. Pure: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.enrolment.decision import Undeliverable
from consumer.formats.framing import SchemaId, schema_name
from consumer.registry.decoder import Decoder, undecodable
from consumer.registry.schema import Unusable

UNKNOWN_SECONDS = 30.0  # retry an unknown id for this long: registries replicate with a delay
UNKNOWN_AGAIN_SECONDS = 2.0
REFUSED_SECONDS = 60.0  # request a refused id again after this time, if a record has it
AWAY_SECONDS = (1.0, 2.0, 5.0, 10.0)  # between two requests to an unreachable registry; the last one repeats
MOST_REFUSED = 10_000  # a topic of other records has a new id in each


@dataclass(slots=True)
class _Wanted:
    """A schema that a record needs. Times in monotonic seconds."""

    due: float
    unknown_since: float | None = None


@dataclass(frozen=True, slots=True)
class _Refused:
    """A schema that can't be had or can't be used."""

    why: Undeliverable
    until: float


class SchemaCache:
    """Compiled schemas, refused ones, and the wanted ones. The caller has the lock, but to read the public fields.

    changes  -- grows whenever a schema has come, or was refused
    fault    -- why the registry can't be used, and the fix; empty while it can
    decoders -- the compiled schemas
    """

    def __init__(self) -> None:
        self.changes = 0
        self.fault = ""
        self._failures = 0  # in a row
        self.decoders: dict[SchemaId, Decoder] = {}
        self._refused: dict[SchemaId, _Refused] = {}
        self._wanted: dict[SchemaId, _Wanted] = {}  # the first one was wanted first

    def find(self, schema_id: SchemaId, now: float) -> Decoder | Undeliverable | None:
        """Return the schema's decoder, or why it is unavailable. None: its fetch is scheduled."""
        if decoder := self.decoders.get(schema_id):
            return decoder
        refused = self._refused.get(schema_id)
        if (refused is None or now >= refused.until) and schema_id not in self._wanted:
            self._wanted[schema_id] = _Wanted(now)
        return refused.why if refused is not None else None

    def next_due(self) -> tuple[SchemaId, float] | None:
        """Return the next schema to fetch and its due time; None: no fetch is scheduled."""
        if not self._wanted:
            return None
        schema_id = min(self._wanted, key=lambda each: self._wanted[each].due)
        return schema_id, self._wanted[schema_id].due

    def came(self, schema_id: SchemaId, decoder: Decoder) -> None:
        """Cache a fetched schema."""
        self._reached()
        self.decoders[schema_id] = decoder
        self._refused.pop(schema_id, None)
        self._settle(schema_id)

    def unusable(self, schema_id: SchemaId, found: Unusable, now: float) -> None:
        """Refuse a schema that the registry has."""
        self._reached()
        self._refuse(schema_id, f"schema {schema_name(schema_id)} is {found.why}", now)

    def unknown(self, schema_id: SchemaId, now: float) -> None:
        """Ask again for a schema that the registry does not know, or refuse it after UNKNOWN_SECONDS."""
        self._reached()
        wanted = self._wanted[schema_id]
        if wanted.unknown_since is None:
            wanted.unknown_since = now
        if schema_id in self._refused or now - wanted.unknown_since >= UNKNOWN_SECONDS:
            self._refuse(schema_id, f"schema {schema_name(schema_id)} is unknown to the Schema Registry", now)
        else:
            wanted.due = now + UNKNOWN_AGAIN_SECONDS

    def away(self, fault: str, now: float) -> None:
        """Note that the registry can't be used: all wanted schemas wait."""
        self.fault = fault
        pause = AWAY_SECONDS[min(self._failures, len(AWAY_SECONDS) - 1)]
        self._failures += 1
        for wanted in self._wanted.values():
            wanted.due = max(wanted.due, now + pause)

    def _reached(self) -> None:
        """Note an answer of the registry: what waited for it is due at once."""
        self.fault, self._failures = "", 0

    def _refuse(self, schema_id: SchemaId, why: str, now: float) -> None:
        if len(self._refused) >= MOST_REFUSED:
            self._refused.pop(next(iter(self._refused)))
        self._refused[schema_id] = _Refused(undecodable(why), now + REFUSED_SECONDS)
        self._settle(schema_id)

    def _settle(self, schema_id: SchemaId) -> None:
        del self._wanted[schema_id]
        self.changes += 1
