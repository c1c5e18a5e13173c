"""Each value format, with what it takes, what it refuses, and what it says about it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.consent import Consent
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules
from consumer.formats.decider import Decider
from consumer.formats.documents import EventBatch, Reading
from consumer.formats.framing import Decoded, Framed, Headers, SchemaPending
from consumer.formats.value_format import Layer, ValueFormat
from tests.formats.samples import (
    AVRO,
    BINARY,
    BY_GUID,
    BY_NUMBER,
    ENVELOPE,
    EVENT,
    GUID,
    JSON,
    enrolled,
    fault,
    packed,
    read,
    structured,
)

AUTO, ONLY_JSON, REGISTRY, CLOUDEVENTS = (
    ValueFormat.AUTO,
    ValueFormat.JSON,
    ValueFormat.REGISTRY,
    ValueFormat.CLOUDEVENTS,
)
BOM = b"\xef\xbb\xbf"
BY_HEADER: Headers = [("trace", None), ("__value_schema_id", BY_GUID)]
STRUCTURED: Headers = [("Content-Type", b"application/CloudEvents+json; charset=UTF-8")]
PAGE = b'{"type": "page"}'
TRACK = b'{"type": "track", "event": "Signed Up", "traits": {"email": "jane@example.com"}, "data": {}}'


class OneSchema:
    """Schema 7 decodes everything to the same JSON; schema 8 is still being fetched; others don't exist."""

    changes, fault = 0, ""

    def __init__(self, value: bytes = JSON) -> None:
        self._value = value
        self.asked: list[Framed] = []

    def wait(self, seconds: float) -> None:
        """Nothing ever changes."""

    def decode(self, framed: Framed) -> Decoded | Undeliverable | SchemaPending:
        self.asked.append(framed)
        if framed.schema_id == 8:
            return SchemaPending(8)
        if framed.schema_id in (7, GUID):
            return Decoded(self._value, Layer.AVRO)
        return Undeliverable(DeadLetterReason.UNDECODABLE, "unknown schema")


@pytest.mark.parametrize(
    ("value", "headers", "layers"),
    [
        pytest.param(JSON, (), "json", id="JSON"),
        pytest.param(BOM + JSON, (), "json", id="a byte order mark"),
        pytest.param(packed(), (), "gzip json", id="gzip"),
        pytest.param(packed(BOM + JSON), (), "gzip json", id="a byte order mark in gzip"),
        pytest.param(BY_NUMBER + JSON, (), "framing json", id="framed by number"),
        pytest.param(BY_GUID + JSON, (), "framing json", id="framed by GUID"),
        pytest.param(BY_NUMBER + b" \n" + JSON, (), "framing json", id="framed, after white space"),
        pytest.param(BY_NUMBER + BOM + JSON, (), "framing json", id="framed, after a byte order mark"),
        pytest.param(packed(BY_NUMBER + JSON), (), "gzip framing json", id="framed in gzip"),
        pytest.param(JSON, BY_HEADER, "framing json", id="a schema id in the headers"),
        pytest.param(JSON, BINARY, "cloudevents_binary json", id="CloudEvent, binary"),
        pytest.param(packed(), BINARY, "cloudevents_binary gzip json", id="CloudEvent, binary, gzip"),
        pytest.param(structured(data=EVENT), (), "cloudevents_structured json", id="CloudEvent, structured"),
        pytest.param(BOM + structured(data=EVENT), (), "cloudevents_structured json", id="with a byte order mark"),
        pytest.param(structured(data=JSON.decode()), (), "cloudevents_structured json", id="data is a text"),
        pytest.param(
            structured(data_base64=b64encode(JSON).decode()), (), "cloudevents_structured json", id="data in base64"
        ),
        pytest.param(
            packed(structured(data=EVENT)), (), "gzip cloudevents_structured json", id="a structured CloudEvent in gzip"
        ),
        pytest.param(
            b'{"specversion": "1", "x": NaN, "data": ' + JSON + b"}", (), "cloudevents_structured json", id="NaN in it"
        ),
        pytest.param(
            orjson.dumps({"specversion": 1.0, "data": EVENT}), (), "cloudevents_structured json", id="a number"
        ),
        pytest.param(orjson.dumps({"data": EVENT}), STRUCTURED, "cloudevents_structured json", id="by content type"),
    ],
)
def test_auto_reads_what_needs_no_registry(value: bytes, headers: Headers, layers: str) -> None:
    reading = read(value, AUTO, headers)
    assert enrolled(reading)
    assert reading.event() == EVENT
    assert " ".join(reading.layers) == layers


