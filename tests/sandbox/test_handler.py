"""The log of requests over a real socket."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from consumer.sandbox.faults import ConnectionFault, Rule, Script
from consumer.sandbox.log import RequestEnding
from consumer.sandbox.store import Stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sandbox.conftest import Client

    Serve = Callable[..., Client]


def test_an_ordinary_request_is_logged_whole(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    client.post(jane)
    entry = client.sandbox.requests()[0]
    assert (entry.number, entry.method, entry.path) == (1, "POST", "/v3/lists/428/contacts")
    assert (entry.status, entry.ending, entry.stored, entry.fault) == (
        200,
        RequestEnding.ANSWERED,
        Stored.CREATED,
        None,
    )
    assert (entry.contact, entry.contact_key, entry.attempt) == (jane, "jane.doe@example.com", 1)
    assert entry.answered_at is not None
    assert 1e9 < entry.received_at <= entry.answered_at


def test_a_fault_is_logged_by_its_name(serve: Serve, jane: dict[str, str]) -> None:
    rules = (Rule(name="spell", nth=(1,), status=503), Rule(nth=(1,), connection=ConnectionFault.CUT, method="POST"))
    client = serve(faults=Script(rules))
    client.post(jane)
    with pytest.raises(OSError, match="onnection"):
        client.post(jane)
    client.post(jane)
    logged = [(entry.fault, entry.status, entry.ending, entry.attempt) for entry in client.sandbox.requests()]
    assert logged == [
        ("spell", 503, RequestEnding.ANSWERED, 1),
        ("rule 2", 200, RequestEnding.CUT, 2),
        (None, 200, RequestEnding.ANSWERED, 3),
    ]


def test_a_refused_request_is_logged_without_its_credentials(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    client = serve(log_file=path)
    client.ask("GET", "/v3/account", auth=("sandbox", "mistyped-key"))
    line = path.read_text()
    assert json.loads(line)["status"] == 401
    assert "mistyped-key" not in line
    assert "Basic" not in line


def test_the_page_and_the_control_routes_are_not_logged(serve: Serve) -> None:
    client = serve()
    client.ask("GET", "/")
    client.ask("GET", "/sandbox/state")
    assert client.sandbox.requests() == []


def test_a_request_too_large_to_read_is_refused_and_logged(serve: Serve) -> None:
    client = serve()
    answer = client.post({"email": "a@example.com", "first_name": "x" * 2_000_000})
    assert (answer.status_code, answer.json()["response_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert client.sandbox.requests()[0].status == 413
    assert client.ask("POST", "/sandbox/reset", data=b"x" * 2_000_000).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"{" * 5000, b'{"email": {"a": ' + b"[" * 150 + b"]" * 150 + b"}}", b'{"email": "\\ud800"}', b"\xff", b"1e999"],
    ids=["nested", "nested within the limit", "lone surrogate", "not utf-8", "huge number"],
)
def test_no_body_upsets_it(serve: Serve, tmp_path: Path, body: bytes) -> None:
    client = serve(log_file=tmp_path / "requests.jsonl")
    headers = {"Content-Type": "application/json"}
    answer = client.ask("POST", "/v3/lists/428/contacts", data=body, headers=headers)
    assert answer.status_code == 400
    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == 1
    assert client.ask("GET", "/sandbox/log").status_code == 200


def test_a_client_that_goes_away_in_its_request_leaves_no_trace(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    with socket.create_connection(("127.0.0.1", client.sandbox.port)) as half:
        half.sendall(b"POST /v3/lists/428/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    assert client.post(jane).status_code == 200
    assert len(client.sandbox.requests()) == 1


def test_a_garbled_request_body_ends_the_connection(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    with socket.create_connection(("127.0.0.1", client.sandbox.port), timeout=60) as garbled:
        garbled.sendall(b"POST /v3/account HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n")
        assert b" 200 " not in garbled.recv(65536)
    assert client.post(jane).status_code == 200


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    client = serve()
    for path, status in (("/v3/account", 405), ("/", 405)):
        answer = client.ask("HEAD", path)
        assert (answer.status_code, answer.content) == (status, b"")
