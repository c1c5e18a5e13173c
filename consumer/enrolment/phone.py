"""Phone numbers as E.164."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from consumer.enrolment.note import NoteKind
from consumer.enrolment.plain_number import parse_plain
from consumer.enrolment.rules import PhoneCheck

_LONGEST = len("+") + 15  # E.164, section 6.2.1
_LONGEST_TEXT = 250  # what phonenumbers reads
_MOST_PREFIXES = 4  # a number with more of them is none
_INTERNATIONAL = re.compile(r"[^\d+]*(\+|00)")
_DOUBLE_ZERO = re.compile(r"\D*00")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")


class PhoneReading(NamedTuple):
    """A phone number in E.164, None where the text is unusable, and what is to be noted beside that."""

    number: str | None
    note: NoteKind | None = None


def is_international(text: str) -> bool:
    """Whether the number begins with `+` or `00`, so that no region is needed to read it."""
    return _INTERNATIONAL.match(_ascii(text)) is not None


def read_phone(text: str, region: str | None, check: PhoneCheck) -> PhoneReading:
    """The number in E.164; None if it is not a number that could be called from abroad.

    text   -- as the visitor wrote it; an extension is dropped, digits of any script are understood
    region -- ISO 3166 alpha-2: whose national form it may be in; None: international form only
    check  -- `possible` asks for a length that its country has (a number without its area code hasn't), `valid` for
              a range that is in use, too

    `00` begins an international number wherever it comes from, unless only the region's own reading makes sense. Where
    there are several readings (`00`, or `(0)` after the country code), a valid number is better than a possible one.
    """
    if len(text) > _LONGEST_TEXT:
        return PhoneReading(None)
    numbers = [number for reading in _readings(_ascii(text), region) if (number := _parse(*reading)) is not None]
    if check is PhoneCheck.VALID or len(numbers) > 1:
        valid = [number for number in numbers if phonenumbers.is_valid_number(number)]
        numbers = valid or (numbers if check is PhoneCheck.POSSIBLE else [])
    written = _written(numbers[0]) if numbers else ""
    return PhoneReading(written if 0 < len(written) <= _LONGEST else None)


def _ascii(text: str) -> str:
    """Full-width and other scripts' digits and signs as ASCII has them."""
    if text.isascii():
        return text
    return re.sub(r"\d", lambda digit: str(int(digit[0])), unicodedata.normalize("NFKC", text))


def _readings(text: str, region: str | None) -> Iterator[tuple[str, str | None]]:
    """What the text may mean, the likeliest first: a number, and the region to read it in."""
    double_zero = _DOUBLE_ZERO.match(text)
    plus = "+" + text[double_zero.end() :] if double_zero else text
    if double_zero:
        yield plus, None
    yield text, region
    if _TRUNK_ZERO.search(plus):
        yield _TRUNK_ZERO.sub("", plus), region


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    """The number, if its length is one that can be called from abroad."""
    number = parse_plain(text, region) or _parse_slowly(text, region)
    possible = number and phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return number if possible else None


def _parse_slowly(text: str, region: str | None) -> PhoneNumber | None:
    """What phonenumbers reads. What we send has to read as itself: trunk prefixes go even if there are several."""
    try:
        number = phonenumbers.parse(text, region)
        for _ in range(_MOST_PREFIXES):
            written = _written(number)
            if parse_plain(written, None) or (again := phonenumbers.parse(written)) == number:
                return number
            number = again
    except NumberParseException:
        pass
    return None


def _written(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
