"""From a record's bytes to a JSON value."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from consumer.enrolment.pointer import Pointer


@dataclass(frozen=True, slots=True)
class NotJson:
    """The bytes can't be read; `why` quotes nothing of them."""

    why: str


def decode(value: bytes, path: Pointer) -> object:
    """The event in a record's value, whatever JSON it is, or `NotJson`. Never raises.

    Strict, as orjson is (RFC 8259): UTF-8 without a byte order mark, no NaN, no lone surrogates, at most 1024 levels,
    numbers within a double's range. Of duplicate keys the last one counts.

    path -- where the event is inside a wrapper record; JSON text that is found there is read as JSON once more
    """
    try:
        found: object = orjson.loads(value)
        if path.tokens:
            found = path.find(found)
            if isinstance(found, str):
                found = orjson.loads(found)
    except orjson.JSONDecodeError as error:
        return NotJson(f"not JSON: {error.msg}")
    return found
