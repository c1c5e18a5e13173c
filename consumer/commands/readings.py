"""Read records for commands, which wait for a schema where a worker would hold the record."""

from __future__ import annotations

import time
from functools import partial

from confluent_kafka import Message

from consumer.enrolment.decision import Decision
from consumer.errors import RefusedError
from consumer.formats.decider import Decider, HeadersOf, Reading
from consumer.formats.framing import SchemaPending, schema_name
from consumer.registry.opening import open_registry
from consumer.scheduling.task import headers_of
from consumer.settings import Settings
from consumer.settings.views import needs_registry, record_decider, registry_options

SCHEMA_SECONDS = 60.0  # longer than an unknown id is asked for again
_WAIT_SECONDS = 0.2


def command_decider(settings: Settings) -> Decider:
    """Return a decider like the worker's. Raises ConfigurationError where the extra is not installed."""
    if not needs_registry(settings.kafka):
        return record_decider(settings)
    return record_decider(settings, open_registry(registry_options(settings.registry)))


def reading_of(decider: Decider, value: bytes | None, headers: HeadersOf) -> Reading:
    """Return the reading of a record. Raises RefusedError where its schema can't be fetched."""
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


def decision_on(decider: Decider, message: Message) -> Decision:
    """Return the decision on a message. Raises RefusedError where its schema can't be fetched."""
    return reading_of(decider, message.value(), partial(headers_of, message)).decision
