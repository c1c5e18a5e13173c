from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import Meta

from consumer.errors import ConfigurationError, Problem
from consumer.settings.field import Checked, EachChecked, Earlier, Fits, Reads
from consumer.settings.reading import read_section
from consumer.settings.section import Section
from consumer.settings.values import Secret, SettingError, comma_separated


def even(number: int) -> int:
    if number % 2:
        raise SettingError("is odd", "Use an even one")
    return number


def capital(name: str) -> str:
    if not name[0].isupper():
        raise SettingError(f"has a name of {len(name)} letters that is no capital's", "Use capitals")
    return name


def last_of_them(name: str, earlier: Earlier) -> str:
    return name or earlier.get("names", ("nobody",))[-1]


class Example(Section, frozen=True):
    """A section with a setting of each kind."""

    number: Annotated[int, Meta(ge=0, le=2**63 - 1), "how many", Checked(even)] = 2
    share: Annotated[float, Meta(gt=0, le=10), "how much"] = 1
    switch: Annotated[bool, "whether"] = False
    names: Annotated[tuple[str, ...], Reads(comma_separated), EachChecked(capital), Meta(min_length=1), "who"] = (
        "Ann",
    )
    last: Annotated[str, "the last one", Fits(last_of_them)] = ""
    key: Annotated[Secret | None, "a password"] = None


def read(**given: object) -> Example:
    return read_section(Example, given)


def problems(**given: object) -> list[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        read(**given)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12), (" 12 ", 12), ("+12", 12), ("012", 12), ("1_000", 1000), ("12.0", 12), (12.0, 12), ("-0", 0)],
)
def test_a_whole_number_is_read_from_text_and_from_the_file(value: object, number: int) -> None:
    assert read(number=value).number == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1.5",
        "12.",
        "1e3",
        "1__0",
        "_1",
        "0x10",
        "1 0",
        "\u0661\u0662",
        "9" * 5000,
        "null",
        1.5,
        True,
        None,
        [1],
        {},
    ],
)
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    (found,) = problems(number=value)
    assert found.name == "EXAMPLE_NUMBER"


@pytest.mark.parametrize(("value", "share"), [("0.5", 0.5), (".5", 0.5), ("5.", 5), ("1e-1", 0.1), (5, 5), ("5", 5)])
def test_a_number_is_read_from_text_and_from_the_file(value: object, share: float) -> None:
    found = read(share=value).share
    assert (type(found), found) == (float, share)


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "1e999", "\u0665", float("nan"), float("inf"), 10**400, "0", "10.1", False, "none"]
)
def test_what_is_no_number_within_the_limits_is_refused(value: object) -> None:
    (found,) = problems(share=value)
    assert found.name == "EXAMPLE_SHARE"


@pytest.mark.parametrize("value", ["true", "T", "yes", "Y", "on", "1", True, 1, 1.0])
def test_a_switch_is_on(value: object) -> None:
    assert read(switch=value).switch is True


@pytest.mark.parametrize("value", ["false", "F", "no", "N", "off", "0", False, 0, -0.0])
def test_a_switch_is_off(value: object) -> None:
    assert read(switch=value).switch is False


@pytest.mark.parametrize("value", ["maybe", "", 2, 0.5, [], {"a": 1}, "null"])
def test_what_is_neither_on_nor_off_is_refused(value: object) -> None:
    assert problems(switch=value) == [
        Problem("EXAMPLE_SWITCH", "is not true or false", "Set it to true or false: whether")
    ]


def test_every_part_of_a_list_is_checked_and_equal_problems_are_told_once() -> None:
    assert [problem.what for problem in problems(names="Ann,bob,eve,max,jo")] == [
        "has a name of 3 letters that is no capital's",
        "has a name of 2 letters that is no capital's",
    ]


def test_a_setting_is_completed_by_the_valid_ones_before_it() -> None:
    assert read(names="Ann,Eve").last == "Eve"
    assert read().last == "Ann"
    assert [problem.name for problem in problems(names="eve")] == ["EXAMPLE_NAMES"]


def test_what_no_default_filled_in_is_told_apart() -> None:
    assert read(switch=False, number=2).given == {"switch", "number"}


def test_a_secret_is_shown_only_where_it_is_asked_for_by_name() -> None:
    found = read(key="s3cret").key
    assert found is not None
    assert found.reveal() == "s3cret"
    assert not [text for text in (str(found), repr(found), f"{found}", repr(read(key="s3cret"))) if "s3cret" in text]
    assert (found == Secret("s3cret"), found == Secret("other"), found == "s3cret") == (True, False, False)
    assert len({found, Secret("s3cret")}) == 1
