"""Compile schemas and decode framed data to JSON. Bad schemas and bad data yield a reason, never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.formats.framing import Decoded
from consumer.formats.value_format import Layer
from consumer.registry.avro import AvroDecoder
from consumer.registry.protobuf import ProtobufDecoder
from consumer.registry.schema import Schema, SchemaType, Unusable

_MOST_BYTES = 16 * 1024 * 1024  # of the JSON that a value becomes: an Avro array of nulls takes no bytes


class Decoder(NamedTuple):
    """Decodes values of one schema."""

    layer: Layer
    read: Callable[[bytes], bytes]
    schema: str

    def decode(self, payload: bytes) -> Decoded | Undeliverable:
        """Return the value as JSON, or what is wrong with it. Never raises."""
        try:
            value = self.read(payload)
        except Exception as error:
            return undecodable(f"{self.layer} that does not fit schema {self.schema} ({type(error).__name__})")
        if len(value) > _MOST_BYTES:
            return Undeliverable(DeadLetterReason.TOO_LARGE, "more than 16 MiB as JSON")
        return Decoded(value, self.layer)


def compile_schema(schema: Schema, name: str) -> Decoder | Unusable:
    """Compile a schema. `name` is its id, for the reasons that the decoder gives."""
    try:
        match schema.type:
            case SchemaType.AVRO:
                return Decoder(Layer.AVRO, AvroDecoder(schema.text, schema.references), name)
            case SchemaType.JSON:
                return Decoder(Layer.JSON_SCHEMA, bytes, name)  # the data is the JSON; it is not validated
            case SchemaType.PROTOBUF:
                return Decoder(Layer.PROTOBUF, ProtobufDecoder(schema.text, schema.references), name)
    except Exception as error:
        return Unusable(f"{schema.type.lower()} that can't be compiled ({type(error).__name__})")
    return Unusable("of a type that is not known")


def undecodable(detail: str) -> Undeliverable:
    """Return the dead letter for a value that can't be decoded."""
    return Undeliverable(DeadLetterReason.UNDECODABLE, detail)
