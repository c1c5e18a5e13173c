"""What the sandbox takes of a call, and how it validates a contact."""

from __future__ import annotations

import pytest

from consumer.sandbox import answers
from consumer.sandbox.answers import SandboxResponse
from consumer.sandbox.app import checked_fields
from consumer.sandbox.call import Call


@pytest.mark.parametrize(
    "contact",
    [
        pytest.param({"email": "jane.doe@example.com"}, id="email alone"),
        pytest.param({"phone_number": "+14155550132"}, id="phone alone"),
        pytest.param({"fax_number": "+14155550132"}, id="fax alone"),
        pytest.param({"email": "jane.doe@example.com", "phone_number": ""}, id="empty phone"),
        pytest.param({"email": "jane.doe@example.com", "nickname": 5}, id="a field that ClickSend doesn't have"),
        pytest.param({"phone_number": "+123456789012345"}, id="fifteen digits"),
    ],
)
def test_a_contact_with_one_identity_is_taken(contact: dict[str, object]) -> None:
    assert isinstance(checked_fields(contact), dict)


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        pytest.param([{"email": "jane.doe@example.com"}], answers.NOT_AN_OBJECT, id="array"),
        pytest.param("jane.doe@example.com", answers.NOT_AN_OBJECT, id="string"),
        pytest.param({}, answers.NO_IDENTITY, id="empty"),
        pytest.param({"first_name": "Jane", "email": ""}, answers.NO_IDENTITY, id="no identity"),
        pytest.param({"email": "a@example.com", "first_name": None}, answers.NOT_A_STRING, id="null"),
        pytest.param({"email": "a@example.com", "address_postal_code": 94107}, answers.NOT_A_STRING, id="number"),
        pytest.param({"email": "a@example.com", "address_line_1": {"city": "X"}}, answers.NOT_A_STRING, id="object"),
        pytest.param({"phone_number": "(415) 555-0132"}, answers.BAD_PHONE, id="national phone"),
        pytest.param({"phone_number": "14155550132"}, answers.BAD_PHONE, id="no plus"),
        pytest.param({"phone_number": "+04155550132"}, answers.BAD_PHONE, id="leading zero"),
        pytest.param({"phone_number": "+1234567890123456"}, answers.BAD_PHONE, id="sixteen digits"),
        pytest.param({"phone_number": "+14155550132\n"}, answers.BAD_PHONE, id="trailing newline"),
        pytest.param({"email": "a@example.com", "phone_number": "5"}, answers.BAD_PHONE, id="good email, bad phone"),
    ],
)
def test_what_clicksend_would_not_take_is_refused(payload: object, refusal: SandboxResponse) -> None:
    assert checked_fields(payload) == refusal


def test_unknown_and_empty_fields_are_left_out() -> None:
    contact = {"email": "a@example.com", "first_name": "", "nickname": "J"}
    assert checked_fields(contact) == {"email": "a@example.com"}


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
