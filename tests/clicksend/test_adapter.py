"""What the stock adapter does beyond the contract: proxies, which it alone carries."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING

import pytest

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome
from consumer.clicksend.transport import Timeouts
from tests.clicksend.conftest import over
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, fault, transient
from tests.clicksend.scripted_server import OK, Act, ScriptedServer, answer, drip, reply, reply_and_close, secure
from tests.kafka.apache import free_ports

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.clicksend.conftest import ClientFactory, Poster

TARGET = "https://127.0.0.1:1"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture
def client_of() -> ClientFactory:
    return over(BoundedAdapter)


def test_a_request_goes_through_the_tunnel_that_the_proxy_opens(
    tls: ssl.SSLContext, connect: Callable[..., Poster]
) -> None:
    def tunnel(sock: socket.socket) -> socket.socket:
        sock.sendall(ESTABLISHED)
        return secure(tls)(sock)

    with ScriptedServer().running() as proxy:
        proxy.script(tunnel, reply(OK), reply(OK))
        client = connect(TARGET, proxy_url=proxy.url.replace("://", "://jane:secret@"))
        assert [client.post(PAYLOAD, NOW), client.post(PAYLOAD, NOW)] == [DELIVERED, DELIVERED]
    opened, *carried = proxy.requests
    login = b"Proxy-Authorization: Basic " + base64.b64encode(b"jane:secret")
    assert opened.startswith(b"CONNECT 127.0.0.1:1 ")
    assert login in opened
    assert b"Authorization: Basic " + base64.b64encode(b"jane:key") not in opened
    assert len(carried) == 2
    assert not any(login in request for request in carried)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(
            reply(answer("407 Proxy Authentication Required")),
            fault(Fault.PROXY_UNAUTHORIZED),
            id="407",
        ),
        pytest.param(reply(answer("502 Bad Gateway")), transient(Cause.PROXY), id="502"),
        pytest.param(reply_and_close(), transient(Cause.RESET), id="hangs up"),
        pytest.param(reply_and_close(b"SSH-2.0-OpenSSH_9.2\r\n"), transient(Cause.MALFORMED), id="not HTTP"),
    ],
)
def test_a_tunnel_that_is_refused_becomes_an_outcome(
    server: ScriptedServer, connect: Callable[..., Poster], act: Act, expected: Outcome
) -> None:
    server.script(act)
    assert connect(TARGET, proxy_url=server.url).post(PAYLOAD, NOW) == expected


def test_opening_the_tunnel_takes_no_longer_than_the_total_timeout(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    server.script(drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"))
    client = connect(TARGET, Timeouts(connect=60, read=60, total=0.5), proxy_url=server.url)
    assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)


def test_a_proxy_that_is_away_is_transient(connect: Callable[..., Poster]) -> None:
    proxy_url = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert connect(TARGET, proxy_url=proxy_url).post(PAYLOAD, NOW) == transient(Cause.CONNECT)


def test_plain_http_on_this_machine_takes_no_proxy(connect: Callable[..., Poster]) -> None:
    with ScriptedServer().running() as server:
        server.script(reply(OK))
        assert connect(server.url, proxy_url="http://127.0.0.1:1").post(PAYLOAD, NOW) == DELIVERED
