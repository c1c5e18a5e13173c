"""Decode values with cached schemas; fetch missing schemas on a thread."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from consumer.enrolment.decision import Undeliverable
from consumer.formats.framing import Decoded, Framed, SchemaId, SchemaPending, schema_name
from consumer.registry.cache import SchemaCache
from consumer.registry.client import Away, RegistryClient, Unknown
from consumer.registry.decoder import Decoder, compile_schema
from consumer.registry.opening import FetchResult
from consumer.registry.schema import Schema, Unusable, fetch
from consumer.threads import Threads

log = structlog.get_logger()


class SchemaRegistry:
    """Decode framed values, on any thread. One thread fetches schemas.

    clock -- monotonic seconds
    count -- called by the fetching thread with each result
    """

    def __init__(
        self,
        client: RegistryClient,
        threads: Threads,
        clock: Callable[[], float],
        count: Callable[[FetchResult], None] = lambda _result: None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._count = count
        self._cache = SchemaCache()
        self._lock, self._changed = threads.condition()
        threads.start(self._run, "schemas")

    @property
    def changes(self) -> int:
        """Return a number that grows whenever a schema has come, or was refused."""
        return self._cache.changes

    @property
    def fault(self) -> str:
        """Return why the registry can't be used, and the fix; empty while it can."""
        return self._cache.fault

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        """Return the value as JSON, what is wrong with it, or that its schema is being fetched. Never waits."""
        schema_id, payload = framed
        decoder = self._cache.decoders.get(schema_id)
        if decoder is not None:
            return decoder.decode(payload)
        with self._lock:
            found = self._cache.find(schema_id, self._clock())
            self._changed.notify_all()
        if isinstance(found, Decoder):
            return found.decode(payload)
        return found if found is not None else SchemaPending(schema_id)

    def wait(self, seconds: float) -> None:
        """Wait until `changes` grows, or for this time. Not for the poll loop."""
        with self._lock:
            self._changed.wait(seconds)

    def _run(self) -> None:
        """Fetch what is wanted, for as long as the process lives."""
        while True:
            self.fetch_next(self._await_due())

    def _await_due(self) -> SchemaId:
        with self._lock:
            while True:
                wanted = self._cache.next_due()
                now = self._clock()
                if wanted is not None and wanted[1] <= now:
                    return wanted[0]
                self._changed.wait(None if wanted is None else wanted[1] - now)

    def fetch_next(self, schema_id: SchemaId) -> None:
        """Fetch a schema that is wanted, compile it and take it in."""
        found: object = fetch(self._client, schema_id)
        if isinstance(found, Schema):
            found = compile_schema(found, schema_name(schema_id))
        with self._lock:
            before = self._cache.fault
            result = self._take_in(schema_id, found)
            after = self._cache.fault
            self._changed.notify_all()
        self._count(result)
        if after and not before:
            log.warning("schema registry unreachable", schema=schema_name(schema_id), cause=after)
        elif before and not after:
            log.info("schema registry reached", schema=schema_name(schema_id))

    def _take_in(self, schema_id: SchemaId, found: object) -> FetchResult:
        now = self._clock()
        match found:
            case Decoder():
                self._cache.came(schema_id, found)
                return FetchResult.FOUND
            case Unusable():
                self._cache.unusable(schema_id, found, now)
                return FetchResult.UNUSABLE
            case Unknown():
                self._cache.unknown(schema_id, now)
                return FetchResult.UNKNOWN
            case Away(fault):
                self._cache.away(fault, now)
        return FetchResult.FAILED
