"""How the operator says what the records hold, and what they turn out to hold."""

from __future__ import annotations

from enum import StrEnum


class ValueFormat(StrEnum):
    """KAFKA_VALUE_FORMAT."""

    AUTO = "auto"  # by the headers, then by the first bytes; all that needs no registry
    JSON = "json"  # JSON and nothing else
    REGISTRY = "registry"  # Schema Registry framing: Avro, JSON Schema, Protobuf
    CLOUDEVENTS = "cloudevents"  # CloudEvents in binary or structured mode


class Layer(StrEnum):
    """One layer of a value, from the outside in."""

    CLOUDEVENT_BINARY = "cloudevents_binary"
    CLOUDEVENT_STRUCTURED = "cloudevents_structured"
    GZIP = "gzip"
    FRAMING = "framing"  # of the Schema Registry
    AVRO = "avro"
    JSON_SCHEMA = "json_schema"
    PROTOBUF = "protobuf"
    JSON = "json"
