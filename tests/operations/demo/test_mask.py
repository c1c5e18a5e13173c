from __future__ import annotations

import pytest

from consumer.operations.demo.mask import masked, printable


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ("jane.doe@example.com", "j***@example.com"),
        ("+14155550132", "+14***32"),
        ("", ""),
        ("a@a-very-long-domain.example.com", "a***@a-very-long-domain…"),
    ],
    ids=["email", "phone", "nobody", "long"],
)
def test_an_identity_is_masked(identity: str, shown: str) -> None:
    assert masked(identity) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Signed Up", "Signed Up"), ("a\x1b[2Jb\nc\x9bd", "a[2Jbcd"), ("x" * 40, "x" * 23 + "…")],
    ids=["plain", "escape sequences", "long"],
)
def test_a_text_from_a_record_cant_steer_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
