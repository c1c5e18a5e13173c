"""Read text from an event's values."""

from __future__ import annotations

import math
import re

LONGEST = 2_000  # characters; the rest is cut before matching and normalising
_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# Control characters, and format characters that are left from copying: zero-width spaces, byte order marks,
# marks of direction. The joiners U+200C and U+200D stay: Persian and Hindi names are written with them.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # lone ones: `decode` turns broken bytes into them
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1  # beyond, orjson reads a whole number as a float
_EXACT = 2**53  # above, a float no longer holds every whole number
_LONGEST_PLACEHOLDER = 16
_PLACEHOLDERS = frozenset(
    [
        *("-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "?", "_", "/", "n/a", "#n/a", "n.a.", "n.a", "n/a."),
        *("n\\a", "\\n", "unknown", "other", "null", "(null)", "[null]", "<null>", "none", "(none)", "nil", "nan"),
        *("undefined", "[object object]", "not available", "not provided", "not set", "(not set)", "not specified"),
        *("not applicable", "unspecified", "(unknown)"),
    ]
)
"""Values that forms and scripts write for an absent one. Without `na`, which is Namibia and a name."""
UNUSUAL_BEGINNINGS = " " + "".join({begin for each in _PLACEHOLDERS for begin in (each[0], each[0].upper())})
"""First characters of texts that may need cleaning or may be placeholders."""


class WholeNumber(str):
    """A whole JSON number as text, without the leading zeros it may have had."""

    __slots__ = ()


def clean(text: str) -> str:
    """Return the text without control characters and without white space around it; line breaks become spaces."""
    text = text.strip()
    return text if text.isprintable() else _INVISIBLE.sub("", _BREAKS.sub(" ", text)).strip()


def text_of(value: object) -> str | None:
    """Return the clean text; "" for absent values (null, blank, an empty list or object), None for other types.

    A broken text (with a lone surrogate) is none. A long one is cut.
    """
    if isinstance(value, str):
        text = value.strip()[:LONGEST]
        if text.isprintable():
            return text.rstrip()
        return None if _SURROGATE.search(text) else clean(text)
    return "" if value is None or value in ([], {}) else None


def identity_text(value: object) -> str | None:
    """Return `text_of`, but None for a long text: a cut identity may belong to another contact."""
    return None if isinstance(value, str) and len(value.strip()) > LONGEST else text_of(value)


def email_text(value: object) -> str | None:
    """Return the text as written: `read_email` checks invisible characters inside an address."""
    text = identity_text(value)
    return str(value) if text and not is_placeholder(text) else text


def text_or_number(value: object) -> str | None:
    """Return `text_of`, or a whole JSON number as text: 14155550132 and 14155550132.0 are phone numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if _LOWEST <= value <= _HIGHEST else None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return text_of(value)


def scalar_text(value: object) -> str | None:
    """Return `text_or_number`, or a truth value as `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else text_or_number(value)


def postal_text(value: object) -> str | None:
    """Return `text_or_number`, with a number as `WholeNumber`."""
    text = text_or_number(value)
    return text if text is None or isinstance(value, str) else WholeNumber(text)


def phone_text(value: object) -> str | None:
    """Return `text_or_number` uncut. A space before a digit stays: it may be a plus sign that a form has decoded."""
    if not isinstance(value, str):
        return text_or_number(value)
    text = identity_text(value)
    if text and value[0] == " " and value[1].isdigit() and not is_digest(text):
        return " " + text
    return text


def is_broken(value: object) -> bool:
    """Return whether the value is unreadable: NaN, an infinity, or a text with a lone surrogate."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str) and _SURROGATE.search(value[: 2 * LONGEST]) is not None


def is_placeholder(text: str) -> bool:
    """Return whether the text means nothing: `N/A`, `-`, `unknown`."""
    return len(text) <= _LONGEST_PLACEHOLDER and text.lower() in _PLACEHOLDERS


def is_unlike_placeholders(text: str) -> bool:
    """Return whether a text that begins as a placeholder is none, and has no white space around it."""
    return text[0] != " " and text[-1] != " " and not is_placeholder(text)


def is_digest(text: str) -> bool:
    """Return whether it looks like a SHA-256 digest in hexadecimal, in either case."""
    return len(text) == 64 and _DIGEST.fullmatch(text) is not None
