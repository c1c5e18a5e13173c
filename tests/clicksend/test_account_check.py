from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from consumer.clicksend.account_check import AccountCheck
from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.conftest import ADAPTERS
from tests.clicksend.expected import NOW
from tests.clicksend.scripted_server import ScriptedServer, answer, reply
from tests.kafka.apache import free_ports

ACCOUNT = b'{"http_code":200,"response_code":"SUCCESS","data":{"active":1}}'
DATED = "Date: Sun, 29 Mar 2026 01:30:00 GMT"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer().running() as running:
        yield running


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
def account_check(server: ScriptedServer, request: pytest.FixtureRequest) -> Iterator[AccountCheck]:
    endpoint, timeouts = Endpoint(f"{server.url}/v3", 42), Timeouts(connect=60, read=60, total=120)
    made = AccountCheck(endpoint, timeouts, Credentials("jane", "key"), request.param(Trust()))
    yield made
    made.close()


def test_the_account_and_the_list_are_asked_for_with_the_credentials(
    server: ScriptedServer, account_check: AccountCheck
) -> None:
    server.script(reply(answer("200 OK", ACCOUNT)), reply(answer("200 OK", ACCOUNT)))
    assert account_check.account(NOW).data == account_check.contact_list(NOW).data == {"active": 1}
    heads = [request.decode().split("\r\n") for request in server.requests]
    assert [head[0] for head in heads] == ["GET /v3/account HTTP/1.1", "GET /v3/lists/42 HTTP/1.1"]
    assert all("Authorization: Basic amFuZTprZXk=" in head for head in heads)


def test_the_servers_clock_is_read(server: ScriptedServer, account_check: AccountCheck) -> None:
    server.script(reply(answer("200 OK", ACCOUNT, DATED)))
    assert account_check.account(NOW).date == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("header", ["Date: yesterday", "Date: "])
def test_a_clock_that_tells_no_time_is_no_clock(
    server: ScriptedServer, account_check: AccountCheck, header: str
) -> None:
    server.script(reply(answer("200 OK", ACCOUNT, header)))
    view = account_check.account(NOW)
    assert (view.seen, view.date) == (True, None)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":[]}', b'{"data":null}'])
def test_an_answer_without_data_has_none(server: ScriptedServer, account_check: AccountCheck, body: bytes) -> None:
    server.script(reply(answer("200 OK", body)))
    view = account_check.account(NOW)
    seen = body not in (b"<html>", b"[]")  # only ClickSend's JSON shows what was asked for
    assert (view.seen, view.data) == (seen, {})


def test_a_refusal_is_classified_as_the_worker_would(server: ScriptedServer, account_check: AccountCheck) -> None:
    server.script(reply(answer("401 Unauthorized", b"{}")))
    view = account_check.account(NOW)
    assert (view.seen, view.outcome.result, view.outcome.status) == (False, Result.CONFIGURATION_FAULT, 401)


def test_a_redirect_is_not_followed_since_the_credentials_would_go_with_it(
    server: ScriptedServer, account_check: AccountCheck
) -> None:
    server.script(reply(answer("302 Found", b"", f"Location: {server.url}/elsewhere")))
    assert account_check.account(NOW).outcome.status == 302
    assert len(server.requests) == 1


def test_no_answer_is_an_outcome_not_an_exception() -> None:
    endpoint = Endpoint(f"http://127.0.0.1:{free_ports(1)[0]}", 42)
    account_check = AccountCheck(
        endpoint, Timeouts(connect=60, read=60, total=120), Credentials("jane", "key"), BoundedAdapter(Trust())
    )
    assert account_check.account(NOW).outcome == Outcome(Result.TRANSIENT, cause=Cause.CONNECT)
    account_check.close()


def test_an_oversized_answer_is_no_answer(server: ScriptedServer, account_check: AccountCheck) -> None:
    server.script(reply(answer("200 OK", b" " * 100_000)))
    assert account_check.account(NOW).outcome.cause is Cause.MALFORMED
