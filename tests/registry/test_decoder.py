"""Schemas become decoders: what producers write comes out as JSON, and damage has a reason."""

from __future__ import annotations

import datetime
import json
import uuid
from base64 import b64encode
from decimal import Decimal
from io import BytesIO
from typing import Any

import fastavro
import orjson
import pytest
from google.protobuf import descriptor_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.formats.framing import Decoded
from consumer.formats.value_format import Layer
from consumer.registry.decoder import Decoder, compile_schema
from consumer.registry.schema import Schema, SchemaType, Unusable

TRAITS = {
    "type": "record",
    "name": "Traits",
    "namespace": "shop",
    "fields": [
        {"name": "email", "type": ["null", "string"]},
        {"name": "first_name", "type": ["null", "string"], "default": None},
        {"name": "consent", "type": {"type": "enum", "name": "Consent", "symbols": ["YES", "NO"]}},
    ],
}
EVENT = {
    "type": "record",
    "name": "Event",
    "namespace": "shop",
    "fields": [
        {"name": "type", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "traits", "type": TRAITS},
    ],
}
AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
VALUE = {"type": "identify", "at": AT, "traits": {"email": "jane@example.com", "first_name": None, "consent": "YES"}}
PLAIN = {
    "type": "identify",
    "at": "2026-01-02T03:04:05+00:00",
    "traits": {"email": "jane@example.com", "first_name": None, "consent": "YES"},
}


def doubled(times: int) -> dict[str, Any]:
    """A record that holds the next one twice, and so on: the last has no fields."""
    record: dict[str, Any] = {"type": "record", "name": f"R{times}", "fields": []}
    for number in reversed(range(times)):
        fields = [{"name": "a", "type": record}, {"name": "b", "type": f"R{number + 1}"}]
        record = {"type": "record", "name": f"R{number}", "fields": fields}
    return record


RECURSIVE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
IN_A_CIRCLE = {
    f"shop.{name}": json.dumps({"type": "record", "name": name, "namespace": "shop", "fields": [
        {"name": "next", "type": ["null", f"shop.{other}"]}]})
    for name, other in ("AB", "BA")
}  # fmt: skip


def avro(schema: Any, value: Any) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), value)
    return stream.getvalue()


def compiled(kind: str, schema: Any, **references: Any) -> Decoder:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in references.items()}
    found = compile_schema(Schema(kind, text, texts), "7")
    assert isinstance(found, Decoder)
    return found


def decoded(decoder: Decoder, payload: bytes) -> Any:
    found = decoder.decode(payload)
    assert isinstance(found, Decoded)
    return orjson.loads(found.value)


def fault(decoder: Decoder, payload: bytes) -> str:
    found = decoder.decode(payload)
    assert isinstance(found, Undeliverable)
    assert found.reason is DeadLetterReason.UNDECODABLE
    assert not found.is_event
    return found.detail


def test_avro_with_unions_enums_and_logical_types() -> None:
    decoder = compiled("AVRO", EVENT)
    assert decoder.layer is Layer.AVRO
    assert decoded(decoder, avro(EVENT, VALUE)) == PLAIN


@pytest.mark.parametrize(
    ("schema", "value", "plain"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("12.30"), "12.30"),
        ({"type": "string", "logicalType": "uuid"}, uuid.UUID(int=7), str(uuid.UUID(int=7))),
        ({"type": "int", "logicalType": "date"}, datetime.date(2026, 1, 2), "2026-01-02"),
        ({"type": "int", "logicalType": "time-millis"}, datetime.time(1, 2, 3), "01:02:03"),
        ("bytes", b"jane@example.com", "jane@example.com"),
        ("bytes", b"\xff\xfe", b64encode(b"\xff\xfe").decode()),
        ("double", float("nan"), None),
        ("long", 2**63 - 1, 2**63 - 1),
        ({"type": "map", "values": ["null", "string", "boolean"]}, {"a": "b", "c": True}, {"a": "b", "c": True}),
        ({"type": "array", "items": "string"}, ["a", "b"], ["a", "b"]),
    ],
    ids=["decimal", "uuid", "date", "time", "text in bytes", "bytes", "NaN", "long", "map", "array"],
)
def test_avro_types_become_what_the_mapper_understands(schema: Any, value: Any, plain: Any) -> None:
    record = {"type": "record", "name": "R", "fields": [{"name": "v", "type": schema}]}
    assert decoded(compiled("AVRO", record), avro(record, {"v": value})) == {"v": plain}


