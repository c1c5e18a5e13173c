"""Split a value that holds several events: an array, an object with `batch`, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from consumer.enrolment.decode import MOST_REPAIRED, NotJson, decode, without_mark
from consumer.enrolment.recognition import is_event

MOST_EVENTS = 1000  # of one record

_KEY, _OPENING = b'"batch"', b"["
_NULL = msgspec.Raw(b"null")


class _Envelope(msgspec.Struct):
    """The batch of Segment's and RudderStack's HTTP APIs. An identity beside it makes it a contact."""

    batch: list[msgspec.Raw]
    context: msgspec.Raw = _NULL
    email: msgspec.Raw = _NULL
    phone_number: msgspec.Raw = _NULL


_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ENVELOPE = msgspec.json.Decoder(_Envelope)


def split(value: bytes) -> list[bytes] | None:
    """Return the events of a value that is no event itself, each as JSON; None: it is no batch.

    The bytes of an event are those of the value, whatever is wrong with them. Only a context that the batch shares
    changes them.
    """
    text = without_mark(value).strip()
    try:
        if text.startswith(_OPENING):
            return list(map(bytes, _ARRAY.decode(text)))
        if _KEY in text:
            return _of_envelope(_ENVELOPE.decode(text))
    except msgspec.ValidationError:
        return _lines(text)  # the first line may be an object
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = events_of(decode(text)) if len(text) <= MOST_REPAIRED else None
        if found is not None:
            return found
    return _lines(text)


def events_of(document: object) -> list[bytes] | None:
    """Return the events of a decoded value; None: it is no batch."""
    if isinstance(document, list):
        return _encoded(document)
    if not isinstance(document, dict) or is_event(document) or document.get("specversion") is not None:
        return None
    batch = document.get("batch")
    if not isinstance(batch, list):
        return None
    return _with_context(_encoded(batch), document.get("context"))


def _of_envelope(envelope: _Envelope) -> list[bytes] | None:
    if envelope.email != _NULL or envelope.phone_number != _NULL:
        return None
    events = list(map(bytes, envelope.batch))
    return _with_context(events, decode(bytes(envelope.context)) if envelope.context != _NULL else None)


def _with_context(events: list[bytes], shared: object) -> list[bytes]:
    """Merge the batch's context into each event's own, which takes precedence (Segment's HTTP API, "Batch").

    Traits of the batch's context are left out: they would give several people the same identity.
    """
    if not isinstance(shared, dict) or not (shared := {key: shared[key] for key in shared if key != "traits"}):
        return events
    return [_merged(event, shared) for event in events]


def _merged(event: bytes, shared: dict[str, Any]) -> bytes:
    document = decode(event)
    if not isinstance(document, dict):
        return event
    own = document.get("context")
    context = {**shared, **(own if isinstance(own, dict) else {})}
    for key, value in shared.items():
        if isinstance(value, dict) and isinstance(context[key], dict):
            context[key] = {**value, **context[key]}
    return _encode({**document, "context": context})


def _lines(text: bytes) -> list[bytes] | None:
    """Return the lines of JSON lines; None: it is something else.

    One line that is not JSON doesn't make the others unreadable. So either the first line is an object, or it begins
    like one and the last line is an object: a long object over several lines, cut off, is neither.
    """
    lines = [line.strip() for line in text.split(b"\n")]
    lines = [line for line in lines if line]
    if len(lines) < 2:
        return None
    if _is_object(lines[0]) or (lines[0].startswith(b'{"') and _is_object(lines[-1])):
        return lines
    return None


def _is_object(line: bytes) -> bool:
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    document = decode(line)
    return not isinstance(document, NotJson)


def _encoded(values: Iterable[object]) -> list[bytes]:
    return [_encode(value) for value in values]


def _encode(value: object) -> bytes:
    """Return JSON that `decode` reads as this value: repaired characters and numbers stay recognisable."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"null"  # no event nests so deep
