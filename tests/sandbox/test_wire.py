"""Every connection fault, from the client's end of a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from consumer.sandbox.faults import ConnectionFault, Rule, Script
from consumer.sandbox.log import RequestEnding
from consumer.sandbox.store import Stored

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from consumer.sandbox.server import Sandbox
    from tests.sandbox.conftest import Client, RawResponse

    Serve = Callable[..., Client]
    Exchange = Callable[[Sandbox, object], RawResponse]
    OpenRequest = Callable[[Sandbox, object], socket.socket]


def script(rule: Rule) -> Script:
    return Script((rule,))


def announced_length(response: RawResponse) -> int:
    lines = response.head.decode().split("\r\n")
    return next(int(line.partition(": ")[2]) for line in lines if line.startswith("Content-Length"))


def test_an_ordinary_answer_keeps_the_connection(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    answers = [client.post(jane) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].headers["Content-Type"] == "application/json"
    assert {"Date", "Server", "Content-Length"} <= set(answers[0].headers)
    assert "Connection" not in answers[0].headers


def test_connection_close_of_a_client_is_honoured(serve: Serve, jane: dict[str, str]) -> None:
    assert serve().post(jane, headers={"Connection": "close"}).headers["Connection"] == "close"


def test_connection_close(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    response = exchange(serve(faults=script(Rule(connection=ConnectionFault.CLOSE))).sandbox, jane)
    assert b"\r\nConnection: close" in response.head
    assert json.loads(response.body)["response_code"] == "SUCCESS"
    assert not response.was_reset


@pytest.mark.parametrize(("processed", "contacts"), [(True, 1), (False, 0), (None, 1)], ids=str)
def test_a_reset_before_the_answer(
    serve: Serve,
    exchange: Exchange,
    jane: dict[str, str],
    processed: bool | None,
    contacts: int,
) -> None:
    client = serve(faults=script(Rule(connection=ConnectionFault.RESET, processed=processed)))
    response = exchange(client.sandbox, jane)
    assert (response.data, response.was_reset) == (b"", True)
    assert len(client.sandbox.contacts()) == contacts


def test_a_reset_in_the_middle_of_the_answer(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    response = exchange(serve(faults=script(Rule(connection=ConnectionFault.CUT))).sandbox, jane)
    assert response.was_reset
    assert len(response.body) == announced_length(response) // 2


def test_an_orderly_end_in_the_middle_of_the_answer(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    response = exchange(serve(faults=script(Rule(connection=ConnectionFault.TRUNCATE))).sandbox, jane)
    assert not response.was_reset
    assert len(response.body) == announced_length(response) // 2


def test_a_reset_after_the_whole_answer(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    response = exchange(serve(faults=script(Rule(connection=ConnectionFault.RESET_AFTER))).sandbox, jane)
    assert response.was_reset
    assert json.loads(response.body)["response_code"] == "SUCCESS"


def test_bytes_that_are_not_http(serve: Serve, jane: dict[str, str]) -> None:
    client = serve(faults=script(Rule(connection=ConnectionFault.GARBAGE)))
    with pytest.raises(requests.ConnectionError):
        client.post(jane)
    assert client.sandbox.wait_for(lambda: len(client.sandbox.requests()) == 1, timeout=60)
    assert client.sandbox.requests()[0].ending is RequestEnding.GARBAGE


@pytest.mark.parametrize(("processed", "contacts"), [(True, 1), (False, 0)])
def test_a_hanging_request_is_never_answered(
    serve: Serve,
    open_request: OpenRequest,
    jane: dict[str, str],
    processed: bool,
    contacts: int,
) -> None:
    client = serve(faults=script(Rule(times=1, connection=ConnectionFault.HANG, processed=processed)))
    sandbox = client.sandbox
    connection = open_request(sandbox, jane)
    assert sandbox.wait_for(lambda: client.ask("GET", "/sandbox/state").json()["unanswered"] == 1, timeout=60)
    assert (len(sandbox.contacts()), sandbox.requests()) == (contacts, [])
    connection.close()
    assert sandbox.wait_for(lambda: len(sandbox.requests()) == 1, timeout=60)
    entry = sandbox.requests()[0]
    assert (entry.ending, entry.status, entry.answered_at) == (RequestEnding.CLIENT_GONE, None, None)


def test_others_are_served_while_one_hangs(serve: Serve, open_request: OpenRequest, jane: dict[str, str]) -> None:
    client = serve(faults=script(Rule(contact=("jane*",), connection=ConnectionFault.HANG)))
    open_request(client.sandbox, jane)
    assert client.post({"email": "max@example.com"}).status_code == 200


def test_a_delay_holds_the_answer_back_and_the_contact_is_there_already(
    serve: Serve, open_request: OpenRequest, jane: dict[str, str]
) -> None:
    sandbox = serve(faults=script(Rule(delay=30.0))).sandbox
    open_request(sandbox, jane)
    assert sandbox.wait_for(lambda: len(sandbox.contacts()) == 1, timeout=60)
    assert sandbox.requests() == []


def test_after_its_delay_the_ordinary_answer_comes(serve: Serve, jane: dict[str, str]) -> None:
    answer = serve(faults=script(Rule(delay=0.01))).post(jane)
    assert (answer.status_code, answer.json()["response_code"]) == (200, "SUCCESS")


def test_a_dripped_answer_comes_byte_by_byte_and_whole(serve: Serve, open_request: OpenRequest) -> None:
    sandbox = serve(faults=script(Rule(status=200, body="ok", drip=0.02))).sandbox
    connection = open_request(sandbox, {"email": "a@example.com"})
    pieces: list[bytes] = []
    while not b"".join(pieces).endswith(b"\r\n\r\nok"):
        pieces.append(connection.recv(65536))
    assert len(pieces) > 10


@pytest.mark.parametrize(
    ("rule", "status", "headers"),
    [
        (Rule(status=503, retry_after=7.0), 503, {"Retry-After": "7"}),
        (Rule(status=429, retry_after="never"), 429, {"Retry-After": "never"}),
        (Rule(status=302, location="http://127.0.0.1:1/"), 302, {"Location": "http://127.0.0.1:1/"}),
        (Rule(status=400, headers={"X-Request-Id": "5"}), 400, {"X-Request-Id": "5"}),
        (Rule(status=299), 299, {}),
    ],
)
def test_a_status_with_its_headers(
    serve: Serve, jane: dict[str, str], rule: Rule, status: int, headers: dict[str, str]
) -> None:
    client = serve(faults=script(rule))
    for _ in range(2):
        answer = client.post(jane)
        assert answer.status_code == status
        assert headers.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("body", ["", "not JSON", '{"http_code": 200', "<html></html>"])
def test_a_malformed_body_arrives_as_it_is(serve: Serve, jane: dict[str, str], body: str) -> None:
    assert serve(faults=script(Rule(status=200, body=body))).post(jane).text == body


def test_a_retry_after_date_lies_ahead(serve: Serve, jane: dict[str, str]) -> None:
    client = serve(faults=script(Rule(status=503, retry_after_date=3600.0)))
    assert client.post(jane).headers["Retry-After"].endswith(" GMT")


def test_an_oversized_answer(serve: Serve, jane: dict[str, str]) -> None:
    assert len(serve(faults=script(Rule(padding=3_000_000))).post(jane).content) > 3_000_000


def test_a_content_length_that_lies(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    rule = Rule(status=200, body="{}", headers={"Content-Length": "999"}, connection=ConnectionFault.CLOSE)
    response = exchange(serve(faults=script(rule)).sandbox, jane)
    assert response.head.count(b"Content-Length") == 1
    assert (announced_length(response), response.body) == (999, b"{}")


def test_after_a_fault_the_next_request_is_served(serve: Serve, exchange: Exchange, jane: dict[str, str]) -> None:
    client = serve(faults=script(Rule(first=1, connection=ConnectionFault.RESET)))
    exchange(client.sandbox, jane)
    assert client.post(jane).status_code == 200
    assert [entry.stored for entry in client.sandbox.requests()] == [Stored.CREATED, Stored.UPDATED]


def test_a_script_may_set_the_servers_clock(serve: Serve) -> None:
    date = "Sun, 29 Mar 2026 01:30:00 GMT"
    client = serve(faults=script(Rule(headers={"date": date})))
    assert client.ask("GET", "/v3/account").headers["Date"] == date
