"""The two fields that tell most records from an enrolment event, read without the rest."""

from __future__ import annotations

import msgspec


class EventHeader(msgspec.Struct):
    """An event's `type` and `event`; None where the event has none, or one that is no text.

    A CloudEvent, which has a `specversion`, is no event of ours; one that is no text is an empty text here.
    """

    type: str | None = None
    event: str | None = None
    specversion: str | None = None

    @property
    def is_event(self) -> bool:
        """Whether this is the head of an event, even of one that is against the schema."""
        return self.specversion is None and (self.type is not None or self.event is not None)


class _Undecoded(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b"null")
    event: msgspec.Raw = msgspec.Raw(b"null")
    specversion: msgspec.Raw = msgspec.Raw(b"null")


_TEXTS = msgspec.json.Decoder(EventHeader)
_UNDECODED = msgspec.json.Decoder(_Undecoded)


def read_event_header(value: bytes) -> EventHeader | None:
    """Return the head of an event; None for what isn't a JSON object, or can't be read: `decode` then says why.

    The rest of the record is passed over. It has to be JSON by its form, but no string or number of it is
    made, and so none is judged: a browsing event with a broken character in its title is a browsing event.
    """
    try:
        return _TEXTS.decode(value)
    except msgspec.ValidationError:
        return _with_other_values(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _with_other_values(value: bytes) -> EventHeader | None:
    """Read a head with values that are no texts. They are not decoded: a megabyte of empty lists would take 40 ms."""
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
