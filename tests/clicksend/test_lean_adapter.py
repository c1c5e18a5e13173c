"""What the lean adapter does beyond the contract."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import requests
from urllib3 import Timeout

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.carrier import adapter_for
from consumer.clicksend.lean_adapter import LeanAdapter
from consumer.clicksend.transport import Endpoint, Trust
from tests.clicksend.conftest import over
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD
from tests.clicksend.scripted_server import OK, SUCCESS, ScriptedServer, answer, reply, reply_and_close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clicksend.conftest import ClientFactory, Poster

TIMEOUT: Any = Timeout(connect=60, read=60, total=120)


@pytest.fixture
def client_of() -> ClientFactory:
    return over(LeanAdapter)


@pytest.fixture
def adapter(trust: Trust) -> Iterator[LeanAdapter]:
    adapter = LeanAdapter(trust)
    yield adapter
    adapter.close()


def prepared(url: str, body: Any = PAYLOAD) -> requests.PreparedRequest:
    return requests.Request("POST", url, data=body).prepare()


def test_it_carries_unless_a_proxy_is_in_the_way(trust: Trust) -> None:
    assert isinstance(adapter_for(Endpoint("https://rest.clicksend.com/v3", 42), trust), LeanAdapter)
    behind = Endpoint("https://rest.clicksend.com/v3", 42, "http://proxy.example:3128")
    assert isinstance(adapter_for(behind, trust), BoundedAdapter)


def test_its_answer_is_one_of_requests(server: ScriptedServer, adapter: LeanAdapter) -> None:
    server.script(reply(answer("429 Slow Down", SUCCESS, "retry-after: 7")))
    request = prepared(f"{server.url}/v3")
    response = adapter.send(request, timeout=TIMEOUT)
    assert (response.request, response.url, response.status_code) == (request, request.url, 429)
    assert response.headers["Retry-After"] == "7"
    assert response.json()["response_code"] == "SUCCESS"


def test_a_session_can_be_carried_by_it(server: ScriptedServer, adapter: LeanAdapter) -> None:
    server.script(reply(OK))
    session = requests.Session()
    session.mount(server.url, adapter)
    assert session.post(server.url, PAYLOAD, timeout=TIMEOUT).content == SUCCESS


def test_each_request_object_is_sent_as_it_was_when_first_seen(server: ScriptedServer, adapter: LeanAdapter) -> None:
    server.script(*[reply(OK)] * 3)
    one, other = prepared(f"{server.url}/one"), prepared(f"{server.url}/other", b"{}")
    for request in (one, other, one):
        adapter.send(request, timeout=TIMEOUT)
    assert [sent.split(b" ")[1] for sent in server.requests] == [b"/one", b"/other", b"/one"]
    assert [sent.partition(b"\r\n\r\n")[2] for sent in server.requests] == [PAYLOAD, b"{}", PAYLOAD]


def test_a_body_of_another_kind_is_an_error_of_the_program(server: ScriptedServer, adapter: LeanAdapter) -> None:
    with pytest.raises(TypeError):
        adapter.send(prepared(server.url, iter([PAYLOAD])), timeout=TIMEOUT)
    assert server.requests == []


def test_a_connection_leads_to_one_origin(server: ScriptedServer, adapter: LeanAdapter) -> None:
    with ScriptedServer().running() as other:
        server.script(reply(OK))
        other.script(reply(OK))
        for each in (server, other):
            adapter.send(prepared(each.url), timeout=TIMEOUT)
        assert [len(each.requests) for each in (server, other)] == [1, 1]


def test_it_goes_on_after_it_was_closed(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(reply(OK), reply(OK))
    client = connect(server.url)
    outcomes = []
    for _ in range(2):
        outcomes.append(client.post(PAYLOAD, NOW))
        client.close()
    assert outcomes == [DELIVERED, DELIVERED]
    assert server.connections == 2


def test_the_next_connection_resumes_the_tls_session(tls: ssl.SSLContext, connect: Callable[..., Poster]) -> None:
    resumed: list[bool | None] = []

    def answer_and_close(sock: socket.socket) -> None:
        assert isinstance(sock, ssl.SSLSocket)
        resumed.append(sock.session_reused)
        reply_and_close(OK)(sock)

    with ScriptedServer(tls).running() as server:
        server.script(*[answer_and_close] * 3)
        client = connect(server.url)
        for _ in range(3):
            assert client.post(PAYLOAD, NOW) == DELIVERED
            server.hung_up.wait()
            server.hung_up.clear()
    assert resumed == [False, True, True]


@pytest.mark.parametrize("call", ["settimeout", "sendall", "recv"])
def test_on_a_kept_connection_a_request_is_one_send_and_one_receive(
    server: ScriptedServer, adapter: LeanAdapter, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """With many threads each system call costs more than all that the adapter does itself: it hands over the GIL."""
    server.script(*[reply(OK)] * 3)
    request = prepared(server.url)
    adapter.send(request, timeout=TIMEOUT)
    calls = []
    kind = ssl.SSLSocket if server.url.startswith("https") else socket.socket
    original = getattr(kind, call)

    def counted(sock: socket.socket, *args: Any) -> Any:
        if sock.getpeername()[1] == server.port:  # the adapter's, not the server's
            calls.append(args)
        return original(sock, *args)

    monkeypatch.setattr(kind, call, counted)
    adapter.send(request, timeout=TIMEOUT)
    adapter.send(request, timeout=TIMEOUT)
    assert len(calls) == (0 if call == "settimeout" else 2)