@pytest.mark.parametrize(
    ("value", "headers", "detail"),
    [
        pytest.param(BY_NUMBER + AVRO, (), "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="Avro"),
        pytest.param(BY_GUID + AVRO, (), "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="Avro by GUID"),
        pytest.param(AVRO, BY_HEADER, "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="Avro by header"),
        pytest.param(BY_NUMBER + b" ", (), "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="a frame of space"),
        pytest.param(BY_NUMBER, (), "Schema Registry framing without data", id="an empty frame"),
        pytest.param(b"\0\0", (), "truncated Schema Registry framing", id="half a frame"),
        pytest.param(BY_NUMBER + b'{"type": ', (), "not JSON", id="half of framed JSON"),
        pytest.param(packed()[:20], (), "truncated gzip data", id="half of gzip"),
        pytest.param(packed(AVRO), (), "not JSON", id="gzip of something else"),
        pytest.param(structured(), (), "a CloudEvent that holds no event", id="a CloudEvent without data"),
        pytest.param(structured(data={"order": 7}), (), "a CloudEvent that holds no event", id="of something else"),
        pytest.param(structured(data_base64="%"), (), "data_base64 is no base64", id="bad base64"),
        pytest.param(
            structured(data_base64="\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
            (),
            "data_base64 is no base64",
            id="base64 with letters of no alphabet",
        ),
        pytest.param(structured(data_base64=7), (), "a CloudEvent that holds no event", id="base64 that is a number"),
        pytest.param(structured(data_base64=b64encode(AVRO).decode()), (), "not JSON", id="base64 of something else"),
        pytest.param(AVRO, BINARY, "not JSON", id="binary CloudEvent of something else"),
    ],
)
def test_what_auto_cannot_read_has_a_reason(value: bytes, headers: Headers, detail: str) -> None:
    found = fault(read(value, AUTO, headers))
    assert detail in found.detail
    assert "jane" not in found.detail


def test_a_bomb_is_too_large() -> None:
    assert fault(read(packed(bytes(9 * 1024 * 1024)))).reason is DeadLetterReason.TOO_LARGE


@pytest.mark.parametrize("value_format", [AUTO, ONLY_JSON])
def test_a_path_from_the_envelope_leads_to_the_event_as_before(value_format: ValueFormat) -> None:
    assert enrolled(read(structured(data=EVENT), value_format, event_path="/data"))


def test_a_path_from_the_data_leads_to_the_event() -> None:
    value = structured(data={"payload": EVENT})
    assert enrolled(read(value, event_path="/payload"))
    assert enrolled(read(value, event_path="/data/payload"))
    assert read(value, event_path="/payload").event() == EVENT
    assert read(value, event_path="/data/payload").event() == EVENT


def test_the_envelope_is_not_read_where_only_its_content_type_says_what_it_is() -> None:
    value = orjson.dumps({"type": "identify", "traits": {"email": "mallory@example.com"}, "data": {}})
    assert "no event" in fault(read(value, AUTO, STRUCTURED)).detail


@pytest.mark.parametrize("kind", ["com.example.signup", "signup", "identify", "track"])
def test_a_content_type_alone_makes_a_cloudevent_whatever_the_type_of_its_envelope(kind: str) -> None:
    for value in (orjson.dumps({"type": kind, "data": EVENT}), orjson.dumps({"type": kind, "data": JSON.decode()})):
        assert Decider(Enroller(Rules.of())).glance(value) is None, "a worker reads its headers"
        for headers in (STRUCTURED, [("Content-Type", b" Application/CloudEvents+JSON; charset=UTF-8")]):
            assert enrolled(read(value, AUTO, headers))


@pytest.mark.parametrize(
    "value", [JSON, TRACK, PAGE, b'{"type": "pageview", "event": "Signed Up"}', b'{"type": "signup"}'],
    ids=["an identify", "a track with data", "a page", "another type", "no data"],
)  # fmt: skip
def test_an_event_is_one_whatever_its_content_type(value: bytes) -> None:
    decision = Decider(Enroller(Rules.of())).glance(value)
    assert decision is not None
    assert read(value, AUTO, STRUCTURED).decision == decision


def test_the_envelope_of_a_cloudevent_is_not_read() -> None:
    value = structured(type="identify", traits={"email": "mallory@example.com"}, data=EVENT)
    assert enrolled(read(value))
    assert enrolled(read(orjson.dumps({"specversion": "1.0", "data": EVENT}))), "one without a type is an event as well"


@pytest.mark.parametrize("value_format", list(ValueFormat))
def test_a_record_without_a_value_is_a_tombstone_in_every_format(value_format: ValueFormat) -> None:
    for value in (None, b""):
        assert read(value, value_format).decision == Filtered(FilterReason.TOMBSTONE)


def test_gzip_of_nothing_is_a_tombstone() -> None:
    assert read(packed(b"")).decision == Filtered(FilterReason.TOMBSTONE)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param(packed(), "set KAFKA_VALUE_FORMAT=auto", id="gzip"),
        pytest.param(BY_NUMBER + AVRO, "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="framed Avro"),
        pytest.param(BY_NUMBER + JSON, "set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL", id="framed JSON"),
        pytest.param(structured(data=EVENT), "set ENROLMENT_EVENT_PATH=/data", id="CloudEvent"),
    ],
)
def test_json_is_json_only(value: bytes, hint: str) -> None:
    assert hint in fault(read(value, ONLY_JSON)).detail


def test_json_is_read_as_ever() -> None:
    reading = read(JSON, ONLY_JSON, BINARY)
    assert enrolled(reading)
    assert (reading.layers, reading.event()) == ((Layer.JSON,), EVENT)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        pytest.param(JSON, BINARY, id="binary"),
        pytest.param(JSON, [("CE_SpecVersion", b"1.0")], id="binary, headers in capitals"),
        pytest.param(BY_NUMBER + JSON, BINARY, id="binary, framed"),
        pytest.param(structured(data=EVENT), (), id="structured"),
        pytest.param(structured(data=EVENT), STRUCTURED, id="structured, by its content type, too"),
        pytest.param(orjson.dumps({"data": EVENT}), STRUCTURED, id="structured, by its content type alone"),
    ],
)
def test_cloudevents_in_both_modes(value: bytes, headers: Headers) -> None:
    assert enrolled(read(value, CLOUDEVENTS, headers))


@pytest.mark.parametrize("value", [JSON, packed(), BY_NUMBER + JSON, AVRO, b"[]", b"{"])
def test_what_is_no_cloudevent_is_refused_where_only_these_come(value: bytes) -> None:
    found = fault(read(value, CLOUDEVENTS))
    assert (found.reason, "compare KAFKA_VALUE_FORMAT" in found.detail) == (DeadLetterReason.UNDECODABLE, True)


@pytest.mark.parametrize(
    ("value", "headers", "framed"),
    [
        pytest.param(BY_NUMBER + AVRO, (), Framed(7, AVRO), id="number"),
        pytest.param(BY_GUID + AVRO, (), Framed(GUID, AVRO), id="GUID"),
        pytest.param(AVRO, BY_HEADER, Framed(GUID, AVRO), id="header"),
        pytest.param(BY_NUMBER + AVRO, BY_HEADER, Framed(GUID, BY_NUMBER + AVRO), id="the header before the bytes"),
    ],
)
def test_the_registry_is_asked_for_the_frames_schema(value: bytes, headers: Headers, framed: Framed) -> None:
    schemas = OneSchema()
    reading = read(value, REGISTRY, headers, schemas)
    assert enrolled(reading)
    assert schemas.asked == [framed]
    assert (reading.layers, reading.event()) == ((Layer.FRAMING, Layer.AVRO, Layer.JSON), EVENT)


def test_what_was_decoded_may_be_a_cloudevent() -> None:
    assert enrolled(read(BY_NUMBER + AVRO, REGISTRY, (), OneSchema(structured(data=EVENT))))


@pytest.mark.parametrize("value", [JSON, packed(), structured(data=EVENT), b"\0\0", BY_NUMBER, b"\7" + AVRO])
def test_what_is_not_framed_is_refused_where_a_registry_is_set(value: bytes) -> None:
    found = fault(read(value, REGISTRY, BINARY, OneSchema()))
    assert (found.reason, "compare KAFKA_VALUE_FORMAT" in found.detail) == (DeadLetterReason.UNDECODABLE, True)


def test_a_header_that_names_no_schema_is_refused() -> None:
    found = fault(read(BY_NUMBER + AVRO, REGISTRY, [("__value_schema_id", b"7")], OneSchema()))
    assert "the header __value_schema_id holds no schema id" in found.detail


def test_what_the_registry_does_not_know_is_its_own_word() -> None:
    assert fault(read(b"\0\0\0\0\1" + AVRO, REGISTRY, (), OneSchema())).detail == "unknown schema"


def test_a_schema_that_is_being_fetched_is_waited_for() -> None:
    decider = Decider(Enroller(Rules.of()), REGISTRY, OneSchema())
    assert decider.decide(b"\0\0\0\0\x08" + AVRO, lambda: []) == SchemaPending(8)


@pytest.mark.parametrize("value_format", list(ValueFormat))
def test_headers_that_cannot_be_read_are_none(value_format: ValueFormat) -> None:
    value = structured(data=EVENT) if value_format is CLOUDEVENTS else JSON
    value = BY_NUMBER + AVRO if value_format is REGISTRY else value
    assert enrolled(read(value, value_format, None, OneSchema()))


@pytest.mark.parametrize("value_format", [AUTO, ONLY_JSON])
def test_plain_json_events_are_decided_at_a_glance(value_format: ValueFormat) -> None:
    decider = Decider(Enroller(Rules.of()), value_format)
    assert isinstance(decider.glance(JSON), Enrolled)
    assert decider.glance(PAGE) == Filtered(FilterReason.NOT_ENROLMENT)
    assert decider.glance(None) == Filtered(FilterReason.TOMBSTONE)
    for value in (packed(), BY_NUMBER + JSON, structured(data=EVENT), BOM + JSON, b"{", b"[]"):
        assert decider.glance(value) is None


@pytest.mark.parametrize("value_format", [REGISTRY, CLOUDEVENTS])
def test_nothing_is_decided_at_a_glance_where_plain_json_is_wrong(value_format: ValueFormat) -> None:
    assert Decider(Enroller(Rules.of()), value_format, OneSchema()).glance(JSON) is None


def decided(value: bytes, value_format: ValueFormat, headers: Any) -> object:
    decider = Decider(Enroller(Rules.of()), value_format, OneSchema())
    return decider.decide(value, lambda: headers)


@given(
    st.sampled_from(list(ValueFormat)),
    st.sampled_from([b"", b"\0", b"\1", BY_NUMBER, b"\x1f\x8b", b"{", b'{"specversion":', BOM, packed()[:30]]),
    st.binary(max_size=60),
    st.sampled_from([None, [], BINARY, BY_HEADER, [("__value_schema_id", b"")], [("", None)]]),
)
def test_no_bytes_and_no_headers_raise(value_format: ValueFormat, begin: bytes, rest: bytes, headers: Any) -> None:
    assert isinstance(decided(begin + rest, value_format, headers), Enrolled | Filtered | Undeliverable | SchemaPending)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.binary().map(lambda data: b64encode(data).decode()),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["data", "type", "x"]), inner),
)


