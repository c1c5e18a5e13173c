"""What is read of phonenumbers' own metadata."""

from __future__ import annotations

import phonenumbers
import pytest

from consumer.enrolment.numbering_plan import Number, _closing, _first_digits


@pytest.mark.parametrize(
    ("pattern", "digits"),
    [
        pytest.param("12", "1", id="a digit"),
        pytest.param("[2-4]5", "234", id="a class"),
        pytest.param("1|[89]0", "189", id="alternatives"),
        pytest.param("(?:2|3)4", "23", id="a group"),
        pytest.param("(?:1|2)?3", "123", id="a group that may be missing"),
        pytest.param("6?7", "67", id="a digit that may be missing"),
        pytest.param("6{0,2}7", "67", id="a digit that may be missing, counted"),
        pytest.param("6?", "6", id="nothing behind it"),
        pytest.param("$1", "", id="nothing that is known"),
    ],
)
def test_the_digits_that_a_match_can_begin_with(pattern: str, digits: str) -> None:
    assert _first_digits(pattern) == set(digits)


def test_a_group_that_is_not_closed_ends_with_the_pattern() -> None:
    assert _closing("(?:12") == len("(?:12")


@pytest.mark.parametrize("national", ["236618300", "0236618300", "00236618300"])
def test_leading_zeros_stay_in_the_parsed_number(national: str) -> None:
    written = phonenumbers.format_number(Number("39", national).parsed, phonenumbers.PhoneNumberFormat.E164)
    assert written == f"+39{national}"
