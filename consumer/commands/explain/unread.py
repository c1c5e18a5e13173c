"""Find identities at places that the enroller does not read: the usual cause of a missing contact."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator

from consumer.enrolment.email import read_email
from consumer.enrolment.phone import read_phone
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.mask import printable

_MOST_VALUES = 2_000  # per event
_MOST_FOUND = 5
_LONGEST_KEY = 40  # characters
_LONGEST_TEXT = 254
_PHONE = re.compile(r"\s*(?:tel:)?\+[0-9][0-9 ().-]{6,24}\s*")


def unread_identities(event: object, used: Collection[str], read: Collection[str]) -> Iterator[str]:
    """Yield a note for each email and international phone number at a place that is not read.

    used -- the contact's identities, which are not reported again
    read -- JSON pointers to the places that are read
    """
    if not isinstance(event, dict):
        return
    reported = set(used)
    for pointer, shown, text in _texts(event):
        if pointer in read or (identity := _identity(text)) is None or identity in reported:
            continue
        reported.add(identity)
        yield f"found {'an email' if '@' in identity else 'a phone number'} at {shown}, which is not read"
        if len(reported) >= len(used) + _MOST_FOUND:
            return


def _identity(text: str) -> str | None:
    if "@" in text:
        return read_email(text)
    return read_phone(text, None, PhoneCheck.VALID).number if _PHONE.fullmatch(text) else None


def _texts(event: object) -> Iterator[tuple[str, str, str]]:
    """Yield each text with its pointer, plain and masked: a key may be an address, too."""
    waiting: deque[tuple[str, str, object]] = deque([("", "", event)])
    seen = 0
    while waiting and seen < _MOST_VALUES:
        seen += 1
        pointer, shown, value = waiting.popleft()
        if isinstance(value, str):
            if len(value) <= _LONGEST_TEXT:
                yield pointer, shown, value
        elif isinstance(value, dict | list) and len(waiting) < _MOST_VALUES:
            items = value.items() if isinstance(value, dict) else enumerate(value[:_MOST_VALUES])
            waiting.extend((f"{pointer}/{key}", f"{shown}/{_shown(str(key))}", held) for key, held in items)


def _shown(key: str) -> str:
    return "***" if _identity(key) else printable(key, _LONGEST_KEY)
