"""The two fields that tell most records from an enrolment event, read without the rest."""

from __future__ import annotations

import msgspec


class Head(msgspec.Struct):
    """An event's `type` and `event`, whatever JSON they are; None where the event has none.

    A CloudEvent, which has a `specversion`, is no event of ours.
    """

    type: object = None
    event: object = None
    specversion: object = None


_DECODER = msgspec.json.Decoder(Head)


def read_head(value: bytes) -> Head | None:
    """The head of an event; None for what isn't a JSON object, or can't be read: `decode` then says why.

    What stands elsewhere in the record is passed over. It has to be JSON by its form, but no string or number of it is
    made, and so none is judged: a browsing event with a broken character in its title is a browsing event.
    """
    try:
        return _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
