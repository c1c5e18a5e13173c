"""The short cut reads numbers just as phonenumbers does."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.international import parse_international

CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)).map(str)
FORMATTED = st.lists(st.tuples(st.sampled_from("0123456789"), st.sampled_from(["", "", "", " ", "-", ".", "(", ")"])))


@given(code=CODES, national=FORMATTED)
def test_what_it_reads_it_reads_as_phonenumbers_does(code: str, national: list[tuple[str, str]]) -> None:
    text = f"+{code}" + "".join(digit + sign for digit, sign in national)
    number = parse_international(text)
    if number is not None:
        assert number == phonenumbers.parse(text)


def test_it_takes_the_usual_numbers() -> None:
    for text in ("+1 (415) 555-0132", "+442079460958", "+49 151 23456789", "+852 5123 4567"):
        assert parse_international(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "4155550132",
        "+1 415 555 0132 x5",
        "+1415",
        "+1415555013245678",
        "+999 1234567",
        "+44 0207 946 0958",
        "+39 06 1234567",
        "+7 8 912 345 67 89",
    ],
    ids=["national", "extension", "short", "long", "unknown", "trunk", "zero", "prefix"],
)
def test_it_leaves_what_only_phonenumbers_can_tell(text: str) -> None:
    assert parse_international(text) is None
