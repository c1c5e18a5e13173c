from __future__ import annotations

import pytest

from consumer.sandbox.call import Call


def call(body: bytes, target: str = "/v3/lists/428/contacts") -> Call:
    return Call.of("POST", target, {}, body)


def test_the_query_is_not_part_of_the_path() -> None:
    made = call(b"", "/v3/lists?page=2&limit=5")
    assert (made.path, made.query) == ("/v3/lists", "page=2&limit=5")


def test_a_path_with_bytes_that_are_not_utf_8_can_still_be_logged() -> None:
    assert call(b"", "/v3/\udcff").path == "/v3/\\udcff"


def test_the_contact_is_known_by_its_email_before_its_phone() -> None:
    made = call(b'{"phone_number": "+14155550132", "email": " Jane.Doe@Example.com "}')
    assert made.identities == ("jane.doe@example.com", "+14155550132")
    assert made.contact_key == "jane.doe@example.com"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[1]", b"null", b'{"email": 5, "phone_number": ""}', b"[" * 300 + b"]" * 300],
    ids=["empty", "cut", "not utf-8", "array", "null", "no identity", "nested"],
)
def test_a_body_without_an_identity_has_no_key(body: bytes) -> None:
    assert call(body).contact_key is None
