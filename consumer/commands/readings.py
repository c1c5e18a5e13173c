"""Read records for commands, which wait for a schema where a worker would hold the record."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from functools import partial

from confluent_kafka import Message

from consumer.dead_letters.format import redriven_events
from consumer.enrolment.decision import Decision
from consumer.errors import RefusedError
from consumer.formats.decider import Decider, HeadersOf
from consumer.formats.documents import EventBatch, Reading
from consumer.formats.framing import SchemaPending, schema_name
from consumer.registry.opening import open_registry
from consumer.scheduling.task import WHOLE_RECORD, headers_of
from consumer.settings import Settings
from consumer.settings.views import needs_registry, record_decider, registry_options
from consumer.worker.batches import OpenBatch

SCHEMA_SECONDS = 60.0  # longer than an unknown id is asked for again
_WAIT_SECONDS = 0.2


def command_decider(settings: Settings) -> Decider:
    """Return a decider like the worker's. Raises ConfigurationError where the extra is not installed."""
    if not needs_registry(settings.kafka):
        return record_decider(settings)
    return record_decider(settings, open_registry(registry_options(settings.registry)))


def found_in(decider: Decider, value: bytes | None, headers: HeadersOf) -> Reading | EventBatch:
    """Return the reading of a record, or its events. Raises RefusedError where its schema can't be fetched."""
    found = decider.read(value, headers)
    began = time.monotonic()
    while isinstance(found, SchemaPending):
        fault = decider.schemas.fault if decider.schemas is not None else ""
        if fault and time.monotonic() - began >= SCHEMA_SECONDS:
            raise RefusedError(f"Schema {schema_name(found.schema_id)} could not be fetched: {fault}.")
        if decider.schemas is not None:
            decider.schemas.wait(_WAIT_SECONDS)
        found = decider.read(value, headers)
    return found


def reading_of(decider: Decider, value: bytes | None, headers: HeadersOf) -> Reading:
    """Return the reading of a record; of one with several events, one for all. Raises as `found_in`."""
    found = found_in(decider, value, headers)
    if isinstance(found, Reading):
        return found
    return Reading(OpenBatch(found).decide_all().as_one, found.layers)


def events_of(found: Reading | EventBatch, chosen: Collection[int] = ()) -> Iterator[tuple[int, Reading]]:
    """Yield the events of a record by index, from 0; of a record that is one event, its reading under `WHOLE_RECORD`.

    chosen -- indexes of a record with several events; empty: all
    """
    if isinstance(found, Reading):
        yield WHOLE_RECORD, found
        return
    for index, value in enumerate(found.values):
        if not chosen or index in chosen:
            yield index, found.read(value)


def decisions_on(decider: Decider, message: Message) -> dict[int, Decision]:
    """Return the decisions on the events of a message, as `events_of`. Raises RefusedError as `found_in`.

    Of a redriven record with several events, only those that the redrive chose.
    """
    chosen = redriven_events(headers_of(message) or [])
    found = found_in(decider, message.value(), partial(headers_of, message))
    return {index: reading.decision for index, reading in events_of(found, chosen)}
