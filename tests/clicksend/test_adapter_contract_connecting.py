"""The contract's connections: how an adapter connects, and which servers it trusts."""

from __future__ import annotations

import gc
import socket
import ssl
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause
from consumer.clicksend.transport import Timeouts, Trust
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, fault, transient
from tests.clicksend.scripted_server import (
    OK,
    Act,
    ScriptedServer,
    answer,
    drip,
    reply,
    reply_and_close,
    reply_and_reset,
)
from tests.kafka.apache import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clicksend.conftest import Poster


def test_a_refused_connection_is_transient(connect: Callable[..., Poster]) -> None:
    (port,) = free_ports(1)
    assert connect(f"http://127.0.0.1:{port}").post(PAYLOAD, NOW) == transient(Cause.CONNECT)


def test_a_host_that_does_not_answer_is_transient(connect: Callable[..., Poster]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy:  # on Linux its queue holds one connection
        address = busy.getsockname()
        with socket.create_connection(address):
            client = connect(f"http://127.0.0.1:{address[1]}", Timeouts(connect=0.1, read=60, total=120))
            assert client.post(PAYLOAD, NOW) == transient(Cause.CONNECT)


def test_a_name_that_is_not_found_is_transient(connect: Callable[..., Poster], monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not found")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    assert connect("https://clicksend.invalid").post(PAYLOAD, NOW) == transient(Cause.DNS)


def test_a_name_that_is_none_is_not_found(connect: Callable[..., Poster]) -> None:
    assert connect("https://click..send").post(PAYLOAD, NOW) == transient(Cause.DNS)


def test_every_address_of_a_name_is_tried(connect: Callable[..., Poster], monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def two_addresses(host: str, port: int, *args: int, **options: int) -> object:
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "localhost" else [host]
        return [entry for each in hosts for entry in real(each, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with ScriptedServer().running() as server:
        server.script(reply(OK))
        assert connect(f"http://localhost:{server.port}").post(PAYLOAD, NOW) == DELIVERED


def test_all_addresses_of_a_name_together_take_no_longer_than_the_total_timeout(
    connect: Callable[..., Poster], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy:
        address = busy.getsockname()
        with socket.create_connection(address):
            entry = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry] * 10_000)
            client = connect(f"http://localhost:{address[1]}", Timeouts(connect=0.15, read=5, total=0.4))
            assert client.post(PAYLOAD, NOW) == transient(Cause.CONNECT)


def test_an_unknown_authority_is_a_configuration_fault(tls: ssl.SSLContext, connect: Callable[..., Poster]) -> None:
    with ScriptedServer(tls).running() as server:
        assert connect(server.url, trust=Trust()).post(PAYLOAD, NOW) == fault(Fault.TLS)
        assert server.requests == []


@pytest.mark.parametrize(
    ("host", "not_after"),
    [
        pytest.param("clicksend.example", None, id="wrong host"),
        pytest.param("127.0.0.1", datetime(2020, 1, 1, tzinfo=UTC), id="expired"),
    ],
)
def test_a_wrong_certificate_is_a_configuration_fault(
    authority: trustme.CA, connect: Callable[..., Poster], host: str, not_after: datetime | None
) -> None:
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=not_after).configure_cert(wrong)
    with ScriptedServer(wrong).running() as server:
        assert connect(server.url).post(PAYLOAD, NOW) == fault(Fault.TLS)
        assert server.requests == []


def test_a_ca_file_that_is_corrected_is_used_without_a_restart(
    tls: ssl.SSLContext, connect: Callable[..., Poster], ca_file: Path, tmp_path: Path
) -> None:
    mended = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(mended))
    with ScriptedServer(tls).running() as server:
        server.script(reply(OK))
        client = connect(server.url, trust=Trust(mended))
        assert client.post(PAYLOAD, NOW) == fault(Fault.TLS)
        mended.write_bytes(ca_file.read_bytes())
        assert client.post(PAYLOAD, NOW) == DELIVERED


@contextmanager
def listening(act: Act) -> Iterator[int]:
    """A server that answers the first bytes of one connection, and knows no TLS; gives its port."""

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.recv(4096)
            act(sock)

    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", 0)) as listener:
        pool.submit(serve, listener)
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("act", "cause"),
    [
        pytest.param(reply(answer("400 Bad Request")), Cause.TLS, id="plain HTTP"),
        pytest.param(reply_and_close(), Cause.RESET, id="hangs up"),
        pytest.param(reply_and_reset(), Cause.RESET, id="resets"),
    ],
)
def test_a_handshake_that_fails_otherwise_is_transient(connect: Callable[..., Poster], act: Act, cause: Cause) -> None:
    with listening(act) as port:
        assert connect(f"https://127.0.0.1:{port}").post(PAYLOAD, NOW) == transient(cause)


def test_a_handshake_takes_no_longer_than_the_total_timeout(connect: Callable[..., Poster]) -> None:
    act = drip(b"\x16\x03\x03\x40\x00", b"\0")  # a TLS record of 16 KiB, a byte at a time
    with listening(act) as port:
        client = connect(f"https://127.0.0.1:{port}", Timeouts(connect=60, read=60, total=0.5))
        with closing(client):  # its loop runs during requests only, and a connection closes a turn after its end
            assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)


@pytest.fixture
def left_unclosed() -> Iterator[None]:
    """CPython's `SSLSocket._create` does not close a socket that is reset before its handshake begins."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <ssl.SSLSocket", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.usefixtures("left_unclosed")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_reset_as_it_is_made_is_transient(connect: Callable[..., Poster], scheme: str) -> None:
    def reset(listener: socket.socket) -> None:
        reply_and_reset()(listener.accept()[0])

    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", 0)) as listener:
        pool.submit(reset, listener)
        client = connect(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        assert client.post(PAYLOAD, NOW) in (transient(Cause.RESET), transient(Cause.CONNECT))  # as soon as it is seen


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
@pytest.mark.parametrize("secured", [True, False], ids=["https", "http"])
def test_an_ipv6_address_is_a_host(authority: trustme.CA, connect: Callable[..., Poster], secured: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("::1").configure_cert(context)
    with ScriptedServer(context if secured else None, "::1").running() as server:
        server.script(reply(OK))
        assert connect(server.url).post(PAYLOAD, NOW) == DELIVERED
        assert b"\r\nHost: [::1]:%d\r\n" % server.port in server.requests[0]
