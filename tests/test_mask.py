from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.mask import masked, masked_text, printable, without_identities


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ("jane.doe@example.com", "j***@example.com"),
        ("j@example.com", "***@example.com"),
        ("+14155550132", "+1415***0132"),
        ("+2902255123", "+29***23"),
        ("+290225", "***"),
        ("", ""),
        ("a@a-very-long-domain.example.com", "***@a-very-long-domain.…"),
    ],
    ids=["email", "email of one letter", "phone", "short phone", "very short phone", "nobody", "long"],
)
def test_an_identity_is_masked(identity: str, shown: str) -> None:
    assert masked(identity) == shown


@given(st.integers(7, 15).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_at_least_three_digits_of_a_number_are_hidden(digits: str) -> None:
    number = f"+{digits}"
    assert len(number) - len(masked(number).replace("***", "")) >= 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Jane", "J***"), ("J", "***"), ("", "***"), ("\x1bJane", "J***"), ("李小龍", "李***")],
    ids=["name", "one letter", "empty", "escape", "name in Chinese"],
)
def test_of_any_other_value_a_letter_is_left(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Signed Up", "Signed Up"),
        ("Step 12 of 40", "Step 12 of 40"),
        ("mail jane.doe@example.com", "mail ***"),
        ("call +1 (415) 555-0132 now", "call *** now"),
        ("order 123456", "order ***"),
    ],
)
def test_a_name_of_an_event_gives_no_identity_away(text: str, shown: str) -> None:
    assert without_identities(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Signed Up", "Signed Up"), ("a\x1b[2Jb\nc\x9bd", "a[2Jbcd"), ("x" * 40, "x" * 23 + "…")],
    ids=["plain", "escape sequences", "long"],
)
def test_a_text_from_a_record_cant_steer_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
