"""ClickSend's routes, called without a socket."""

from __future__ import annotations

import json
import tracemalloc
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.limiter import RateLimit, RetryAfter
from consumer.sandbox.options import Account, UnknownList
from consumer.sandbox.store import DuplicateContacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.sandbox.answers import SandboxResponse
    from tests.sandbox.conftest import MakeCall, PureClient

    Pure = Callable[..., PureClient]

CONTACTS = "/v3/lists/428/contacts"


def body(answer: SandboxResponse) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(answer.body)
    assert list(decoded) == ["http_code", "response_code", "response_msg", "data"]
    assert decoded["http_code"] == answer.status
    return decoded


def test_a_new_contact_is_answered_as_clicksend_answers_it(pure: Pure, jane: dict[str, str]) -> None:
    answer = pure().post(jane, now=1_700_000_000.9)
    assert answer.status == 200
    assert body(answer) == {
        "http_code": 200,
        "response_code": "SUCCESS",
        "response_msg": "New contact has been created.",
        "data": {
            "contact_id": 1,
            "list_id": 428,
            "phone_number": "+14155550132",
            "email": "jane.doe@example.com",
            "fax_number": None,
            "first_name": "Jane",
            "last_name": None,
            "organization_name": None,
            "address_line_1": None,
            "address_line_2": None,
            "address_city": None,
            "address_state": None,
            "address_postal_code": None,
            "address_country": None,
            "custom_1": None,
            "custom_2": None,
            "custom_3": None,
            "custom_4": None,
            "date_added": 1_700_000_000,
            "date_updated": 1_700_000_000,
            "_list_name": "Sandbox list 428",
        },
    }


@pytest.mark.parametrize(
    ("duplicates", "status", "code", "message"),
    [
        (DuplicateContacts.UPSERT, 200, "SUCCESS", "Contact has been updated."),
        (DuplicateContacts.SECOND_ROW, 200, "SUCCESS", "New contact has been created."),
        (DuplicateContacts.ALREADY_EXISTS, 400, "ALREADY_EXISTS", "The contact already exists in the list."),
    ],
)
def test_a_known_contact_is_answered_as_the_option_says(
    pure: Pure, jane: dict[str, str], duplicates: DuplicateContacts, status: int, code: str, message: str
) -> None:
    client = pure(duplicates=duplicates)
    client.post(jane)
    answer = client.post(jane)
    assert (answer.status, body(answer)["response_code"], body(answer)["response_msg"]) == (status, code, message)


@pytest.mark.parametrize(
    ("sent", "content_type", "code", "message"),
    [
        pytest.param(b"{", "application/json", "BAD_REQUEST", "JSON", id="not JSON"),
        pytest.param(b"", "application/json", "BAD_REQUEST", "JSON", id="no body"),
        pytest.param({"email": "a@example.com"}, "text/plain", "BAD_REQUEST", "Content-Type", id="not called JSON"),
        pytest.param(["a@example.com"], "application/json", "BAD_REQUEST", "object", id="array"),
        pytest.param({}, "application/json", "MISSING_REQUIRED_FIELDS", "phone_number, email", id="no identity"),
        pytest.param({"email": ["a"]}, "application/json", 400, "preg_replace()", id="not a string"),
        pytest.param({"phone_number": "5"}, "application/json", "BAD_REQUEST", "E.164", id="bad phone"),
    ],
)
def test_a_bad_contact_is_a_400(pure: Pure, sent: object, content_type: str, code: str | int, message: str) -> None:
    answer = pure().ask("POST", CONTACTS, sent, content_type=content_type)
    decoded = body(answer)
    assert (answer.status, decoded["response_code"], decoded["data"]) == (400, code, None)
    assert message in decoded["response_msg"]


def test_a_content_type_may_name_its_charset(pure: Pure, jane: dict[str, str]) -> None:
    assert pure().ask("POST", CONTACTS, jane, content_type="application/json; charset=utf-8").status == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic c2FuZGJveDp3cm9uZw==", "Bearer sandbox", "Basic c2FuZGJveDpzYW5kYm94 "],
    ids=["none", "no credentials", "wrong key", "other scheme", "a stray space"],
)
@pytest.mark.parametrize("path", [CONTACTS, "/v3/lists/428", "/v3/lists", "/v3/account", "/v3/nothing"])
def test_wrong_credentials_are_a_401_on_every_route(pure: Pure, path: str, authorization: str) -> None:
    answer = pure().ask("GET", path, authorization=authorization)
    assert (answer.status, body(answer)["response_code"]) == (401, "UNAUTHORIZED")


