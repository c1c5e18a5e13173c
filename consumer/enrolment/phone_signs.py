"""Digits and signs of phone numbers in any script, converted to ASCII."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from urllib.parse import unquote

from consumer.enum_members import found_quickly

LONGEST_TEXT = 250  # what phonenumbers reads; nothing longer is matched or normalised

_BULLETS = "•●∙·◦…×✕✖■□▪▫█"  # noqa: RUF001 -- in place of digits
_DASHES = "‐‑‒–—―⁃−ーｰ"  # noqa: RUF001 -- the dashes are the point
_SIGNS = str.maketrans(
    dict.fromkeys(_BULLETS, "*")
    | dict.fromkeys(_DASHES, "-")
    | {"⁄": "/", "∕": "/", "[": "(", "]": ")", "【": "(", "】": ")", "➕": "+", "〜": "~", "Х": "X", "х": "x"}  # noqa: RUF001 -- Cyrillic
)
# Joiners and marks of direction where text was copied, variation selectors and frames where digits are emoji.
_INVISIBLE = re.compile(r"[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u20e3]")
_ENCODED = ("%2B", "%2b", "%28", "&#43;")


def as_ascii(text: str) -> str:
    """Return the text with ASCII's digits and signs; letters of other scripts stay.

    A text with other numerals (`²`, `½`, `三`) is no number: NFKC would turn a footnote into digits.
    """
    if text.startswith(_ENCODED):
        text = unquote(text.replace("&#43;", "+"))
    if text.isascii():
        return text.translate(_SIGNS)
    if any(sign.isnumeric() and not sign.isdecimal() for sign in text):
        return ""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text.translate(_SIGNS)))
    if len(text) > LONGEST_TEXT:  # one ligature can be 18 letters
        return ""
    return re.sub(r"\d", lambda digit: str(int(digit[0])), text.translate(_SIGNS))


@found_quickly
class PhoneCheck(StrEnum):
    """The strictness of the check of a phone number."""

    POSSIBLE = "possible"  # its country's numbering plan can have it: its length and first digits fit
    VALID = "valid"  # its digits fit a range that its country has assigned, too
