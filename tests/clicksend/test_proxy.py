"""Proxies: tunnels, and the outcomes of their responses."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome
from consumer.clicksend.transport import Timeouts, Trust
from tests.clicksend.conftest import CLIENTS, LOOPS
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, fault, transient
from tests.clicksend.scripted_server import (
    OK,
    Act,
    ScriptedServer,
    answer,
    drip,
    hang,
    read_request,
    reply,
    reply_and_close,
    reply_and_end_tls,
    reply_and_reset,
    secure,
)
from tests.kafka.apache import free_ports

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from tests.clicksend.conftest import Poster

TARGET = "https://127.0.0.1:1"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


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


HANDSHAKE_FAILURE = bytes.fromhex("15 03 03 00 02 02 28")


def after_hello(act: Act) -> Act:
    """Open the tunnel, wait for the client's hello, and go on as told."""

    def acting(sock: socket.socket) -> socket.socket | None:
        sock.sendall(ESTABLISHED)
        sock.recv(65536)
        return act(sock)

    return acting


only_transport = pytest.mark.parametrize("client_of", [CLIENTS[name] for name in LOOPS], ids=LOOPS)
"""requests takes what follows a proxy's consent out of the tunnel, and waits for TLS to begin."""


def tunnel_by(tls: ssl.SSLContext, consent: bytes = ESTABLISHED, *pieces: bytes) -> Act:
    """Open the tunnel with this consent, and go on as the target."""

    def act(sock: socket.socket) -> socket.socket:
        reply(consent, *pieces)(sock)
        return secure(tls)(sock)

    return act


@pytest.mark.parametrize(
    "consent",
    [
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200\r\nVia: x\r\nX-Pad: a\r\n b\r\n\r\n", id="folded header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", id="a length that means nothing"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", id="two lengths that mean nothing"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunks that mean nothing"),
        pytest.param(b"HTTP/1.1 200 OK\nVia: x\n\n", id="LF"),
    ],
)
def test_whatever_else_a_consent_says_the_tunnel_is_open(
    tls: ssl.SSLContext, connect: Callable[..., Poster], consent: bytes
) -> None:
    with ScriptedServer().running() as proxy:
        proxy.script(
            tunnel_by(tls, consent), reply(OK), tunnel_by(tls, *(bytes([byte]) for byte in consent)), reply(OK)
        )
        for _ in range(2):
            client = connect(TARGET, proxy_url=proxy.url)
            assert client.post(PAYLOAD, NOW) == DELIVERED
            client.close()


@only_transport
@pytest.mark.parametrize(
    ("act", "causes"),
    [
        pytest.param(
            reply(answer("200 OK", b"<html>" * 99, "Content-Type: text/html")),
            {Cause.PROXY, Cause.TLS},
            id="HTML with 200",
        ),
        pytest.param(reply(ESTABLISHED, b"<html>" * 99), {Cause.PROXY, Cause.TLS}, id="HTML after a consent"),
        pytest.param(reply(answer("403 Forbidden", b"<html>" * 99)), {Cause.PROXY}, id="HTML with 403"),
        pytest.param(reply(answer("302 Found", b"", "Location: http://login.example/")), {Cause.PROXY}, id="portal"),
        pytest.param(reply(b"<html>\r\n" * 99), {Cause.MALFORMED}, id="HTML without a head"),
        pytest.param(reply_and_close(ESTABLISHED), {Cause.RESET}, id="hangs up after its consent"),
        pytest.param(reply_and_close(ESTABLISHED[:-1]), {Cause.RESET, Cause.MALFORMED, Cause.TLS}, id="cut consent"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 8_000), {Cause.MALFORMED}, id="endless head"),
    ],
)
def test_a_proxy_that_lies_is_transient_and_gets_no_contact(
    tls: ssl.SSLContext, connect: Callable[..., Poster], act: Act, causes: set[Cause]
) -> None:
    with ScriptedServer().running() as proxy:
        proxy.script(act, tunnel_by(tls), reply(OK))
        client = connect(TARGET, proxy_url=proxy.url)
        assert client.post(PAYLOAD, NOW).cause in causes
        assert client.post(PAYLOAD, NOW) == DELIVERED
        assert sum(PAYLOAD in request for request in proxy.requests) == 1


