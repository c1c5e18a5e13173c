"""Recognise records that are no events: a wrong topic, or an unexpected format.

The hints name formats and well-known keys only, and quote nothing of the record.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from consumer.enrolment.contact import Contact
from consumer.enrolment.decode import NotJson, decode
from consumer.enrolment.head import BATCH_TYPE, read_event_header
from consumer.enrolment.rules import Input


class Form(StrEnum):
    """The forms that are recognised."""

    SCHEMA_REGISTRY = "schema_registry"
    GZIP = "gzip"
    ZSTD = "zstd"
    LZ4 = "lz4"
    AVRO_FILE = "avro_file"
    UTF_16 = "utf_16"
    JSON_LINES = "json_lines"
    CLOUD_EVENT = "cloud_event"
    BATCH = "batch"
    ARRAY = "array"
    WRAPPED = "wrapped"
    CONTACT = "contact"
    WRAPPED_CONTACT = "wrapped_contact"
    EVENT = "event"
    SCALAR = "scalar"
    UNKNOWN = "unknown"


class Look(Struct, frozen=True):
    """The form of a record, and how to fix it."""

    form: Form
    hint: str


_MAGIC = (
    (b"\x1f\x8b", Look(Form.GZIP, "gzip data; set KAFKA_VALUE_FORMAT=auto")),
    (b"\x28\xb5\x2f\xfd", Look(Form.ZSTD, "zstd data; decompress it before this topic")),
    (b"\x04\x22\x4d\x18", Look(Form.LZ4, "lz4 data; decompress it before this topic")),
    (b"Obj\x01", Look(Form.AVRO_FILE, "an Avro container file; write its events as JSON")),
    (b"\xff\xfe", Look(Form.UTF_16, "UTF-16 text; write the events in UTF-8")),
    (b"\xfe\xff", Look(Form.UTF_16, "UTF-16 text; write the events in UTF-8")),
)
_SCHEMA_REGISTRY = Look(
    Form.SCHEMA_REGISTRY,
    "Schema Registry framing (Avro, Protobuf or JSON Schema); set KAFKA_VALUE_FORMAT=registry and REGISTRY_URL",
)
_JSON_LINES = Look(Form.JSON_LINES, "several JSON values in one record; write one a line")
_CLOUD_EVENT = "a CloudEvent"
_ARRAY = Look(Form.ARRAY, "a JSON array")
_SCALAR = Look(Form.SCALAR, "a JSON text, number or constant")
_UNKNOWN = Look(Form.UNKNOWN, "JSON without a text under type or event; compare KAFKA_TOPIC")
_NO_CONTACT = Look(Form.UNKNOWN, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC")
_CONTACT = "a contact under ClickSend's own names"
_WRAPPED_CONTACT = "a contact inside a wrapper"
_EVENT = "an event"
_CONTACT_FIELDS = frozenset(Contact.__struct_fields__)
_CONTACT_KEYS = _CONTACT_FIELDS | {"list_id", "contact_id"}
_UNWRAPPED = "leave ENROLMENT_EVENT_PATH out, the record itself is one"
_BATCHES = ("events", "records", "messages", "items", "Records", "data", "batch")
_WRAPPERS = (
    *("payload", "data", "message", "event", "body", "value", "record", "detail", "content", "after", "msg", "track"),
    *("properties", "envelope", "data_base64", "Message", "event_data", "eventData", "raw", "source", "item"),
)
_NO_CONTACT_WRAPPERS = frozenset({"properties", "track", "event", "source"})  # parts of events, which hold traits
_LONGEST_TEXT = 100_000  # characters of a text that may hold an event
_LONGEST_CONTACT = 10_000  # characters of a text that may hold a contact: it is read in full


def look_of(value: bytes, document: object, wanted: Input = Input.EVENT) -> Look:
    """Return the form of a record's value. Never raises, whatever the bytes.

    document -- the value as `decode` returns it
    wanted   -- the expected form
    """
    for magic, look in _MAGIC:
        if value.startswith(magic):
            return look
    if not isinstance(document, NotJson):
        return look_of_document(document, wanted)
    if (
        len(value) > 5 and value[0] == 0 and value[1] < 0x20
    ):  # a zero byte and the schema's number, or a zero and its UUID
        return _SCHEMA_REGISTRY
    if _is_lines(value):
        return _JSON_LINES
    return Look(Form.UNKNOWN, "")


def look_of_document(document: object, wanted: Input = Input.EVENT) -> Look:
    """Return the form of JSON that is not what is wanted."""
    if isinstance(document, list):
        return _ARRAY
    if not isinstance(document, dict):
        return _SCALAR
    if wanted is Input.CONTACT:
        return _look_beside_contacts(document)
    path = _path_to_event(document)
    if "specversion" in document:
        return Look(Form.CLOUD_EVENT, _hint(_CLOUD_EVENT, path))
    if found := [key for key in _BATCHES if _has_events(document.get(key))]:
        return Look(Form.BATCH, f"a batch of events; set ENROLMENT_EVENT_PATH=/{found[0]}")
    if path:
        return Look(Form.WRAPPED, _hint("an event inside a wrapper", path))
    if is_event(document):
        return Look(Form.EVENT, f"{_EVENT}; {_UNWRAPPED}")
    if _looks_like_contact(document):
        return Look(Form.CONTACT, f"{_CONTACT}; set ENROLMENT_INPUT=contact")
    if path := _path_to_contact(document):
        hint = f"{_WRAPPED_CONTACT}; set ENROLMENT_INPUT=contact and ENROLMENT_EVENT_PATH={path}"
        return Look(Form.WRAPPED_CONTACT, hint)
    return _UNKNOWN


def _look_beside_contacts(document: dict[str, Any]) -> Look:
    """Return what an object looks like where contacts are wanted."""
    path = _path_to_contact(document)
    if "specversion" in document:
        what = f"set ENROLMENT_EVENT_PATH={path}" if path else _look_of_event(document)
        return Look(Form.CLOUD_EVENT, f"{_CLOUD_EVENT}; {what}" if what else f"{_CLOUD_EVENT} that holds no contact")
    if path:
        return Look(Form.WRAPPED_CONTACT, f"{_WRAPPED_CONTACT}; set ENROLMENT_EVENT_PATH={path}")
    if is_event(document):
        return Look(Form.EVENT, f"{_EVENT}; set ENROLMENT_INPUT=event")
    if what := _look_of_event(document):
        return Look(Form.WRAPPED, f"an event inside a wrapper; {what}")
    return Look(Form.CONTACT, f"{_CONTACT}; {_UNWRAPPED}") if _looks_like_contact(document) else _NO_CONTACT


def _look_of_event(document: dict[str, Any]) -> str:
    path = _path_to_event(document)
    return f"set ENROLMENT_INPUT=event and ENROLMENT_EVENT_PATH={path}" if path else ""


def hint_at(found: object, wanted: Input) -> str:
    """Return the hint where ENROLMENT_EVENT_PATH leads to an event instead of a contact, or the reverse; else ""."""
    if not isinstance(found, dict):
        return ""
    if wanted is Input.CONTACT:
        return f"{_EVENT}; set ENROLMENT_INPUT=event" if is_event(found) else ""
    return f"{_CONTACT}; set ENROLMENT_INPUT=contact" if _looks_like_contact(found) else ""


def is_event(document: object) -> bool:
    """Return whether it is an event, valid or not: an object with a text under `type` or `event`.

    One with `type: batch` and objects under `batch` is a batch, unless it has a text under `event`.
    """
    if not isinstance(document, dict) or document.get("specversion") is not None:
        return False
    if isinstance(document.get("event"), str):
        return True
    kind = document.get("type")
    return isinstance(kind, str) and not (kind == BATCH_TYPE and _holds_objects(document.get("batch")))


def _holds_objects(value: object) -> bool:
    """Return whether it is an array that is empty or begins with an object."""
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _hint(what: str, path: str) -> str:
    return f"{what}; set ENROLMENT_EVENT_PATH={path}" if path else f"{what} that holds no event"


def _path_to_event(document: dict[str, Any], depth: int = 2) -> str:
    """Return the pointer to the first event under a well-known key; "" if there is none."""
    for key in _WRAPPERS:
        held = document.get(key)
        if is_event(held) or (isinstance(held, str) and _is_event_text(held)):
            return f"/{key}"
        if depth > 1 and isinstance(held, dict) and (rest := _path_to_event(held, depth - 1)):
            return f"/{key}{rest}"
    return ""


def _path_to_contact(document: dict[str, Any], depth: int = 2) -> str:
    """Return the pointer to the first contact under a well-known key; "" if there is none."""
    for key in _WRAPPERS:
        held = document.get(key) if key not in _NO_CONTACT_WRAPPERS else None
        if _looks_like_contact(held) or (isinstance(held, str) and _is_contact_text(held)):
            return f"/{key}"
        if depth > 1 and isinstance(held, dict) and (rest := _path_to_contact(held, depth - 1)):
            return f"/{key}{rest}"
    return ""


def _is_contact_text(text: str) -> bool:
    if not text.startswith("{") or len(text) > _LONGEST_CONTACT:
        return False
    return _looks_like_contact(decode(text.encode("utf-8", "surrogatepass")))


def _looks_like_contact(document: object) -> bool:
    """Return whether it has ClickSend's names and no others, as a mapped contact does."""
    if not isinstance(document, dict):
        return False
    return document.keys() <= _CONTACT_KEYS and not document.keys().isdisjoint(_CONTACT_FIELDS)


def _is_event_text(text: str) -> bool:
    """Return whether the text is an event in JSON. Read only its header: a record may hold many such texts."""
    if not text[:200].lstrip().startswith("{") or len(text) > _LONGEST_TEXT:
        return False
    head = read_event_header(text.encode("utf-8", "surrogatepass"))
    return head is not None and head.is_event


def _has_events(value: object) -> bool:
    return isinstance(value, list) and any(map(is_event, value[:3]))


def _is_lines(value: bytes) -> bool:
    first, _, rest = value[:_LONGEST_TEXT].strip().partition(b"\n")
    return bool(rest) and isinstance(decode(first), dict)