def test_credentials_can_change_while_it_runs(pure: Pure) -> None:
    client = pure()
    client.app.set_credentials("sandbox", "another")
    assert client.ask("GET", "/v3/account").status == 401
    client.app.set_credentials("sandbox", "sandbox")
    assert client.ask("GET", "/v3/account").status == 200


@pytest.mark.parametrize(
    ("unknown_list", "status", "code"),
    [(UnknownList.FORBIDDEN, 403, "FORBIDDEN"), (UnknownList.NOT_FOUND, 404, "NOT_FOUND")],
)
@pytest.mark.parametrize("list_id", ["429", "x", "4280", "9" * 5000, "\u0664\u0662\u0668"])
def test_a_list_that_is_not_ours(
    pure: Pure, jane: dict[str, str], list_id: str, unknown_list: UnknownList, status: int, code: str
) -> None:
    client = pure(unknown_list=unknown_list)
    for method, path in (("POST", f"/v3/lists/{list_id}/contacts"), ("GET", f"/v3/lists/{list_id}")):
        answer = client.ask(method, path, jane)
        assert (answer.status, body(answer)["response_code"]) == (status, code)


def test_a_contact_is_updated_by_its_id(pure: Pure, jane: dict[str, str]) -> None:
    client = pure()
    client.post(jane)
    answer = client.ask("PUT", f"{CONTACTS}/1", {**jane, "first_name": "Janet"})
    assert (answer.status, body(answer)["data"]["first_name"]) == (200, "Janet")


@pytest.mark.parametrize(
    "path", [f"{CONTACTS}/2", f"{CONTACTS}/x", f"{CONTACTS}/{'9' * 5000}", "/v3/lists/1/contacts/1"]
)
def test_an_unknown_contact_cannot_be_updated(pure: Pure, jane: dict[str, str], path: str) -> None:
    client = pure()
    client.post(jane)
    answer = client.ask("PUT", path, jane)
    assert (answer.status, body(answer)["response_msg"]) == (404, "Contact record not found.")


def test_an_update_is_checked_like_a_new_contact(pure: Pure, jane: dict[str, str]) -> None:
    client = pure()
    client.post(jane)
    assert client.ask("PUT", f"{CONTACTS}/1", {"email": None}).status == 400


def test_a_list_tells_its_name_and_size(pure: Pure, jane: dict[str, str]) -> None:
    client = pure()
    client.post(jane)
    data = body(client.ask("GET", "/v3/lists/428"))["data"]
    assert data == {"list_id": 428, "list_name": "Sandbox list 428", "_contacts_count": 1}


def test_the_lists_are_listed(pure: Pure) -> None:
    data = body(pure(list_ids=(428, 429)).ask("GET", "/v3/lists"))["data"]
    assert [row["list_id"] for row in data["data"]] == [428, 429]
    assert (data["total"], data["current_page"], data["last_page"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("query", "emails", "first", "last", "pages"),
    [
        ("", range(15), 1, 15, 2),
        ("?page=2", range(15, 20), 16, 20, 2),
        ("?page=2&limit=7", range(7, 14), 8, 14, 3),
        ("?page=9", range(0), None, None, 2),
        ("?limit=5000", range(20), 1, 20, 1),
        ("?page=0&limit=0", range(15), 1, 15, 2),
        ("?page=x&limit=-3", range(15), 1, 15, 2),
        (f"?page={'9' * 5000}", range(15), 1, 15, 2),
    ],
)
def test_a_lists_contacts_come_in_pages(
    pure: Pure, query: str, emails: range, first: int | None, last: int | None, pages: int
) -> None:
    client = pure()
    for number in range(20):
        client.post({"email": f"{number}@example.com"})
    data = body(client.ask("GET", CONTACTS + query))["data"]
    assert [row["email"] for row in data["data"]] == [f"{number}@example.com" for number in emails]
    assert (data["total"], data["from"], data["to"], data["last_page"]) == (20, first, last, pages)


def test_the_account_shows_what_the_probe_looks_at_and_no_key(pure: Pure) -> None:
    answer = pure(api_key="secret-key").ask("GET", "/v3/account", authorization="Basic c2FuZGJveDpzZWNyZXQta2V5")
    data = body(answer)["data"]
    assert (data["username"], data["active"], data["banned"]) == ("sandbox", 1, 0)
    assert (data["default_country_sms"], data["_subaccount"]["access_contacts"]) == ("US", 1)
    assert b"secret-key" not in answer.body


def test_the_account_is_as_it_was_set_up(pure: Pure) -> None:
    account = Account(active=0, banned=1, access_contacts=0, country="GB")
    data = body(pure(account=account).ask("GET", "/v3/account"))["data"]
    assert (data["active"], data["banned"], data["country"], data["default_country_sms"]) == (0, 1, "GB", "GB")
    assert data["_subaccount"]["access_contacts"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", CONTACTS, 405),
        ("POST", f"{CONTACTS}/1", 405),
        ("POST", "/v3/lists/428", 405),
        ("POST", "/v3/account", 405),
        ("GET", "/v3/sms/send", 404),
        ("GET", "/v3/", 404),
    ],
)
def test_what_it_does_not_do_it_refuses(pure: Pure, method: str, path: str, status: int) -> None:
    answer = pure().ask(method, path, {})
    assert (answer.status, body(answer)["http_code"]) == (status, status)


