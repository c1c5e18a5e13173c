"""The formats of values: the configured one, and the layers found in a record."""

from __future__ import annotations

from enum import StrEnum


class ValueFormat(StrEnum):
    """KAFKA_VALUE_FORMAT."""

    AUTO = "auto"  # by headers, then by the first bytes; every format without a registry
    JSON = "json"  # JSON only
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
    BATCH = "batch"  # several events in one record
