"""JSON pointers, with the examples of RFC 6901, section 5."""

from __future__ import annotations

import pytest

from consumer.enrolment.pointer import Pointer

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