@pytest.mark.parametrize(
    ("form", "expected"),
    [(RetryAfter.SECONDS, "8"), (RetryAfter.DATE, "Sat, 01 Jan 2000 00:00:10 GMT"), (RetryAfter.NONE, None)],
)
def test_beyond_the_rate_limit_it_answers_429(pure: Pure, form: RetryAfter, expected: str | None) -> None:
    new_year = parsedate_to_datetime("Sat, 01 Jan 2000 00:00:00 GMT").timestamp()
    client = pure(rate_limit=RateLimit(1, 10.0, form))
    assert client.ask("GET", "/v3/account", now=new_year).status == 200
    answer = client.ask("GET", "/v3/account", now=new_year + 2.5)
    assert (answer.status, body(answer)["response_code"]) == (429, "TOO_MANY_REQUESTS")
    assert dict(answer.headers).get("Retry-After") == expected


def test_a_refused_login_costs_nothing_of_the_rate_limit(pure: Pure) -> None:
    client = pure(rate_limit=RateLimit(1, 10.0))
    client.ask("GET", "/v3/account", authorization="Basic wrong")
    assert client.ask("GET", "/v3/account").status == 200


@pytest.mark.parametrize(
    ("rule", "status", "contacts"),
    [
        pytest.param(Rule(status=503), 503, 0, id="a status instead of processing"),
        pytest.param(Rule(status=503, processed=True), 503, 1, id="processed, and denied"),
        pytest.param(Rule(delay=1.0), 200, 1, id="a delay alone"),
        pytest.param(Rule(processed=False), 500, 0, id="not processed, no status given"),
    ],
)
def test_a_fault_decides_whether_the_contact_is_stored(
    pure: Pure, jane: dict[str, str], rule: Rule, status: int, contacts: int
) -> None:
    client = pure(faults=Script((rule,)))
    assert client.post(jane).status == status
    assert len(client.app.store) == contacts


def test_a_new_script_starts_its_own_clock(pure: Pure, jane: dict[str, str]) -> None:
    client = pure(faults=Script((Rule(status=503, until=5.0),)))
    assert client.post(jane, now=6.0).status == 200
    client.app.set_faults(Script((Rule(status=502, until=5.0),)), now=100.0)
    assert client.post(jane, now=104.0).status == 502
    assert client.post(jane, now=105.0).status == 200


def test_a_reset_empties_the_lists_and_nothing_else(pure: Pure, jane: dict[str, str]) -> None:
    client = pure(faults=Script((Rule(status=503, after=10.0),)))
    client.post(jane)
    client.app.reset(now=5.0)
    assert len(client.app.store) == 0
    assert client.post(jane, now=11.0).status == 503


def test_ten_thousand_contacts_take_no_more_memory_than_a_thousand(pure: Pure, make_call: MakeCall) -> None:
    client = pure(max_contacts=500)

    def post(numbers: range) -> int:
        for number in numbers:
            contact = {"email": f"{number:05}@example.com", "phone_number": f"+1415{number:07}"}
            client.app.receive(make_call("POST", CONTACTS, contact), now=0.0)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        after_a_thousand = post(range(1_000))
        after_ten_thousand = post(range(1_000, 10_000))
    finally:
        tracemalloc.stop()
    assert (len(client.app.store), client.app.store.forgotten) == (500, 9_500)
    assert after_ten_thousand < 1.2 * after_a_thousand