def test_a_proxy_that_never_answers_takes_no_longer_than_the_connect_timeout(connect: Callable[..., Poster]) -> None:
    with ScriptedServer().running() as proxy:
        proxy.script(hang)
        client = connect(TARGET, Timeouts(connect=1, read=60, total=120), proxy_url=proxy.url)
        assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)


def test_a_login_is_percent_decoded_and_sent_in_utf_8(tls: ssl.SSLContext, connect: Callable[..., Poster]) -> None:
    with ScriptedServer().running() as proxy:
        proxy.script(tunnel_by(tls), reply(OK))
        login_url = proxy.url.replace("://", "://j%40ne:p%C3%A4ss%20%E2%82%AC@")
        assert connect(TARGET, proxy_url=login_url).post(PAYLOAD, NOW) == DELIVERED
    login = base64.b64encode("j@ne:päss €".encode())
    assert b"Proxy-Authorization: Basic " + login + b"\r\n" in proxy.requests[0]


def test_a_proxy_may_speak_tls_itself(tls: ssl.SSLContext, connect: Callable[..., Poster]) -> None:
    """TLS within TLS."""
    with relayed(tls) as (proxy_url, target):
        target.script(reply(OK), reply(OK))
        client = connect(target.url, proxy_url=proxy_url)
        assert [client.post(PAYLOAD, NOW), client.post(PAYLOAD, NOW)] == [DELIVERED, DELIVERED]
        client.close()
    assert len(target.requests) == 2


@only_transport
@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(reply_and_close(ESTABLISHED), transient(Cause.RESET), id="hangs up"),
        pytest.param(reply_and_reset(ESTABLISHED), transient(Cause.RESET), id="resets"),
        pytest.param(reply_and_end_tls(ESTABLISHED), transient(Cause.RESET), id="farewell"),
        pytest.param(after_hello(reply_and_close()), transient(Cause.RESET), id="hangs up in the handshake"),
        pytest.param(after_hello(reply_and_reset()), transient(Cause.RESET), id="resets in the handshake"),
        pytest.param(after_hello(reply(answer("502 Bad"))), transient(Cause.TLS), id="HTTP in the handshake"),
        pytest.param(after_hello(reply(HANDSHAKE_FAILURE)), transient(Cause.TLS), id="alert in the handshake"),
    ],
)
def test_a_tunnel_within_tls_that_breaks_becomes_an_outcome(
    tls: ssl.SSLContext, connect: Callable[..., Poster], act: Act, expected: Outcome
) -> None:
    with ScriptedServer(tls).running() as proxy:
        proxy.script(act)
        assert connect(TARGET, proxy_url=proxy.url).post(PAYLOAD, NOW) == expected


@contextmanager
def relayed(tls: ssl.SSLContext) -> Iterator[tuple[str, ScriptedServer]]:
    """A proxy that speaks TLS, and a target behind it. Sockets of Python's can't speak TLS within TLS, so it relays."""

    def relay(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(listener: socket.socket) -> None:
        with secure(tls)(listener.accept()[0]) as near:
            read_request(near)
            near.sendall(ESTABLISHED)
            with socket.create_connection(("127.0.0.1", target.port)) as far:
                back = threading.Thread(target=relay, args=(far, near))
                back.start()
                relay(near, far)
                back.join()

    with ScriptedServer(tls).running() as target, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", target
        thread.join()


def test_a_proxy_with_another_certificate_is_a_configuration_fault(
    tls: ssl.SSLContext, connect: Callable[..., Poster]
) -> None:
    with ScriptedServer(tls).running() as proxy:
        assert connect(TARGET, trust=Trust(), proxy_url=proxy.url).post(PAYLOAD, NOW) == fault(Fault.TLS)
        assert proxy.requests == []


def test_a_proxy_that_is_away_is_transient(connect: Callable[..., Poster]) -> None:
    proxy_url = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert connect(TARGET, proxy_url=proxy_url).post(PAYLOAD, NOW) == transient(Cause.CONNECT)


def test_plain_http_on_this_machine_takes_no_proxy(connect: Callable[..., Poster]) -> None:
    with ScriptedServer().running() as server:
        server.script(reply(OK))
        assert connect(server.url, proxy_url="http://127.0.0.1:1").post(PAYLOAD, NOW) == DELIVERED
