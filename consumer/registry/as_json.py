"""Decoded values as JSON, in forms that the mapper understands."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from decimal import Decimal

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS


def as_json(value: object) -> bytes:
    """Return a decoded value as JSON. Dates and times become text as ISO 8601 has it, NaN becomes null.

    Bytes become text where they are UTF-8, else base64; decimals become text as written.
    """
    return orjson.dumps(value, _other, _OPTIONS)


def _other(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)
