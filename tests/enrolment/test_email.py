"""Which texts are email addresses, and how they are sent."""

from __future__ import annotations

import pytest

from consumer.enrolment.email import read_email


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("jane@example.com", "jane@example.com"),
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("jane+news@mail.example.co.uk", "jane+news@mail.example.co.uk"),
        ("o'brien_1@example-shop.io", "o'brien_1@example-shop.io"),
        ("1@2.example", "1@2.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("Jane@BÜCHER.example", "jane@bücher.example"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"),
        ("Jane Doe <Jane@Example.com>", "jane@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
    ],
)
def test_an_address_is_lowercased(text: str, email: str) -> None:
    assert read_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "jane@",
        "@example.com",
        "jane@example",
        "jane@@example.com",
        "jane@doe@example.com",
        "jane doe@example.com",
        "jane@exam ple.com",
        "jane@example..com",
        "jane@example.com.",
        "jane@.example.com",
        "jane@-example.com",
        "jane@example-.com",
        "jane@127.0.0.1",
        "jane@[127.0.0.1]",
        ".jane@example.com",
        "jane.@example.com",
        "jane..doe@example.com",
        '"jane"@example.com',
        "jane@example.com, john@example.com",
        "jane\u3000doe@example.com",
        "a" * 65 + "@example.com",
        "jane@" + "a" * 64 + ".com",
        "jane@" + "a.b" * 100 + ".com",
        "a1" * 32,
        "+14155550132",
        "<>",
        ">",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert read_email(text) is None
