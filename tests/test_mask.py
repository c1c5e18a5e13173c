from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.mask import masked, masked_text, printable, without_identities
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth, repeated


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
def test_other_values_are_reduced_to_their_first_character(text: str, shown: str) -> None:
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("+4\u200b4 \u200b7\u200b9\u200b4\u200b6\u200b3\u200b0", "***", id="number with joints unseen"),
        pytest.param("jane\u00a0.doe@example.com", "***", id="address with a space that is not printed"),
        pytest.param("x " * 500 + "jane.doe" + "x" * 30 + "@example.com", None, id="address at the cut"),
        pytest.param("x " * 506 + "+44 7946 30 55 66", None, id="number at the cut"),
        pytest.param("a" * 2000 + "@example.com", "***", id="address longer than what is looked at"),
        pytest.param("\ud800\udfff", "", id="surrogates"),
    ],
)
def test_a_text_of_any_kind_and_length_gives_no_identity_away(text: str, shown: str | None) -> None:
    found = without_identities(text, longest=2000)
    assert not any(part in found for part in ("jane", "doe", "7946", "example"))
    assert shown is None or found == shown


def test_what_is_too_long_for_an_identity_is_hidden() -> None:
    assert masked("a" * 320 + "@example.com") == "***"


@pytest.mark.parametrize("cut", [masked, masked_text, without_identities, printable], ids=lambda each: each.__name__)
@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERN_IDS)
def test_a_text_of_a_megabyte_costs_what_its_beginning_costs(cut: Callable[[str], str], pattern: str) -> None:
    assert growth(cut, partial(repeated, pattern)) <= MOST_GROWTH
