"""Numbering plans: the form of a country's numbers, from the metadata of phonenumbers."""

from __future__ import annotations

import re
from functools import cache
from typing import cast

from msgspec import Struct
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber

MAIN_REGIONS = {str(code): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}
"""The region whose plan applies to a calling code that several share."""

_LONGEST = 15  # digits: E.164, section 6.2.1
_NEVER = r"(?!)"
_DIGITS = "0123456789"
_NORTH_AMERICA = "1"
# Area codes and exchanges begin with 2 to 9; N11 are service codes (911), never area codes (NANPA, ATIS-0300051).
_NORTH_AMERICAN = re.compile(r"[2-9](?!11)\d\d[2-9]")


class Number(Struct, frozen=True, gc=False):
    """A phone number: its country's calling code and its national (significant) number."""

    code: str
    national: str

    @property
    def e164(self) -> str:
        return f"+{self.code}{self.national}"

    @property
    def parsed(self) -> PhoneNumber:
        """Return the number as a phonenumbers object."""
        zeros = len(self.national) - len(self.national.lstrip("0"))
        number = PhoneNumber(country_code=int(self.code), national_number=int(self.national))
        if zeros:
            number.italian_leading_zero = True
        if zeros > 1:
            number.number_of_leading_zeros = zeros
        return number


class Plan(Struct, frozen=True):
    """A numbering plan. `numbers` matches a whole national number, `abroad` and `trunk` its beginning."""

    code: str
    abroad: re.Pattern[str]  # how a call abroad begins
    trunk: re.Pattern[str]  # the prefix of a national number; has groups where leaving it out is not all
    has_trunk_prefix: bool  # written in its country, unless it is the calling code (North America)
    numbers: re.Pattern[str]
    lengths: frozenset[int]  # of national numbers with their area code
    first_digits: frozenset[str]  # of national numbers


def can_be(number: Number) -> bool:
    """Return whether the number's plan allows it, in a range in use or a new one.

    Check its length and its first digit. In North America neither area code nor exchange begins with 0 or 1. A number
    of one repeated digit is a placeholder.
    """
    code, national = number.code, number.national
    plan = plan_of_code(code)
    length = len(national)
    return (
        length in plan.lengths
        and len(code) + length <= _LONGEST
        and national[0] in plan.first_digits
        and national.strip(national[0]) != ""
        and (code != _NORTH_AMERICA or _NORTH_AMERICAN.match(national) is not None)
    )


@cache
def plan_of_region(region: str) -> Plan:
    """Return the plan of a region that phonenumbers supports."""
    return _plan(cast(PhoneMetadata, PhoneMetadata.metadata_for_region(region, None)))


@cache
def plan_of_code(code: str) -> Plan:
    """Return the plan of a calling code in `MAIN_REGIONS`."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), MAIN_REGIONS[code])
    return _plan(cast(PhoneMetadata, metadata))


def _plan(metadata: PhoneMetadata) -> Plan:
    general = metadata.general_desc
    numbers = (general and general.national_number_pattern) or _NEVER
    return Plan(
        code=str(metadata.country_code),
        abroad=re.compile(metadata.international_prefix or _NEVER),
        trunk=re.compile(metadata.national_prefix_for_parsing or _NEVER),
        has_trunk_prefix=metadata.national_prefix not in (None, str(metadata.country_code)),
        numbers=re.compile(numbers),
        lengths=frozenset(general.possible_length if general else ()),
        first_digits=frozenset(first_digits(numbers)),
    )


_DIGIT = re.compile(r"\\d|\[[-\d]+]")
_OPTIONAL = re.compile(r"\?|\{0,\d+}")


def first_digits(pattern: str) -> set[str]:
    r"""Return the possible first digits of a match of the pattern.

    pattern -- one of the metadata's: of digits, `\d`, `[...]`, `(?:...)`, `|` and quantifiers
    """
    digits: set[str] = set()
    for branch in _branches(pattern):
        rest, optional = branch, True
        while optional:
            digit = _DIGIT.match(rest)
            end = digit.end() if digit else _end_of_group(rest)
            head = rest[:end]
            if head.startswith("(?:"):
                digits |= first_digits(head[3:-1])
            else:
                digits.update(each for each in _DIGITS if re.match(head, each))
            optional = _OPTIONAL.match(rest, end) is not None
            rest = _OPTIONAL.sub("", rest[end:], count=1)
    return digits


def _branches(pattern: str) -> list[str]:
    """Return the alternatives of a pattern, without those inside its groups."""
    branches, depth = [""], 0
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            branches.append("")
        else:
            branches[-1] += sign
    return branches


def _end_of_group(pattern: str) -> int:
    """Return the end of the group, or of the single sign, that begins the pattern."""
    depth = 0
    for index, sign in enumerate(pattern):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return index + 1
    return 0
