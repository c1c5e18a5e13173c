"""The fields that distinguish enrolment events from most records, read without the rest."""

from __future__ import annotations

import msgspec

BATCH_TYPE = "batch"  # of an object with `batch`, as some producers write the body of Segment's HTTP API


class EventHeader(msgspec.Struct):
    """An event's `type` and `event`; None where absent or not text.

    A `specversion` marks a CloudEvent, which is not our event. One that is not text is an empty text here.
    """

    type: str | None = None
    event: str | None = None
    specversion: str | None = None

    @property
    def is_event(self) -> bool:
        """Return whether this is the header of an event, valid or not."""
        return self.specversion is None and (self.type is not None or self.event is not None)

    @property
    def may_be_batch(self) -> bool:
        """Return whether the rest of the record decides if it is an event or a batch: see `recognition.is_event`."""
        return self.type == BATCH_TYPE and self.event is None


class _Undecoded(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b"null")
    event: msgspec.Raw = msgspec.Raw(b"null")
    specversion: msgspec.Raw = msgspec.Raw(b"null")


_TEXTS = msgspec.json.Decoder(EventHeader)
_UNDECODED = msgspec.json.Decoder(_Undecoded)


def read_event_header(value: bytes) -> EventHeader | None:
    """Return the header of an event; None if it isn't a readable JSON object: `decode` then finds the cause.

    The rest of the record must be JSON syntax, but its strings and numbers are not decoded: a browsing event with a
    broken character in its title is a browsing event.
    """
    try:
        return _TEXTS.decode(value)
    except msgspec.ValidationError:
        return _with_other_values(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _with_other_values(value: bytes) -> EventHeader | None:
    """Read a header with values other than text, undecoded: a megabyte of empty lists would take 40 ms."""
    try:
        found = _UNDECODED.decode(value)
        specversion = _text(found.specversion)
        if specversion is None and bytes(found.specversion) != b"null":
            specversion = ""
        return EventHeader(_text(found.type), _text(found.event), specversion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(raw: msgspec.Raw) -> str | None:
    text = bytes(raw)
    return msgspec.json.decode(text, type=str) if text.startswith(b'"') else None
