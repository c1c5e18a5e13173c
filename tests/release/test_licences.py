from __future__ import annotations

from email.message import Message

import pytest

from tests.release.licences import UNKNOWN, Shipped, allowed, shipped, table


def metadata(*classifiers: str, **fields: str) -> Message:
    found = Message()
    for name, value in {"Name": "a", "Version": "1", **fields}.items():
        found[name.replace("_", "-")] = value
    for classifier in classifiers:
        found["Classifier"] = f"License :: OSI Approved :: {classifier}"
    return found


@pytest.mark.parametrize(
    ("given", "licence"),
    [
        pytest.param(
            metadata(License_Expression="MIT", License="GPL-3.0-only"), "MIT", id="the expression comes first"
        ),
        pytest.param(metadata("MIT License", License="ISC License"), "ISC", id="then the field"),
        pytest.param(metadata("MIT License", License="see the file"), "MIT", id="a field that is no licence"),
        pytest.param(metadata("MIT License", "Apache Software License"), "MIT AND Apache-2.0", id="each classifier"),
        pytest.param(metadata("Some Licence"), UNKNOWN, id="a classifier that nobody knows"),
        pytest.param(metadata(License="MIT AND ("), UNKNOWN, id="a broken expression"),
        pytest.param(metadata(), UNKNOWN, id="nothing"),
    ],
)
def test_a_licence_is_read_from_the_metadata(given: Message, licence: str) -> None:
    assert shipped(given) == Shipped("a", "1", licence)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)", True),
        ("Apache-2.0 WITH LLVM-exception", False),
        (UNKNOWN, False),
        ("", False),
    ],
)
def test_a_licence_is_judged(expression: str, expected: bool) -> None:
    assert allowed(expression) == expected


def test_what_may_not_be_shipped_is_marked() -> None:
    assert table([Shipped("b", "2", "GPL-3.0-only"), Shipped("A", "1", "MIT")]) == (
        "  A 1: MIT\n  b 2: GPL-3.0-only  <- not on the list\n"
    )
