from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.number_text import shown_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2000.0, "2,000"),
        (1e9, "1,000,000,000"),
        (12.34, "12.3"),
        (0.5, "0.5"),
        (0.01234, "0.0123"),
        (0, "0"),
    ],
)
def test_a_number_is_written_as_people_write_it(number: float, text: str) -> None:
    assert shown_number(number) == text


def test_no_limit_is_printed_as_text() -> None:
    assert shown_number(math.inf) == "unlimited"


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_no_number_is_written_as_a_power_and_each_is_close(number: float) -> None:
    text = shown_number(number)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(number, rel=0.006)
