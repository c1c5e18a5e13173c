"""The client: what it sends, with which credentials, within which time."""

from __future__ import annotations

import base64
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import BaseAdapter

from consumer import __version__
from consumer.clicksend.blocking_connection import Deadline
from consumer.clicksend.client import Client
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.outcome import Cause, Result
from consumer.clicksend.probe import ProbeStatus
from consumer.clicksend.transport import Endpoint, Timeouts
from tests.clicksend.conftest import ADAPTERS, CLIENTS
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, transient
from tests.clicksend.scripted_server import OK, SUCCESS, ScriptedServer, answer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


JANE = Credentials("jane", "key")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer().running() as running:
        yield running


only_requests = pytest.mark.parametrize("client_of", [CLIENTS[name] for name in ADAPTERS], ids=ADAPTERS)
"""Probes are requests' alone."""


def headers(request: bytes) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([\w-]+): (.*)\r$", request.partition(b"\r\n\r\n")[0].decode() + "\r"))


def test_a_contact_is_posted_as_the_api_wants_it(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.script(reply(OK))
    assert connect(f"{server.url}/v3").post(PAYLOAD, NOW) == DELIVERED
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v3/lists/42/contacts HTTP/1.1\r\n")
    assert headers(server.requests[0]) == {
        "Host": server.url.removeprefix("http://"),
        "User-Agent": f"clicksend-consumer/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": JANE.authorization,
        "Content-Type": "application/json",
        "Content-Length": str(len(PAYLOAD)),
    }
    assert body == PAYLOAD


@only_requests
def test_nothing_of_one_request_shows_in_the_next(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.script(reply(answer("200 OK", SUCCESS, "Set-Cookie: session=1; Path=/")), reply(OK), reply(OK))
    client = connect(f"{server.url}/v3")
    client.post(PAYLOAD, NOW)
    client.post(b"{}", NOW)
    client.probe(NOW)
    _, post, probe = server.requests
    assert post.endswith(b"\r\n\r\n{}")
    assert headers(post)["Content-Length"] == "2"
    assert not {"Cookie", "Content-Type"} & headers(probe).keys()
    assert "Cookie" not in headers(post)


@only_requests
def test_the_probe_gets_the_list_with_the_same_credentials(
    server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    server.script(reply(OK), reply(answer("401 Unauthorized")), reply(answer("503 Busy")))
    client = connect(f"{server.url}/v3")
    assert [client.probe(NOW).result for _ in range(3)] == list(ProbeStatus)
    assert server.requests[0].startswith(b"GET /v3/lists/42 HTTP/1.1\r\n")
    assert headers(server.requests[0])["Authorization"] == JANE.authorization


def test_a_corrected_key_is_used_with_the_next_request(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    keys = [Credentials("jane", "wrong"), Credentials("jane", "mended")]
    expected = [key.authorization for key in keys]
    server.script(reply(answer("401 Unauthorized")), reply(OK))
    client = connect(server.url, credentials=lambda: keys.pop(0))
    client.post(PAYLOAD, NOW)
    client.post(PAYLOAD, NOW)
    assert [headers(request)["Authorization"] for request in server.requests] == expected


def test_nothing_is_taken_from_the_environment(
    server: ScriptedServer, connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(netrc))
    server.script(reply(OK))
    assert connect(f"{server.url}/v3").post(PAYLOAD, NOW).result is Result.DELIVERED
    assert headers(server.requests[0])["Authorization"] == JANE.authorization


class RaisingAdapter(BaseAdapter):
    """An adapter that fails in a way nobody has thought of."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def send(self, *_: Any, **__: Any) -> requests.Response:
        raise self._error

    def close(self) -> None:
        """Nothing to close."""


def client_that_gets(error: Exception) -> Client:
    return Client(Endpoint("https://127.0.0.1", 42), Timeouts(), lambda: JANE, RaisingAdapter(error))


def test_an_unknown_failure_of_the_transport_is_transient() -> None:
    client = client_that_gets(requests.RequestException())
    assert client.post(PAYLOAD, NOW) == transient(Cause.OTHER)


def test_an_error_of_the_program_is_raised() -> None:
    client = client_that_gets(TypeError())
    with pytest.raises(TypeError):
        client.post(PAYLOAD, NOW)


def test_pasted_white_space_is_stripped() -> None:
    assert Credentials(" jane\n", "\tkey \r\n") == Credentials("jane", "key")


def test_the_header_is_basic_in_utf_8() -> None:
    scheme, _, login = Credentials("jané", "schlüssel: 🔑").authorization.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(login).decode() == "jané:schlüssel: 🔑"


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("jane", "secret"))


def test_a_timeout_is_cut_to_what_is_left() -> None:
    deadline = Deadline()
    deadline.start(1000)
    assert deadline.cut(5) == 5
    assert deadline.cut(math.inf) <= 1000


def test_nothing_is_waited_for_after_the_deadline() -> None:
    deadline = Deadline()
    deadline.start(-1)
    with pytest.raises(TimeoutError):
        deadline.cut(5)


def test_the_next_request_has_its_own_time() -> None:
    deadline = Deadline()
    deadline.start(-1)
    deadline.start(1000)
    assert deadline.cut(5) == 5