@given(JSON_VALUES)
def test_no_cloudevent_raises(data: Any) -> None:
    for member in ("data", "data_base64"):
        value = orjson.dumps({**ENVELOPE, member: data})
        assert isinstance(decided(value, AUTO, []), Enrolled | Filtered | Undeliverable | EventBatch)


CONTACT = {"email": "jane@example.com", "custom_2": "gold"}
MAPPING = CustomMapping.of({"custom_2": ("/traits/tier",)}, ())
TIERED = {"type": "identify", "traits": {"email": "jane@example.com", "tier": "gold"}}
WRAPPINGS = [
    pytest.param(lambda json: json, AUTO, (), id="JSON"),
    pytest.param(packed, AUTO, (), id="gzip"),
    pytest.param(lambda json: BY_NUMBER + json, AUTO, (), id="framed JSON"),
    pytest.param(lambda json: json, AUTO, BY_HEADER, id="a schema id in the headers"),
    pytest.param(lambda json: json, AUTO, BINARY, id="CloudEvent, binary"),
    pytest.param(lambda json: structured(data=orjson.loads(json)), AUTO, (), id="CloudEvent, structured"),
    pytest.param(lambda json: structured(data=json.decode()), AUTO, (), id="data is a text"),
    pytest.param(lambda json: structured(data_base64=b64encode(json).decode()), AUTO, (), id="data in base64"),
    pytest.param(lambda json: structured(data=orjson.loads(json)), CLOUDEVENTS, (), id="only CloudEvents"),
    pytest.param(lambda _json: BY_NUMBER + AVRO, REGISTRY, (), id="Avro"),
    pytest.param(lambda json: json, ONLY_JSON, (), id="only JSON"),
]
Wrap = Callable[[bytes], bytes]


