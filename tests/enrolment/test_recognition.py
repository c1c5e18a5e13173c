"""Recognition of records that are not events."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.decode import decode
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.recognition import Form, is_event, look_of
from consumer.enrolment.rules import Rules

EVENT: dict[str, Any] = {"type": "identify", "traits": {"email": "jane@example.com"}}
TEXT = orjson.dumps(EVENT).decode()
CONTACT = {"email": "jane@example.com", "first_name": "Jane", "custom_1": "marketing_unknown"}

WRAPPED: dict[str, tuple[Any, str]] = {
    "payload": ({"payload": EVENT}, "/payload"),
    "data": ({"data": EVENT, "id": 7}, "/data"),
    "a text": ({"message": TEXT}, "/message"),
    "an event under event": ({"event": EVENT}, "/event"),
    "a body": ({"headers": {}, "body": TEXT}, "/body"),
    "Debezium": ({"schema": {}, "payload": {"before": None, "after": EVENT, "op": "c"}}, "/payload/after"),
    "Debezium without a schema": ({"before": None, "after": EVENT, "op": "c"}, "/after"),
    "an outbox": ({"payload": {"after": {"payload": TEXT}}}, ""),
    "EventBridge": ({"detail-type": "x", "source": "s", "detail": EVENT}, "/detail"),
    "a browsing event": ({"payload": {"type": "page"}}, "/payload"),
}


def decide(value: bytes, **rules: Any) -> Undeliverable:
    decision = Enroller(Rules.of(**rules)).decide(value)
    assert isinstance(decision, Undeliverable)
    assert not decision.is_event
    return decision


@pytest.mark.parametrize(("record", "path"), WRAPPED.values(), ids=list(WRAPPED))
def test_a_wrapped_event_is_unrecognised_and_its_path_is_the_hint(record: Any, path: str) -> None:
    value = orjson.dumps(record)
    decision = decide(value)
    assert decision.reason is DeadLetterReason.UNRECOGNISED
    if path:
        assert look_of(value, decode(value)).form is Form.WRAPPED
        assert decision.detail.endswith(f"ENROLMENT_EVENT_PATH={path}")
        with_path = Enroller(Rules.of(event_path=path)).decide(value)
        assert isinstance(with_path, Enrolled) or record == WRAPPED["a browsing event"][0]


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        pytest.param(b"\x00\x00\x00\x00\x07\x02\x10jane", Form.SCHEMA_REGISTRY, "undecodable", id="Avro, framed"),
        pytest.param(b'\x00\x00\x00\x00\x07{"type":"page"}', Form.SCHEMA_REGISTRY, "undecodable", id="JSON, framed"),
        pytest.param(gzip.compress(TEXT.encode()), Form.GZIP, "undecodable", id="gzip"),
        pytest.param(b"Obj\x01\x04\x14avro.codec", Form.AVRO_FILE, "undecodable", id="Avro container"),
        pytest.param(TEXT.encode("utf-16"), Form.UTF_16, "undecodable", id="UTF-16"),
        pytest.param(f"{TEXT}\n{TEXT}\n".encode(), Form.JSON_LINES, "undecodable", id="JSON lines"),
        pytest.param(b"hello", Form.UNKNOWN, "undecodable", id="text"),
        pytest.param(b"[" * 1_000_000, Form.UNKNOWN, "undecodable", id="too deep"),
        pytest.param(orjson.dumps([EVENT]), Form.ARRAY, "undecodable", id="array"),
        pytest.param(b"[]", Form.ARRAY, "undecodable", id="empty array"),
        pytest.param(b'"identify"', Form.SCALAR, "undecodable", id="text in JSON"),
        pytest.param(b"null", Form.SCALAR, "undecodable", id="null"),
        pytest.param(orjson.dumps({"batch": [EVENT]}), Form.BATCH, "unrecognised", id="batch"),
        pytest.param(orjson.dumps({"events": [EVENT, EVENT]}), Form.BATCH, "unrecognised", id="events"),
        pytest.param(orjson.dumps(CONTACT), Form.CONTACT, "unrecognised", id="mapped contact"),
        pytest.param(
            orjson.dumps({"specversion": "1.0", "type": "com.example.signup", "data": EVENT}),
            Form.CLOUD_EVENT,
            "unrecognised",
            id="CloudEvent",
        ),
        pytest.param(
            orjson.dumps({"specversion": "1.0", "type": "identify", "data": None}),
            Form.CLOUD_EVENT,
            "unrecognised",
            id="CloudEvent named identify",
        ),
        pytest.param(b"{}", Form.UNKNOWN, "unrecognised", id="empty object"),
        pytest.param(b'{"type":7,"event":null}', Form.UNKNOWN, "unrecognised", id="a type that is no text"),
        pytest.param(b'{"order":17,"total":3.5}', Form.UNKNOWN, "unrecognised", id="somebody else's record"),
    ],
)
def test_other_formats_are_recognised(value: bytes, form: Form, reason: str) -> None:
    look = look_of(value, decode(value))
    assert look.form is form
    decision = decide(value)
    assert decision.reason == reason
    assert look.hint in decision.detail


def test_a_cloud_event_with_an_event_in_it_tells_its_path() -> None:
    value = orjson.dumps({"specversion": "1.0", "type": "com.example.signup", "data": EVENT})
    assert decide(value).detail == "a CloudEvent; set ENROLMENT_EVENT_PATH=/data"


def test_what_is_not_at_the_path_is_unrecognised() -> None:
    decision = decide(orjson.dumps({"data": EVENT}), event_path="/payload")
    assert decision.reason is DeadLetterReason.UNRECOGNISED
    assert decision.detail == "no event at /payload: an event inside a wrapper; set ENROLMENT_EVENT_PATH=/data"


@pytest.mark.parametrize("key", ["type", "event"])
def test_a_text_under_type_or_event_makes_an_event(key: str) -> None:
    assert is_event({key: ""})
    assert is_event({key: "x", "specversion": None})
    assert not is_event({key: {"type": 7}})
    assert not is_event({key: "x", "specversion": "1.0"})


def test_the_hint_quotes_nothing_of_the_record() -> None:
    value = orjson.dumps({"jane@example.com": EVENT, "x": "jane@example.com"})
    assert "jane" not in decide(value).detail
