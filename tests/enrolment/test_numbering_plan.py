"""What a numbering plan can have."""

from __future__ import annotations

import phonenumbers
import pytest

from consumer.enrolment.numbering_plan import Number, can_be, first_digits


@pytest.mark.parametrize(
    "number",
    [
        Number("1", "4155550132"),
        Number("1", "2225550132"),  # a new area code
        Number("39", "061234567"),
        Number("44", "2079460958"),
    ],
    ids=str,
)
def test_a_number_of_the_plan_in_use_or_not_can_be(number: Number) -> None:
    assert can_be(number)


@pytest.mark.parametrize(
    "number",
    [
        Number("1", "0155550132"),
        Number("1", "1155550132"),
        Number("1", "4150550132"),
        Number("1", "4151550132"),
        Number("1", "9115550132"),
        Number("1", "5550132"),
        Number("1", "8888888888"),
        Number("44", "4155550132"),
        Number("49", "01512345678"),
        Number("49", "151234567890123"),
    ],
    ids=str,
)
def test_a_number_that_no_plan_has_can_not_be(number: Number) -> None:
    assert not can_be(number)


@pytest.mark.parametrize("e164", ["+14155550132", "+39061234567", "+390061234567"])
def test_a_number_is_what_phonenumbers_parses(e164: str) -> None:
    parsed = phonenumbers.parse(e164)
    number = Number(str(parsed.country_code), phonenumbers.national_significant_number(parsed))
    assert number.parsed == parsed
    assert number.e164 == e164


@pytest.mark.parametrize(
    ("pattern", "digits"),
    [
        (r"[2-9]\d{9}|3\d{6}", "23456789"),
        (r"(?:1|[35]\d)\d{3}|8", "1358"),
        (r"(?:0(?:1|2)|4)\d", "04"),
        (r"0?[12]\d", "012"),
        (r"(?:0|1){0,2}7", "017"),
        (r"\d{6,8}", "0123456789"),
        (r"(?!)", ""),
        (r"1?", "0123456789"),
    ],
)
def test_the_first_digits_of_a_pattern(pattern: str, digits: str) -> None:
    assert first_digits(pattern) == set(digits)


@pytest.mark.parametrize("national", ["236618300", "0236618300", "00236618300"])
def test_leading_zeros_stay_in_the_parsed_number(national: str) -> None:
    written = phonenumbers.format_number(Number("39", national).parsed, phonenumbers.PhoneNumberFormat.E164)
    assert written == f"+39{national}"
