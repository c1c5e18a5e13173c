"""Text as it comes out of an event."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# Control characters, and format characters that only show how a text was copied: zero-width spaces, byte order marks,
# marks of direction. The joiners U+200C and U+200D stay: Persian and Hindi names are written with them.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+"
)
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1  # beyond, orjson reads a whole number as a float
_EXACT = 2**53  # above, a float no longer holds every whole number


def clean(text: str) -> str:
    """The text without control characters and without white space around it; line breaks become spaces."""
    text = text.strip()
    return text if text.isprintable() else _INVISIBLE.sub("", _BREAKS.sub(" ", text)).strip()


def text_of(value: object) -> str | None:
    """The clean text; "" for what counts as absent (null, blank, an empty list or object); None for another type."""
    if isinstance(value, str):
        return clean(value)
    return "" if value is None or value in ([], {}) else None


def text_or_number(value: object) -> str | None:
    """The same, but a whole JSON number is text, too: 14155550132 and 14155550132.0 are phone numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if _LOWEST <= value <= _HIGHEST else None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return text_of(value)


def phone_text(value: object) -> str | None:
    """The same. A space before a digit stays: it may be a plus sign that a form has decoded."""
    text = text_or_number(value)
    if text and isinstance(value, str) and value[0] == " " and value[1].isdigit() and not is_digest(text):
        return " " + text
    return text


def is_digest(text: str) -> bool:
    """Whether it looks like a SHA-256 digest in hexadecimal, in either case."""
    return len(text) == 64 and _DIGEST.fullmatch(text) is not None