def fields_of(reading: Reading) -> dict[str, str]:
    assert isinstance(reading.decision, Enrolled)
    return reading.decision.contact.fields()


@pytest.mark.parametrize(("wrap", "value_format", "headers"), WRAPPINGS)
def test_contacts_are_read_in_every_format(wrap: Wrap, value_format: ValueFormat, headers: Headers) -> None:
    json = orjson.dumps(CONTACT)
    reading = read(wrap(json), value_format, headers, OneSchema(json), input=Input.CONTACT)
    assert fields_of(reading) == {**CONTACT, "custom_1": "marketing_unknown"}
    assert reading.event() == CONTACT


@pytest.mark.parametrize(("wrap", "value_format", "headers"), WRAPPINGS)
def test_the_operators_own_mapping_applies_in_every_format(
    wrap: Wrap, value_format: ValueFormat, headers: Headers
) -> None:
    json = orjson.dumps(TIERED)
    reading = read(wrap(json), value_format, headers, OneSchema(json), custom=MAPPING)
    assert fields_of(reading) == {**CONTACT, "custom_1": "marketing_unknown"}
    assert reading.event() == TIERED


@pytest.mark.parametrize(("wrap", "value_format", "headers"), WRAPPINGS)
def test_the_consent_policy_applies_in_every_format(wrap: Wrap, value_format: ValueFormat, headers: Headers) -> None:
    reading = read(wrap(JSON), value_format, headers, OneSchema(), withheld=frozenset({Consent.UNKNOWN}))
    assert isinstance(reading.decision, Filtered)
    assert reading.decision.reason is FilterReason.NO_CONSENT


