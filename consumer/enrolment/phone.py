"""Phone numbers as E.164."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import phonenumbers
from msgspec import Struct
from phonenumbers import SUPPORTED_REGIONS, NumberParseException, PhoneNumberType

from consumer.enrolment.note import NoteKind
from consumer.enrolment.numbering_plan import Number, can_be, plan_of_code, plan_of_region
from consumer.enrolment.phone_signs import LONGEST_TEXT, PhoneCheck
from consumer.enrolment.plain_number import parse_plain
from consumer.enrolment.written_number import Beside, Written, find_number

_MOST_PREFIXES = 4  # a number with more of them is none
_SHORTEST = 6  # digits; an area code and a slash may be a number by themselves
_DOUBLE_ZERO = re.compile(r"\D*00[\s)]*")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_LOST_PLUS = re.compile(r" [1-9]")


class PhoneReading(Struct, frozen=True, gc=False):
    """A phone number in E.164, None where the text is unusable, and a note."""

    number: str | None
    note: NoteKind | None = None


UNUSABLE = PhoneReading(None)


def is_international(text: str) -> bool:
    """Return whether a text that was read begins with `+` or `00`, and so needed no region."""
    if len(text) > LONGEST_TEXT:
        return False
    if text.startswith("+"):
        return True
    if _LOST_PLUS.match(text):
        return _with_lost_plus(text) is not None
    return find_number(text, None).number.startswith(("+", "00"))


def read_phone(text: str, region: str | None, check: PhoneCheck) -> PhoneReading:
    """Return the number in E.164 if it can be called from abroad.

    text   -- as the visitor wrote it; an extension is dropped, digits of any script are understood. A space before the
              first digit may be a plus sign that a form has decoded
    region -- ISO 3166 alpha-2, of the national form; None: international form only
    check  -- `possible` asks for a number that its plan can have (without its area code it can't), `valid` for a range
              that is in use

    In doubt there is no number. After words are removed, the rest must be valid under both checks.
    """
    if len(text) > LONGEST_TEXT:
        return UNUSABLE
    if (number := parse_plain(text, region)) and not _may_be_behind_code(number, text):
        return UNUSABLE if _has_code_twice(text, number) else _judged(number, check)
    if _LOST_PLUS.match(text) and (number := _with_lost_plus(text)):
        return UNUSABLE if _is_at_home(text.strip(), region, number) else _judged(number, check)
    written = find_number(text, region)
    if written.masked:
        return PhoneReading(None, NoteKind.MASKED)
    reading = _read(written, region, check)
    return reading if reading.number or not written.vanity else _read_vanity(written.vanity, region)


def _judged(number: Number | None, check: PhoneCheck, note: NoteKind | None = None) -> PhoneReading:
    """Return the number with its note if it passes the check."""
    if number is None or not can_be(number) or (check is PhoneCheck.VALID and not _is_valid(number)):
        return UNUSABLE
    return PhoneReading(number.e164, note)


def _read(written: Written, region: str | None, check: PhoneCheck) -> PhoneReading:
    if any(_is_valid_alone(part, region) for part in written.first):
        return UNUSABLE
    number, note = _best(written.number, region), None
    if number is not None and _has_code_twice(written.number, number):
        return UNUSABLE
    if any(_is_another(part, region, number) for part in written.rest):
        return UNUSABLE
    if region in SUPPORTED_REGIONS and (coded := _behind_code(written.number, region, number)):
        number, note = coded, NoteKind.COUNTRY_CODE_ASSUMED
    reading = _judged(number, check if written.beside is Beside.NOTHING else PhoneCheck.VALID, note)
    if written.extension and (reading.number is None or _is_no_extension(written, region)):
        return PhoneReading(None, NoteKind.MASKED if written.beside is Beside.SIGN else None)
    return reading


def _has_code_twice(text: str, number: Number) -> bool:
    """Return whether an international number outside the ranges in use is one of them without a second code."""
    if not number.national.startswith(number.code) or not text.startswith(("+", "00")):
        return False
    once = Number(number.code, number.national.removeprefix(number.code))
    return not _is_valid(number) and can_be(once) and _is_valid(once)


def _is_valid_alone(text: str, region: str | None) -> bool:
    number = _best(text, region) if len(_digits(text)) >= _SHORTEST else None
    return number is not None and _is_valid(number)


def _is_another(text: str, region: str | None, number: Number | None) -> bool:
    return _is_valid_alone(text, region) and _best(text, region) != number


def _read_vanity(text: str, region: str | None) -> PhoneReading:
    """Read a vanity number: letters are digits in toll-free numbers only."""
    number = _best(text, region)
    if number and phonenumbers.number_type(number.parsed) == PhoneNumberType.TOLL_FREE:
        return PhoneReading(number.e164)
    return UNUSABLE


def _is_no_extension(written: Written, region: str | None) -> bool:
    """Return whether an apparent extension may be the number's end, behind a comma or one masked digit."""
    longer = (f"{written.number}{digit}{written.extension}" for digit in ("", *"0123456789"))
    return any(_is_valid_alone(text, region) for text in longer)


def _with_lost_plus(text: str) -> Number | None:
    number = _parse("+" + text.strip(), None)
    return number if number and _is_valid(number) else None


def _is_at_home(text: str, region: str | None, number: Number) -> bool:
    """Return whether the text is also another number of the region, in the form that its plan requires."""
    national = _parse(text, region) if region in SUPPORTED_REGIONS else None
    return national is not None and national != number and _is_written(national, text, cast(str, region))


def _may_be_behind_code(number: Number, text: str) -> bool:
    return text[0] != "+" and number.national.startswith(number.code)


def _behind_code(text: str, region: str, national: Number | None) -> Number | None:
    """Return the valid number behind the region's own calling code, unless the text is a national number.

    A valid national number has precedence, unless its plan requires a trunk prefix and the text has none. This misreads
    area codes equal to the calling code where the prefix is omitted: 1 of 10,000 random valid numbers over all regions,
    1 of 100 in Germany.
    """
    code = plan_of_region(region).code
    zero = _TRUNK_ZERO.search(text)
    if zero and _digits(text[: zero.start()]) == code:  # `49 (0) 151 ...`: a code, and the trunk prefix behind it
        coded = _parse(f"+{code}{_digits(text[zero.end() :])}", None)
        return coded if coded is not None and _is_valid(coded) else None
    digits = _digits(text)
    if text.startswith(("+", "00")) or not digits.startswith(code):
        return None
    coded = _parse("+" + digits, None)
    if coded is None or coded == national or not _is_valid(coded):
        return None
    return None if national is not None and _is_written(national, text, region) else coded


def _is_written(number: Number, text: str, region: str) -> bool:
    """Return whether the text is a valid number, with a trunk prefix if its country writes one."""
    lacks_prefix = _digits(text) == number.national and plan_of_region(region).has_trunk_prefix
    return not lacks_prefix and _is_valid(number)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _best(text: str, region: str | None) -> Number | None:
    """Return the first valid reading, else the first possible one."""
    possible = None
    readings = list(_readings(text, region))
    for reading in readings:
        if number := _parse(*reading):
            if len(readings) == 1 or _is_valid(number):
                return number
            possible = possible or number
    return possible


def _readings(text: str, region: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield the possible readings, the likeliest first: a number, and the region to read it in.

    `00` begins an international number in any region, unless only the region's own reading makes sense. `(0)`
    after a calling code is a trunk prefix, unless only the number with it makes sense (Italy).
    """
    double_zero = _DOUBLE_ZERO.match(text)
    plus = "+" + text[double_zero.end() :] if double_zero else text
    if _TRUNK_ZERO.search(plus):
        without = _TRUNK_ZERO.sub("", plus)
        yield without, region
        number = parse_plain(without, region)
        if number is None or plan_of_code(number.code).numbers.fullmatch("0" + number.national):
            yield plus, region
    else:
        yield plus, region
    if double_zero and region in SUPPORTED_REGIONS and plan_of_region(region).abroad.pattern != "00":
        yield text, region


def _parse(text: str, region: str | None) -> Number | None:
    number = parse_plain(text, region) or _parse_slowly(text, region)
    return number if number and can_be(number) else None


def _parse_slowly(text: str, region: str | None) -> Number | None:
    """Return the number that phonenumbers reads. The sent number has to read as itself.

    All trunk prefixes are removed.
    """
    try:
        number = _of(phonenumbers.parse(text, region))
        for _ in range(_MOST_PREFIXES):
            if parse_plain(number.e164, None) or (again := _of(phonenumbers.parse(number.e164))) == number:
                return number
            number = again
    except NumberParseException:
        pass
    return None


def _of(number: phonenumbers.PhoneNumber) -> Number:
    return Number(str(number.country_code), phonenumbers.national_significant_number(number))


def _is_valid(number: Number) -> bool:
    return phonenumbers.is_valid_number(number.parsed)
