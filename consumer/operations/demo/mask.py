"""What of a text may be shown on a terminal."""

from __future__ import annotations

LONGEST = 24


def masked(identity: str) -> str:
    """An email or a phone number, so that its owner would recognise it and nobody else: `j***@example.com`."""
    if not identity:
        return ""
    name, sign, domain = identity.partition("@")
    return printable(f"{name[:1]}***@{domain}" if sign else f"{identity[:3]}***{identity[-2:]}")


def printable(text: str) -> str:
    """On one line, without what could steer a terminal, and not too long."""
    clean = "".join(letter for letter in text if letter.isprintable())
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
