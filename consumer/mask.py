"""What of a record's texts may be shown: on a terminal, on a page."""

from __future__ import annotations

import re

LONGEST = 24
HIDDEN = "***"

_LIKE_AN_IDENTITY = re.compile(r"\S*@\S*|\+?\d[\d\s().-]{4,}\d")


def masked(identity: str, longest: int = LONGEST) -> str:
    """An email or a phone number, so that its owner would recognise it and nobody else.

    `j***@example.com`, `+1415***0132`; of a short number less is shown, so that at least three digits are hidden.
    """
    if not identity:
        return ""
    name, sign, domain = identity.rpartition("@")
    return printable(f"{masked_text(name)}@{domain}" if sign else _masked_number(identity), longest)


def masked_text(text: str) -> str:
    """A name, a town, anything else: its first letter, or nothing where that would be all of it."""
    clean = printable(text)
    return f"{clean[0]}{HIDDEN}" if len(clean) > 1 else HIDDEN


def without_identities(text: str, longest: int = LONGEST) -> str:
    """A text that should not hold an email or a number of six digits or more: those are left out where it does."""
    return printable(_LIKE_AN_IDENTITY.sub(HIDDEN, text), longest)


def printable(text: str, longest: int = LONGEST) -> str:
    """On one line, without what could steer a terminal, and not too long."""
    clean = text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"


def _masked_number(number: str) -> str:
    if len(number) >= 12:  # a plus sign, then the country and the area, which are not the person's own
        return f"{number[:5]}{HIDDEN}{number[-4:]}"
    return f"{number[:3]}{HIDDEN}{number[-2:]}" if len(number) >= 8 else HIDDEN