def test_a_contact_may_be_wrapped_inside_the_data_of_a_cloudevent() -> None:
    for path in ("/payload", "/data/payload"):
        value = structured(data={"payload": CONTACT})
        assert enrolled(read(value, input=Input.CONTACT, event_path=path))


@pytest.mark.parametrize(
    ("data", "wanted", "hint"),
    [
        (CONTACT, Input.EVENT, "no event at /data: a contact under ClickSend's own names; set ENROLMENT_INPUT=contact"),
        (EVENT, Input.CONTACT, "no contact at /data: an event; set ENROLMENT_INPUT=event"),
    ],
)
def test_the_wrong_input_in_a_cloudevent_is_named(data: object, wanted: Input, hint: str) -> None:
    found = fault(read(structured(data=data), input=wanted))
    assert (found.reason, found.detail) == (DeadLetterReason.UNRECOGNISED, hint)


def test_no_contact_is_decided_at_a_glance() -> None:
    decider = Decider(Enroller(Rules.of(input=Input.CONTACT)))
    assert decider.glance(orjson.dumps(CONTACT)) is None
    assert decider.glance(JSON) is None


def test_with_an_own_mapping_only_other_events_are_filtered_at_a_glance() -> None:
    decider = Decider(Enroller(Rules.of(custom=MAPPING)))
    assert decider.glance(orjson.dumps(TIERED)) is None
    assert decider.glance(PAGE) == Filtered(FilterReason.NOT_ENROLMENT)


def test_the_places_of_identities_are_those_of_the_rules() -> None:
    decider = Decider(Enroller(Rules.of(custom=CustomMapping.of({"email": ("/contact/mail",)}, ()))))
    reading = decider.read(structured(data={**EVENT, "contact": {"mail": "j@example.com"}}), lambda: ())
    assert isinstance(reading, Reading)
    assert decider.identity_pointers(reading.event()) == {"/contact/mail", "/traits/email"}
