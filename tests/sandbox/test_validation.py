from __future__ import annotations

import pytest

from consumer.sandbox import answers
from consumer.sandbox.answers import SandboxResponse
from consumer.sandbox.app import checked_fields


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
