"""Text as it comes out of an event."""

from __future__ import annotations

import math
import re

LONGEST = 2_000  # characters of a text; what follows is cut before anything is matched or normalised
_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# Control characters, and format characters that only show how a text was copied: zero-width spaces, byte order marks,
# marks of direction. The joiners U+200C and U+200D stay: Persian and Hindi names are written with them.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # lone ones: `decode` lets broken bytes become them, too
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
"""What forms and scripts write where there is nothing. `na` is Namibia, and a name."""
UNUSUAL_BEGINNINGS = " " + "".join({begin for each in _PLACEHOLDERS for begin in (each[0], each[0].upper())})
"""How a text begins that may have to be cleaned or may be a placeholder. (An empty one is in it, too.)"""


class WholeNumber(str):
    """A whole JSON number as text: the number has lost its leading zeros."""

    __slots__ = ()


def clean(text: str) -> str:
    """The text without control characters and without white space around it; line breaks become spaces."""
    text = text.strip()
    return text if text.isprintable() else _INVISIBLE.sub("", _BREAKS.sub(" ", text)).strip()


def text_of(value: object) -> str | None:
    """The clean text; "" for what counts as absent (null, blank, an empty list or object); None for another type.

    A broken text (with a lone surrogate) is none. A long one is cut.
    """
    if isinstance(value, str):
        text = value.strip()[:LONGEST]
        if text.isprintable():
            return text.rstrip()
        return None if _SURROGATE.search(text) else clean(text)
    return "" if value is None or value in ([], {}) else None


def identity_text(value: object) -> str | None:
    """The same for a value that must not be cut: a beginning may be somebody else's."""
    return None if isinstance(value, str) and len(value.strip()) > LONGEST else text_of(value)


def email_text(value: object) -> str | None:
    """The same as it was written: an invisible character inside an address is for its reader to judge."""
    text = identity_text(value)
    return str(value) if text and not is_placeholder(text) else text


def text_or_number(value: object) -> str | None:
    """The same as `text_of`, but a whole JSON number is text, too: 14155550132 and 14155550132.0 are phone numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if _LOWEST <= value <= _HIGHEST else None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return text_of(value)


def scalar_text(value: object) -> str | None:
    """The same, and a truth value is `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else text_or_number(value)


def postal_text(value: object) -> str | None:
    """The same, and a number tells that it was one."""
    text = text_or_number(value)
    return text if text is None or isinstance(value, str) else WholeNumber(text)


def phone_text(value: object) -> str | None:
    """The same, uncut. A space before a digit stays: it may be a plus sign that a form has decoded."""
    if not isinstance(value, str):
        return text_or_number(value)
    text = identity_text(value)
    if text and value[0] == " " and value[1].isdigit() and not is_digest(text):
        return " " + text
    return text


def is_broken(value: object) -> bool:
    """Whether the value can't be read: no number (NaN, an infinity), or a text with a lone surrogate."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str) and _SURROGATE.search(value[: 2 * LONGEST]) is not None


def is_placeholder(text: str) -> bool:
    """Return whether the text means nothing: `N/A`, `-`, `unknown`."""
    return len(text) <= _LONGEST_PLACEHOLDER and text.lower() in _PLACEHOLDERS


def is_digest(text: str) -> bool:
    """Whether it looks like a SHA-256 digest in hexadecimal, in either case."""
    return len(text) == 64 and _DIGEST.fullmatch(text) is not None
