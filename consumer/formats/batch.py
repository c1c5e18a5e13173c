"""Split a value that holds several events: an array, an object with `batch`, or JSON lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json import JSONDecoder
from typing import NamedTuple

import msgspec

from consumer.enrolment.decode import MOST_REPAIRED, decode, without_mark
from consumer.enrolment.head import read_event_header
from consumer.enrolment.recognition import is_event

MOST_EVENTS = 1000  # of one record

_KEY, _OPENING = b'"batch"', b"["
_NULL = msgspec.Raw(b"null")
_CROWDED = 20_000  # commas: fewer are split in a few milliseconds, however many elements they separate
_OF_OBJECTS = re.compile(rb"\[[ \t\r\n]*[{\]]")  # an array that is empty or begins with an object
_SPACE, _COMMA = re.compile(r"[ \t\r\n]*"), re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


class Split(NamedTuple):
    """The events of a batch.

    values  -- JSON as bytes where it is there unread, else decoded; empty where `number` exceeds MOST_EVENTS
    context -- what the batch says for all its events; None: nothing
    """

    values: Sequence[object]
    number: int
    context: object = None


class _Envelope(msgspec.Struct):
    """The batch of Segment's and RudderStack's HTTP APIs."""

    batch: msgspec.Raw
    type: msgspec.Raw = _NULL
    context: msgspec.Raw = _NULL
    specversion: msgspec.Raw = _NULL


_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ELEMENT = JSONDecoder().raw_decode


def split(value: bytes) -> Split | None:
    """Return the events of a value that is no event itself; None: it is no batch. Never raises."""
    text = without_mark(value).strip()
    if not text.startswith(_OPENING) and _KEY not in text:
        return _lines(text)
    try:
        if text.startswith(_OPENING):
            return _of_array(text)
        envelope = _ENVELOPE.decode(text)
    except msgspec.ValidationError:
        return _lines(text)  # the first line may be an object
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = split_document(decode(text)) if len(text) <= MOST_REPAIRED else None
        return found or _lines(text)
    batch = bytes(envelope.batch)
    if not batch.startswith(_OPENING) or envelope.specversion != _NULL:
        return None
    if bytes(envelope.type).startswith(b'"') and not _OF_OBJECTS.match(batch):
        return None  # `type: batch` alone makes no batch: see `recognition.is_event`
    found = _of_array(batch)
    return found._replace(context=decode(bytes(envelope.context))) if envelope.context != _NULL else found


def split_document(document: object) -> Split | None:
    """Return the events of a decoded value; None: it is no batch."""
    if isinstance(document, list):
        return _limited(document)
    batch = document.get("batch") if _may_be_envelope(document) else None  # type: ignore[attr-defined]  # a Mapping
    if not isinstance(batch, list):
        return None
    return _limited(batch)._replace(context=document.get("context"))  # type: ignore[attr-defined]  # the same


def is_batch(value: object) -> bool:
    """Return whether the value, no event itself, is a batch: JSON as bytes, or decoded."""
    if not isinstance(value, bytes):
        return split_document(value) is not None
    text = value.lstrip()
    if text.startswith(_OPENING) or _KEY not in text:
        return text.startswith(_OPENING)
    try:
        return bytes(_ENVELOPE.decode(text).batch).startswith(_OPENING)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _may_be_envelope(document: object) -> bool:
    return isinstance(document, Mapping) and not is_event(document) and document.get("specversion") is None


def _limited(events: list[object]) -> Split:
    return Split(events if len(events) <= MOST_EVENTS else (), len(events))


def _of_array(array: bytes) -> Split:
    """Split an array. Raises as msgspec does where it is none."""
    if array.count(b",") > _CROWDED and (count := _count_to_limit(array)) > MOST_EVENTS:
        return Split((), count)
    return _limited([bytes(each) for each in _ARRAY.decode(array)])


def _count_to_limit(array: bytes) -> int:
    """Count the elements, up to one more than the limit: a megabyte could hold 500,000."""
    try:
        text = array.decode()
        at, count = _end(_SPACE, text, 1), 0
        while count <= MOST_EVENTS:
            _value, at = _ELEMENT(text, at)
            count += 1
            comma = _COMMA.match(text, at)
            if comma is None:
                break
            at = comma.end()
    except (ValueError, RecursionError):  # no JSON: msgspec finds the cause
        return 0
    return count


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found is not None else at


def _lines(text: bytes) -> Split | None:
    """Return the lines of JSON lines; None: it is something else.

    A line that is not JSON does not make the others unreadable. So either the first line is an object, or the last one
    is an event or a contact: a long object over several lines, cut off, has neither.
    """
    lines = [stripped for line in text.split(b"\n") if (stripped := line.strip())]
    if len(lines) > 1 and (_is_object(lines[0]) or (_is_object(lines[-1]) and _is_wanted(lines[-1]))):
        return _limited(list(lines))
    return None


def _is_object(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}") and isinstance(decode(line), dict)


def _is_wanted(line: bytes) -> bool:
    head = read_event_header(line)
    return (head is not None and (head.is_event or head.specversion is not None)) or any(
        key in line for key in (b'"email"', b'"phone_number"')
    )