@pytest.mark.parametrize(
    ("kind", "logical", "written"),
    [
        ("long", "timestamp-millis", 2**62),
        ("long", "timestamp-micros", 2**63 - 1),
        ("long", "local-timestamp-millis", -(2**62)),
        ("long", "time-micros", 2**62),
        ("int", "date", 2**31 - 1),
        ("string", "uuid", "guest-7"),
        ("string", "uuid", ""),
    ],
)
def test_a_logical_type_out_of_its_range_does_not_cost_the_event(kind: str, logical: str, written: object) -> None:
    def record(of: Any) -> dict[str, Any]:
        price = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
        fields = [{"name": "v", "type": ["null", of]}, {"name": "price", "type": price}]
        return {"type": "record", "name": "R", "fields": fields}

    payload = avro(record(kind), {"v": written, "price": Decimal("12.30")})
    decoder = compiled("AVRO", record({"type": kind, "logicalType": logical}))
    assert decoded(decoder, payload) == {"v": written, "price": "12.30"}
    assert fault(decoder, payload + b"\0") == "avro that does not fit schema 7 (ValueError)"


def test_avro_references_by_their_full_name_even_twice() -> None:
    outer = {**EVENT, "fields": [*EVENT["fields"][:2], {"name": "traits", "type": "shop.Traits"},
                                 {"name": "before", "type": "shop.Traits"}]}  # fmt: skip
    whole = {**EVENT, "fields": [*EVENT["fields"], {"name": "before", "type": "shop.Traits"}]}
    decoder = compiled("AVRO", outer, **{"traits.avsc": TRAITS})
    payload = avro(whole, {**VALUE, "before": VALUE["traits"]})
    assert decoded(decoder, payload) == {**PLAIN, "before": PLAIN["traits"]}


@pytest.mark.parametrize("name", ["Consent", "shop.Consent", "other.Consent"])
def test_avro_references_to_a_type_inside_another_that_comes_later(name: str) -> None:
    full_name = name if "." in name else f"shop.{name}"
    consent = {"type": "enum", "name": name, "symbols": ["YES", "NO"]}
    traits = {**TRAITS, "fields": [{"name": "consent", "type": {"type": "array", "items": consent}}]}
    first, later = {"name": "first", "type": full_name}, {"name": "traits", "type": "shop.Traits"}
    decoder = compiled("AVRO", {"type": "record", "name": "R", "fields": [first, later]}, **{"traits.avsc": traits})
    value = {"first": "NO", "traits": {"consent": ["YES"]}}
    whole = {"type": "record", "name": "R", "fields": [
        {"name": "first", "type": {**consent, "name": full_name}},
        {"name": "traits", "type": {**traits, "fields": [
            {"name": "consent", "type": {"type": "array", "items": full_name}}]}}]}  # fmt: skip
    assert decoded(decoder, avro(whole, value)) == value


@pytest.mark.parametrize(
    "payload", [avro(EVENT, VALUE)[:-1], b"", b"\x02", avro(EVENT, VALUE) + b"\0", b"\xff" * 40, b"{}"],
    ids=["truncated", "nothing", "a byte", "a byte too many", "no length", "JSON"],
)  # fmt: skip
def test_data_that_does_not_fit_its_avro_schema_has_a_reason(payload: bytes) -> None:
    assert fault(compiled("AVRO", EVENT), payload).startswith("avro that does not fit schema 7 (")


@given(st.binary(max_size=80))
def test_no_bytes_raise(payload: bytes) -> None:
    for decoder in (compiled("AVRO", EVENT), compiled("AVRO", RECURSIVE), compiled("PROTOBUF", PROTO_TRAITS)):
        assert isinstance(decoder.decode(payload), Decoded | Undeliverable)


