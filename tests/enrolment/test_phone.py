"""Phone numbers as visitors write them, and as E.164."""

from __future__ import annotations

import phonenumbers
import pytest

from consumer.enrolment.phone import is_international, read_phone
from consumer.enrolment.rules import PhoneCheck

POSSIBLE, VALID = PhoneCheck.POSSIBLE, PhoneCheck.VALID


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 (415) 555-0132", "+14155550132"),
        ("+14155550132", "+14155550132"),
        ("+1.415.555.0132", "+14155550132"),
        ("++1 415 555 0132", "+14155550132"),
        ("0014155550132", "+14155550132"),
        ("00 1 (415) 555-0132", "+14155550132"),
        ("+0044 20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 ( 0 ) 20 7946 0958", "+442079460958"),
        ("+44 020 7946 0958", "+442079460958"),
        ("+33 06 12 34 56 78", "+33612345678"),
        ("+352 (0) 26 12 34 56", "+35226123456"),
        ("+45 (0) 32 12 34 56", "+4532123456"),
        ("+39 06 1234567", "+39061234567"),
        ("+39 (0)6 1234567", "+39061234567"),
        ("+61 412 345 678", "+61412345678"),
        ("+8613800138000", "+8613800138000"),
        ("+54 9 11 2345 6789", "+5491123456789"),
        ("+800 1234 5678", "+80012345678"),
        ("＋８１ ９０ １２３４ ５６７８", "+819012345678"),
        ("+٩٧١٥٠١٢٣٤٥٦٧", "+971501234567"),
        ("tel:+1-415-555-0132", "+14155550132"),
        ("Mobile: +44 7911 123456", "+447911123456"),
        ("\u202a+1 415 555 0132\u202c", "+14155550132"),
    ],
)
@pytest.mark.parametrize("region", [None, "US", "JP", "AQ"])
def test_international_form_needs_no_region(text: str, region: str | None, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number
    assert is_international(text)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("(415) 555-0132", "US", "+14155550132"),
        ("14155550132", "US", "+14155550132"),
        ("1-415-555-0132", "CA", "+14155550132"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("07911 123456", "GB", "+447911123456"),
        ("447911123456", "GB", "+447911123456"),
        ("(020) 7946 0958", "GB", "+442079460958"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 1234567", "IT", "+39061234567"),
        ("347 123 4567", "IT", "+393471234567"),
        ("0412 345 678", "AU", "+61412345678"),
        ("021 123 4567", "NZ", "+64211234567"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("098765 43210", "IN", "+919876543210"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("082 123 4567", "ZA", "+27821234567"),
        ("050 123 4567", "AE", "+971501234567"),
        ("٠٥٠١٢٣٤٥٦٧", "AE", "+971501234567"),
        ("6123 4567", "SG", "+6561234567"),
        ("06 30 123 4567", "HU", "+36301234567"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("040 1234567", "FI", "+358401234567"),
        ("612 345 678", "ES", "+34612345678"),
    ],
)
def test_national_form_is_read_in_its_region(text: str, region: str, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number
    assert read_phone(text, None, POSSIBLE).number is None
    assert not is_international(text)


@pytest.mark.parametrize("text", ["+1 415 555 0132 x99", "+1 415 555 0132 ext. 99", "tel:+1-415-555-0132;ext=99"])
def test_an_extension_is_dropped(text: str) -> None:
    assert read_phone(text, None, POSSIBLE).number == "+14155550132"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "0",
        "00",
        "n/a",
        "unknown",
        "jane1234567@example.com",
        "555-0132",  # no area code: can't be called from abroad
        "911",
        "+1 415 555",
        "+1 415 555 0132 0132",
        "+999 123456789",
        "+0 415 555 0132",
        "(415) 555-0132 / (415) 555-0133",
        "1" * 64,
        "a1" * 32,
        "+1" + " " * 300 + "4155550132",
    ],
)
@pytest.mark.parametrize("region", [None, "US"])
def test_what_is_no_number_is_refused(text: str, region: str | None) -> None:
    assert read_phone(text, region, POSSIBLE).number is None


def test_a_region_without_numbers_of_its_own_leaves_the_international_form() -> None:
    assert read_phone("415 555 0132", "AQ", POSSIBLE).number is None
    assert read_phone("415 555 0132", "nowhere", POSSIBLE).number is None


def test_the_valid_check_asks_for_a_range_in_use() -> None:
    assert read_phone("+1 111 555 0132", None, POSSIBLE).number == "+11115550132"
    assert read_phone("+1 111 555 0132", None, VALID).number is None
    assert read_phone("+1 415 555 0132", None, VALID).number == "+14155550132"


def test_a_double_zero_that_makes_no_sense_abroad_is_read_in_the_region() -> None:
    assert read_phone("0044 20 7946 0958", "JP", POSSIBLE).number == "+442079460958"
    assert read_phone("0011 44 20 7946 0958", "AU", POSSIBLE).number == "+442079460958"


def test_a_trunk_prefix_that_stands_there_twice_is_taken_off_twice() -> None:
    assert read_phone("+49 0 0151 23456789", None, POSSIBLE).number == "+4915123456789"
    assert read_phone("+44 0000000 20 7946 0", None, POSSIBLE).number is None


def test_a_number_longer_than_e_164_allows_is_refused() -> None:
    assert phonenumbers.is_possible_number(phonenumbers.parse("+81 1234567890123456"))
    assert read_phone("+81 1234567890123456", None, POSSIBLE).number is None


EXAMPLES = [
    (region, example)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (example := phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)) is not None
]


@pytest.mark.parametrize(("region", "example"), EXAMPLES, ids=[region for region, _ in EXAMPLES])
def test_a_mobile_number_of_every_region_is_read_in_every_form(region: str, example: phonenumbers.PhoneNumber) -> None:
    formats = phonenumbers.PhoneNumberFormat
    expected = phonenumbers.format_number(example, formats.E164)
    for form in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL, formats.RFC3966):
        written = phonenumbers.format_number(example, form)
        assert read_phone(written, region, VALID).number == expected, form
    assert read_phone("00" + expected[1:], region, VALID).number == expected
    assert read_phone("00" + expected[1:], None, POSSIBLE).number == expected
    assert read_phone(expected, None, POSSIBLE).number == expected
