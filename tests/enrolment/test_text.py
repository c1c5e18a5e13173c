"""Text from an event's values."""

from __future__ import annotations

import pytest

from consumer.enrolment.text import clean, is_digest, phone_text, text_of, text_or_number


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Jane", "Jane"),
        ("  Jane \t\n", "Jane"),
        ("\u00a0Jane\u3000", "Jane"),
        ("Jane\x00", "Jane"),
        ("Ja\x00ne\x1b", "Jane"),
        ("Jane\r\nDoe", "Jane Doe"),
        ("Jane\u2028Doe", "Jane Doe"),
        ("\ufeff\u200bJane\u200e", "Jane"),
        ("\u202dJane\u202c", "Jane"),
        ("\u200b \u200b Jane", "Jane"),
        ("\x00\x01", ""),
        ("Mary  Jane", "Mary  Jane"),
        ("می‌خواهم", "می‌خواهم"),
        ("José 李 👩‍🚀", "José 李 👩‍🚀"),
    ],
)
def test_text_loses_what_nobody_sees(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("value", [None, "", " \n", "\x00", [], {}])
def test_blank_values_count_as_absent(value: object) -> None:
    assert text_of(value) == ""
    assert text_or_number(value) == ""


@pytest.mark.parametrize("value", [True, False, ["Jane"], {"a": 1}, 1.5, float("inf"), 2.0**60])
def test_other_types_are_no_text(value: object) -> None:
    assert text_of(value) is None
    assert text_or_number(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(14155550132, "14155550132"), (14155550132.0, "14155550132"), (0, "0"), (-1, "-1"), (2**63, str(2**63))],
)
def test_whole_numbers_are_text_only_where_they_may_be(value: object, text: str) -> None:
    assert text_or_number(value) == text
    assert text_of(value) is None


@pytest.mark.parametrize(
    ("text", "looks_like_one"),
    [("a1" * 32, True), ("A1" * 32, True), ("0" * 64, True), ("a1" * 31, False), ("g1" * 32, False)],
)
def test_a_digest_is_64_hexadecimal_digits(text: str, looks_like_one: bool) -> None:
    assert is_digest(text) is looks_like_one


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" 14155550132", " 14155550132"),
        ("  14155550132 ", "14155550132"),
        ("\t14155550132", "14155550132"),
        (" +14155550132", "+14155550132"),
        (" " + "12" * 32, "12" * 32),
        ("  ", ""),
        (14155550132, "14155550132"),
        ([], ""),
        (True, None),
    ],
)
def test_a_space_that_may_have_been_a_plus_stays_before_a_phone_number(value: object, text: str | None) -> None:
    assert phone_text(value) == text