def test_a_recursive_schema_is_read_to_a_depth_that_cannot_end_the_process() -> None:
    decoder = compiled("AVRO", RECURSIVE)
    assert decoded(decoder, b"\2\2\0") == {"next": {"next": {"next": None}}}
    assert fault(decoder, b"\2" * 1_000_000) == "avro that does not fit schema 7 (RecursionError)"


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (Schema("AVRO", "{"), "avro that can't be compiled (JSONDecodeError)"),
        (Schema("AVRO", '"shop.Missing"'), "avro that can't be compiled ("),
        (Schema("AVRO", '{"type": "array", "items": "null"}'), "avro that can't be compiled (ValueError)"),
        (Schema("AVRO", json.dumps({"type": "array", "items": {"type": "fixed", "size": 0, "name": "F"}})),
         "avro that can't be compiled (ValueError)"),
        (Schema("AVRO", json.dumps({"type": "map", "values": {"type": "array", "items": {
            "type": "record", "name": "E", "fields": [{"name": "n", "type": {"type": "null"}}]}}})),
         "avro that can't be compiled (ValueError)"),
        *((Schema("AVRO", json.dumps({"type": "record", "name": "R", "fields": [
            {"name": "one", "type": {"name": "E", **empty}},
            {"name": "many", "type": {"type": "array", "items": "E"}}]})), "avro that can't be compiled (ValueError)")
          for empty in ({"type": "record", "fields": []}, {"type": "fixed", "size": 0})),
        (Schema("AVRO", json.dumps(doubled(40))), "avro that can't be compiled (ValueError)"),
        (Schema("AVRO", json.dumps({"type": "array", "items": doubled(40)})),
         "avro that can't be compiled (ValueError)"),
        (Schema("AVRO", '"shop.A"', IN_A_CIRCLE), "avro that can't be compiled (RecursionError)"),
        (Schema("PROTOBUF", 'syntax = "proto3";'), "protobuf that can't be compiled (Error)"),
        (Schema("PROTOBUF", b64encode(b"\xff").decode()), "protobuf that can't be compiled (DecodeError)"),
        (Schema("XML", "<x/>"), "of a type that is not known"),
    ],
    ids=["no JSON", "a type that is missing", "nulls", "no size", "nulls in records", "empty records by name",
         "no size by name", "records doubled", "doubled in an array", "references in a circle",
         "source", "garbage", "XML"],
)  # fmt: skip
def test_a_schema_that_cannot_be_used_has_a_reason(schema: Schema, why: str) -> None:
    found = compile_schema(schema, "7")
    assert isinstance(found, Unusable)
    assert found.why.startswith(why)


def test_records_without_fields_are_read() -> None:
    assert decoded(compiled("AVRO", doubled(2)), b"") == {"a": {"a": {}, "b": {}}, "b": {"a": {}, "b": {}}}


def test_json_schema_is_the_json_in_the_frame() -> None:
    decoder = compiled("JSON", {"type": "object"})
    assert (decoder.layer, decoded(decoder, b'{"type": "page"}')) == (Layer.JSON_SCHEMA, {"type": "page"})


def proto_file(name: str, package: str = "", depends: tuple[str, ...] = ()) -> descriptor_pb2.FileDescriptorProto:
    return descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=depends)


def encoded(file: descriptor_pb2.FileDescriptorProto) -> str:
    return b64encode(file.SerializeToString()).decode()


def field(name: str, number: int, kind: str, type_name: str = "", *, many: bool = False) -> Any:
    labels = descriptor_pb2.FieldDescriptorProto
    return descriptor_pb2.FieldDescriptorProto(
        name=name, number=number, type=getattr(labels, f"TYPE_{kind}"), type_name=type_name or None,
        label=labels.LABEL_REPEATED if many else labels.LABEL_OPTIONAL,
    )  # fmt: skip


