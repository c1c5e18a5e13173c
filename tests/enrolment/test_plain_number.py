"""The short cut reads numbers just as phonenumbers does."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberType

from consumer.enrolment.plain_number import parse_plain

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)).map(str)
SIGNS = st.sampled_from(["", "", "", " ", "-", ".", "(", ")"])
FORMATTED = st.lists(st.tuples(st.sampled_from("0123456789"), SIGNS).map("".join)).map("".join)


@st.composite
def dialled(draw: st.DrawFn) -> tuple[str, str]:
    """Digits as they are dialled in a region, and the region: often a number that it has, behind its prefixes."""
    region = draw(st.sampled_from(REGIONS))
    kind = draw(st.sampled_from([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE]))
    example = phonenumbers.example_number_for_type(region, kind)
    national = phonenumbers.national_significant_number(example) if example else "1234567"
    metadata = PhoneMetadata.metadata_for_region(region, None)
    assert metadata is not None
    prefix = draw(st.sampled_from(["", metadata.national_prefix or "", str(metadata.country_code), "00", "0"]))
    kept = draw(st.integers(0, len(national)))
    return prefix + draw(SIGNS) + national[:kept] + draw(FORMATTED | st.just(national[kept:])), region


@settings(deadline=None)  # the first number of a region loads its tables
@given(code=CODES, national=FORMATTED)
def test_international_numbers_are_read_as_phonenumbers_reads_them(code: str, national: str) -> None:
    number = parse_plain(f"+{code}{national}", None)
    if number is not None:
        assert number.parsed == phonenumbers.parse(f"+{code}{national}")


@settings(deadline=None)  # the same
@given(given=dialled())
def test_national_numbers_are_read_as_phonenumbers_reads_them(given: tuple[str, str]) -> None:
    text, region = given
    number = parse_plain(text, region)
    if number is not None:
        assert number.parsed == phonenumbers.parse(text, region)
        assert number.parsed == phonenumbers.parse(number.e164)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+1 (415) 555-0132", None),
        ("+442079460958", "US"),
        ("+49 151 23456789", None),
        ("+852 5123 4567", None),
        ("(415) 555-0132", "US"),
        ("416.555.0132", "CA"),
        ("020 7946 0958", "GB"),
        ("0151 23456789", "DE"),
        ("06 12 34 56 78", "FR"),
        ("612 345 678", "ES"),
        ("8 (912) 345-67-89", "RU"),
        ("14155550132", "US"),
        ("447911123456", "GB"),
        ("06 1234567", "IT"),
        ("+39 06 1234567", None),
    ],
)
def test_the_usual_numbers_are_taken(text: str, region: str | None) -> None:
    number = parse_plain(text, region)
    assert number is not None
    assert number.parsed == phonenumbers.parse(text, region)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("4155550132", None),
        ("4155550132", "AQ"),
        ("+1 415 555 0132 x5", None),
        ("+1415", None),
        ("+1415555013245678", None),
        ("+999 1234567", None),
        ("+44 0207 946 0958", None),
        ("+7 8 912 345 67 89", None),
        ("011 44 20 7946 0958", "US"),
        ("555 0132", "US"),
        ("011 15-2345-6789", "AR"),
        ("2024-01-31", "DE"),
        ("192.168.10.12", "DE"),
        ("4915123456789.0", "DE"),
        ("030 1234 ---", "DE"),
        ("-030 123456", "DE"),
    ],
)
def test_what_only_phonenumbers_can_tell_is_left_to_it(text: str, region: str | None) -> None:
    assert parse_plain(text, region) is None
