"""What of a record's texts may be shown: on a terminal, on a page, in the log.

A text may have any length and hold any characters, so every function cuts it before it looks at it.
"""

from __future__ import annotations

import re

LONGEST = 24
HIDDEN = "***"

# Characters that are looked at; an identity has fewer (RFC 5321, 4.5.3.1: 64 + 1 + 255).
_LOOKED_AT = 1024
_LONGEST_IDENTITY = 320

# An address begins where a word does: a word without `@` is read once, not from each of its characters on.
_LIKE_AN_IDENTITY = re.compile(r"(?<![^ ])[^ @]*+@[^ ]*|\+?\d[\d ().-]{4,}\d")
_BETWEEN_DIGITS = " +().-"


def masked(identity: str, longest: int = LONGEST) -> str:
    """An email or a phone number, so that its owner would recognise it and nobody else.

    `j***@example.com`, `+1415***0132`; of a short number less is shown, so that at least three digits are hidden.
    """
    if not identity:
        return ""
    if len(identity) > _LONGEST_IDENTITY:
        return HIDDEN
    name, sign, domain = identity.rpartition("@")
    return printable(f"{masked_text(name)}@{domain}" if sign else _masked_number(identity), longest)


def masked_text(text: str) -> str:
    """A name, a town, anything else: its first letter, or nothing where that would be all of it."""
    clean = printable(text)
    return f"{clean[0]}{HIDDEN}" if len(clean) > 1 else HIDDEN


def without_identities(text: str, longest: int = LONGEST) -> str:
    """A text that should not hold an email or a number of six digits or more: those are left out where it does."""
    clean = _printable(text)
    rest = ""
    if len(text) > _LOOKED_AT:
        clean, rest = _without_last_word(clean), HIDDEN
    return _shortened(_LIKE_AN_IDENTITY.sub(HIDDEN, clean) + rest, longest)


def printable(text: str, longest: int = LONGEST) -> str:
    """On one line, without what could steer a terminal, and not too long."""
    clean = _printable(text)
    return _shortened(clean if len(text) <= _LOOKED_AT else f"{clean}…", longest)


def _printable(text: str) -> str:
    """What can be printed of the part of a text that is looked at."""
    text = text[:_LOOKED_AT]
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _without_last_word(text: str) -> str:
    """The words, or the number, that a cut may have parted are left out: half an identity need not look like one."""
    end = text.rfind(" ") + 1
    while end and (text[end - 1].isdigit() or text[end - 1] in _BETWEEN_DIGITS):
        end -= 1
    return text[:end]


def _masked_number(number: str) -> str:
    if len(number) >= 12:  # a plus sign, then the country and the area, which are not the person's own
        return f"{number[:5]}{HIDDEN}{number[-4:]}"
    return f"{number[:3]}{HIDDEN}{number[-2:]}" if len(number) >= 8 else HIDDEN
