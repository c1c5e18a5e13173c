"""CloudEvents: recognise them by their headers, and find the data in their envelope (CloudEvents 1.0, JSON format)."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode

import msgspec

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.decode import decode, without_mark
from consumer.enrolment.disposition import DeadLetterReason
from consumer.formats.framing import Headers

_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"
_STRUCTURED = b"application/cloudevents"
_NO_BASE64 = Undeliverable(DeadLetterReason.UNDECODABLE, "a CloudEvent whose data_base64 is no base64")
_NULL = msgspec.Raw(b"null")
_URL_SAFE = str.maketrans("-_", "+/")


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = _NULL
    data_base64: msgspec.Raw = _NULL


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def is_binary_cloudevent(headers: Headers) -> bool:
    """Return whether the headers are a CloudEvent's attributes, so that the value is its data."""
    return any(name.lower().startswith(_PREFIX) for name, _value in headers)


def declares_structured_cloudevent(headers: Headers) -> bool:
    """Return whether the content type says that the value is a CloudEvent with its envelope."""
    return any(
        name.lower() == _CONTENT_TYPE and (value or b"").strip().lower().startswith(_STRUCTURED)
        for name, value in headers
    )


def data_of(value: bytes) -> bytes | Undeliverable | None:
    """Return the data of a CloudEvent as a document of its own; None: it has none. Never raises."""
    try:
        envelope = _ENVELOPE.decode(without_mark(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _data_in(decode(value))
    data = bytes(envelope.data)
    if data == b"null":
        return _unpacked(decode(bytes(envelope.data_base64)))
    return _text(decode(data)) if data.startswith(b'"') else data


def _data_in(document: object) -> bytes | Undeliverable | None:
    if not isinstance(document, dict):
        return None
    data = document.get("data")
    if data is None:
        return _unpacked(document.get("data_base64"))
    return _text(data) if isinstance(data, str) else json.dumps(data).encode()


def _text(data: object) -> bytes:
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else b""


def _unpacked(text: object) -> bytes | Undeliverable | None:
    """Return what `data_base64` holds, in the standard or the URL-safe alphabet, padded or not (RFC 4648)."""
    if not isinstance(text, str):
        return None
    text = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    try:
        return b64decode((text + "=" * (-len(text) % 4)).encode("utf-8", "surrogatepass"), validate=True) or None
    except binascii.Error:
        return _NO_BASE64
