"""Where an event is found in a record, and the rules of enrolment."""

from __future__ import annotations

import pytest

from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.rules import Rules

DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
    "~1": 9,
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/foo/1", "baz"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/~01", 9),
    ],
)
def test_a_pointer_finds_its_value(text: str, found: object) -> None:
    assert Pointer.parse(text).find(DOCUMENT) == found


def test_the_empty_pointer_is_the_whole_document() -> None:
    assert Pointer.parse("").find(DOCUMENT) is DOCUMENT


@pytest.mark.parametrize("text", ["/bar", "/foo/2", "/foo/-", "/foo/01", "/foo/x", "/foo/0/x", "/foo/²", "//x"])
def test_nothing_is_found_where_nothing_is(text: str) -> None:
    assert Pointer.parse(text).find(DOCUMENT) is None


@pytest.mark.parametrize("text", ["foo", "#/foo", "/~", "/~2", "/a~"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        Pointer.parse(text)


# Settings as people write them, and the rules made of them.


def test_the_preset_enrols_on_signed_up_and_identify() -> None:
    rules = Rules.of()
    assert rules.events == {"signedup", "identify", "identified"}
    assert (rules.default_region, rules.phone_check, rules.event_path) == (None, PhoneCheck.POSSIBLE, None)


def test_names_of_events_lose_case_white_space_and_separators() -> None:
    assert Rules.of(events=["  Signed-Up ", "TRIAL_Started", "-", ""]).events == {"signedup", "trialstarted"}


@pytest.mark.parametrize("name", ["Identify", "identified"])
def test_either_spelling_of_identify_means_both(name: str) -> None:
    assert Rules.of(events=[name]).events == {"identify", "identified"}


def test_the_default_region_is_written_in_capitals() -> None:
    assert Rules.of(default_region=" de ").default_region == "DE"
    assert Rules.of(default_region="").default_region is None


def test_an_empty_event_path_is_none() -> None:
    assert Rules.of(event_path="").event_path is None


def test_a_wrong_event_path_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        Rules.of(event_path="payload.event")
