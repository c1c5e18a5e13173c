"""From a record's bytes to a JSON value."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8

import orjson
from msgspec import Struct

from consumer.enrolment.pointer import Pointer

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BROKEN = "\udc00"  # a lone surrogate: strict decoders refuse it
MOST_REPAIRED = 256 * 1024  # bytes: the tolerant decoder takes up to ten times as long as orjson


class NotJson(Struct, frozen=True):
    """Bytes that are not JSON; `why` quotes none of them."""

    why: str


def without_mark(value: bytes) -> bytes:
    """Return the value without the byte order mark before it."""
    return value[len(BOM_UTF8) :] if value.startswith(BOM_UTF8) else value


def decode(value: bytes) -> object:
    """Return the JSON value, or `NotJson`. Never raises.

    Decode strictly first (orjson, RFC 8259), then tolerantly: NaN and numbers beyond a double's range become
    non-finite floats; bytes in another encoding, halves of characters and control characters become lone surrogates.
    `consumer.enrolment.text.is_broken` recognises both. A byte order mark is skipped; of
    duplicate keys the last one counts. A value of more than 256 KiB is read strictly only.
    """
    value = without_mark(value)
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        strict = NotJson(f"not JSON: {error.msg}")
    if len(value) > MOST_REPAIRED:
        return strict
    text = _CONTROL.sub(_BROKEN, value.decode("utf-8", "surrogateescape"))
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        return strict
    except json.JSONDecodeError:
        return strict
    except ValueError:  # a whole number of more digits than Python reads
        return _with_long_numbers(text) or strict


def _with_long_numbers(text: str) -> object:
    try:
        return json.loads(text, strict=False, parse_int=float)
    except (ValueError, RecursionError):
        return None


def find_event(document: object, path: Pointer) -> object:
    """Return the value at the path inside a wrapper record; JSON text there is decoded once more."""
    found = path.find(document)
    return decode(found.encode("utf-8", "surrogatepass")) if path.tokens and isinstance(found, str) else found