TRAITS_FILE = proto_file("traits.proto", "shop")
TRAITS_FILE.message_type.add(name="Traits", field=[field("email", 1, "STRING"), field("first_name", 2, "STRING")])
EVENT_FILE = proto_file(
    "event.proto", "shop", ("traits.proto", "google/protobuf/timestamp.proto", "google/protobuf/struct.proto")
)
EVENT_FILE.message_type.add(name="Other")
OUTER = EVENT_FILE.message_type.add(name="Outer")
OUTER.nested_type.add(
    name="Event",
    field=[
        field("type", 1, "STRING"),
        field("traits", 2, "MESSAGE", ".shop.Traits"),
        field("at", 3, "MESSAGE", ".google.protobuf.Timestamp"),
        field("properties", 4, "MESSAGE", ".google.protobuf.Struct"),
        field("number", 5, "INT64"),
    ],
)
PROTO, PROTO_TRAITS = encoded(EVENT_FILE), encoded(TRAITS_FILE)
INDEXES = b"\x04\x02\x00"  # two of them, in zigzag: message 1, and message 0 inside it


def message(**fields: Any) -> bytes:
    """A message of the nested type, written by protobuf itself."""
    pool = DescriptorPool()
    for known in (timestamp_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.Add(TRAITS_FILE)
    pool.Add(EVENT_FILE)
    made: bytes = GetMessageClass(pool.FindMessageTypeByName("shop.Outer.Event"))(**fields).SerializeToString()
    return made


def test_protobuf_without_generated_classes() -> None:
    decoder = compiled("PROTOBUF", PROTO, **{"traits.proto": PROTO_TRAITS})
    payload = message(
        type="identify", traits={"email": "jane@example.com", "first_name": "Jane"}, at={"seconds": 1}, number=2**60,
        properties={"plan": "gold"},
    )  # fmt: skip
    assert decoder.layer is Layer.PROTOBUF
    assert decoded(decoder, INDEXES + payload) == {
        "type": "identify",
        "traits": {"email": "jane@example.com", "first_name": "Jane"},
        "at": "1970-01-01T00:00:01Z",
        "properties": {"plan": "gold"},
        "number": str(2**60),
    }


def test_the_first_message_of_a_file_has_the_short_index() -> None:
    assert decoded(compiled("PROTOBUF", PROTO_TRAITS), b"\0\x0a\x01a") == {"email": "a"}
    assert decoded(compiled("PROTOBUF", PROTO_TRAITS), b"\2\0\x0a\x01a") == {"email": "a"}


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x04\x02", b"\x02\x14", b"\x02\x01", b"\1", b"\xfe\3" + b"\0" * 200, b"\xff" * 20, INDEXES + b"\x0a\x09x"],
    ids=["nothing", "half", "no such message", "below 0", "a count below 0", "very many", "no end", "truncated"],
)  # fmt: skip
def test_data_that_does_not_fit_its_protobuf_schema_has_a_reason(payload: bytes) -> None:
    decoder = compiled("PROTOBUF", PROTO, **{"traits.proto": PROTO_TRAITS})
    assert fault(decoder, payload).startswith("protobuf that does not fit schema 7 (")


def test_an_import_that_nobody_has_makes_the_schema_unusable() -> None:
    for name in ("os.proto", "google/../os.proto", "google/protobuf/missing.proto"):
        file = proto_file("a.proto", depends=(name,))
        assert isinstance(compile_schema(Schema(SchemaType.PROTOBUF, encoded(file)), "7"), Unusable)


def test_types_of_confluent_and_google_need_no_reference() -> None:
    file = proto_file("a.proto", depends=("confluent/meta.proto", "google/type/date.proto"))
    file.message_type.add(name="A", field=[field("day", 1, "MESSAGE", ".google.type.Date")])
    assert decoded(compiled("PROTOBUF", encoded(file)), b"\0\x0a\x03\x08\xea\x0f") == {"day": {"year": 2026}}


def test_what_becomes_very_long_is_too_large() -> None:
    decoder = compiled("JSON", {})
    found = decoder.decode(b'"' + b"x" * (16 * 1024 * 1024) + b'"')
    assert isinstance(found, Undeliverable)
    assert found.reason is DeadLetterReason.TOO_LARGE
