"""Mask a record's texts for a terminal, a page or the log.

A text may have any length and any characters, so every function cuts it first.
"""

from __future__ import annotations

import re

LONGEST = 24
HIDDEN = "***"

# Characters that are read; an identity has fewer (RFC 5321, 4.5.3.1: 64 + 1 + 255).
_LOOKED_AT = 1024
_LONGEST_IDENTITY = 320

# An address begins at a word boundary, so a word without `@` is scanned only once.
_LIKE_AN_IDENTITY = re.compile(r"(?<![^ ])[^ @]*+@[^ ]*|\+?\d[\d ().-]{4,}\d")
_BETWEEN_DIGITS = " +().-"


def masked(identity: str, longest: int = LONGEST) -> str:
    """Mask an email or a phone number so that only its owner would recognise it.

    `j***@example.com`, `+1415***0132`; a short number shows less, so that at least three digits are hidden.
    """
    if not identity:
        return ""
    if len(identity) > _LONGEST_IDENTITY:
        return HIDDEN
    name, sign, domain = identity.rpartition("@")
    return printable(f"{masked_text(name)}@{domain}" if sign else _masked_number(identity), longest)


def masked_text(text: str) -> str:
    """Mask any other text: show its first character, or nothing if it has only one."""
    clean = printable(text)
    return f"{clean[0]}{HIDDEN}" if len(clean) > 1 else HIDDEN


def without_identities(text: str, longest: int = LONGEST) -> str:
    """Mask emails, and numbers of six digits or more, within a text."""
    clean = _printable(text)
    rest = ""
    if len(text) > _LOOKED_AT:
        clean, rest = _without_last_word(clean), HIDDEN
    return _shortened(_LIKE_AN_IDENTITY.sub(HIDDEN, clean) + rest, longest)


def printable(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, shortened, without terminal control characters."""
    clean = _printable(text)
    return _shortened(clean if len(text) <= _LOOKED_AT else f"{clean}…", longest)


def _printable(text: str) -> str:
    """Return the printable characters of the part that is read."""
    text = text[:_LOOKED_AT]
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _without_last_word(text: str) -> str:
    """Drop the last word or number, which may be cut: half an identity may not match the pattern."""
    end = text.rfind(" ") + 1
    while end and (text[end - 1].isdigit() or text[end - 1] in _BETWEEN_DIGITS):
        end -= 1
    return text[:end]


def _masked_number(number: str) -> str:
    if len(number) >= 12:  # a plus sign, then country and area code, which identify nobody
        return f"{number[:5]}{HIDDEN}{number[-4:]}"
    return f"{number[:3]}{HIDDEN}{number[-2:]}" if len(number) >= 8 else HIDDEN
