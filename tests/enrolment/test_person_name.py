"""First and last names out of one text."""

from __future__ import annotations

import pytest

from consumer.enrolment.person_name import split_name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Cher", "Cher", ""),
        ("李小龍", "李小龍", ""),
        ("Doe, Jane", "Jane", "Doe"),
        ("Doe,Jane", "Jane", "Doe"),
        ("van Beethoven, Ludwig", "Ludwig", "van Beethoven"),
        ("García Márquez, Gabriel José", "Gabriel José", "García Márquez"),
        ("山田，太郎", "太郎", "山田"),
        ("Doe, Jane, Jr.", "Jane", "Doe Jr."),
        ("Doe, Jr., Jane", "Jane", "Doe Jr."),
        ("Jane Doe, Jr.", "Jane", "Doe, Jr."),
        ("Jane Doe, PhD", "Jane", "Doe, PhD"),
        ("Jane Doe Jr.", "Jane", "Doe Jr."),
        ("Martin Luther King, Jr", "Martin", "Luther King, Jr"),
        ("Doe,", "Doe", ""),
        (", Jane", "Jane", ""),
        ("Doe, Jane, Leeds", "Doe,", "Jane, Leeds"),
        ("", "", ""),
        (",", "", ""),
    ],
)
def test_a_name_is_split(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)
