"""TLS of the delivery loop's transport: records that are cut, joined and spoilt, and ends of every kind."""

from __future__ import annotations

import ssl
import threading
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.transport import Timeouts
from tests.clicksend.conftest import CLIENTS, LOOPS
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, transient
from tests.clicksend.scripted_server import OK, ScriptedServer, answer, hang, reply
from tests.clicksend.tls_records import RecordSocket, by_records

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from tests.clicksend.conftest import Poster
    from tests.clicksend.scripted_server import Act

pytestmark = pytest.mark.parametrize("client_of", [CLIENTS[name] for name in LOOPS], ids=LOOPS)

HALVES = (OK[:60], OK[60:])


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def server(request: pytest.FixtureRequest, tls: ssl.SSLContext) -> Iterator[ScriptedServer]:
    before = tls.minimum_version, tls.maximum_version
    tls.minimum_version = tls.maximum_version = request.param
    try:
        with ScriptedServer(tls, by=by_records()).running() as running:
            yield running
    finally:
        tls.minimum_version, tls.maximum_version = before


def acting(act: Callable[[RecordSocket], None]) -> Act:
    """Act on the records, and keep the connection."""

    def kept(sock: socket.socket) -> socket.socket:
        assert isinstance(sock, RecordSocket)
        act(sock)
        return sock

    return kept


ONE_RESPONSE: dict[str, Callable[[RecordSocket], None]] = {
    "in one record": lambda sock: sock.raw(sock.sealed(OK)),
    "in two records of one segment": lambda sock: sock.raw(sock.sealed(*HALVES)),
    "in a record a byte": lambda sock: sock.raw(sock.sealed(*(OK[at : at + 1] for at in range(len(OK))))),
    "in a segment a byte": lambda sock: send_cut(sock, sock.sealed(OK), *range(1, len(OK))),
    "in records cut across": lambda sock: send_cut(sock, sock.sealed(*HALVES), 90),
}


def send_cut(sock: RecordSocket, records: bytes, *cuts: int) -> None:
    for start, end in pairwise((0, *cuts, len(records))):
        sock.raw(records[start:end])


@pytest.mark.parametrize("act", ONE_RESPONSE.values(), ids=ONE_RESPONSE)
def test_a_response_is_read_from_records_of_any_size_and_keeps_its_connection(
    server: ScriptedServer, connect: Callable[..., Poster], act: Callable[[RecordSocket], None]
) -> None:
    server.script(*[acting(act)] * 3)
    client = connect(server.url)
    assert [client.post(PAYLOAD, NOW) for _ in range(3)] == [DELIVERED] * 3
    assert server.connections == 1


def test_every_cut_of_a_record_is_put_together(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    cuts = range(1, len(OK) + 60)

    def cut_at(at: int, sock: RecordSocket) -> None:
        send_cut(sock, sock.sealed(OK), at)

    server.script(*(acting(partial(cut_at, at)) for at in cuts))
    client = connect(server.url)
    assert {client.post(PAYLOAD, NOW) for _ in cuts} == {DELIVERED}


ENDS: dict[str, Callable[[RecordSocket], bytes]] = {
    "farewell": RecordSocket.farewell,
    "alert": RecordSocket.alert,
    "a record that is none": lambda _: bytes.fromhex("17 03 03 00 20") + bytes(32),
    "a header that is none": lambda _: b"HTTP/1.1 400 Bad Request",
    "a record that is too long": lambda _: bytes.fromhex("17 03 03 ff ff"),
    "another response": lambda sock: sock.sealed(OK),
    "the start of another response": lambda sock: sock.sealed(OK)[:30],
    "the start of a header": lambda _: b"\x17",
}
"""What makes a connection useless."""


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("joined", [True, False], ids=["in its segment", "in the next"])
def test_nothing_that_follows_a_response_changes_it_or_costs_the_next_request(
    server: ScriptedServer, connect: Callable[..., Poster], end: Callable[[RecordSocket], bytes], *, joined: bool
) -> None:
    sent = threading.Semaphore(0)

    def act(sock: RecordSocket) -> None:
        response, rest = sock.sealed(OK), end(sock)
        if joined:
            sock.raw(response + rest)
        else:
            send_cut(sock, response + rest, len(response))
        sent.release()

    server.script(*[acting(act)] * 10)
    client = connect(server.url)
    for _ in range(10):
        assert client.post(PAYLOAD, NOW) == DELIVERED
        sent.acquire()
    assert server.connections == len(server.requests) == 10


def test_the_start_of_a_second_response_is_not_taken_for_the_next_one(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    """The rest comes once a next request was sent."""
    rest = b""

    def tease(sock: RecordSocket) -> None:
        nonlocal rest
        response, second = sock.sealed(OK), sock.sealed(OK)
        rest = second[-5:]
        sock.raw(response + second[:-5])

    server.script(acting(tease), acting(lambda sock: sock.raw(rest)), reply(OK))
    client = connect(server.url, Timeouts(connect=60, read=0.5, total=60))
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert client.post(PAYLOAD, NOW).status is None  # over a connection of its own, where nobody answers
    assert server.connections == 2


def test_a_request_of_many_records_is_sent_whole(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(reply(OK))
    payload = b"x" * 100_000
    assert connect(server.url).post(payload, NOW) == DELIVERED
    assert server.requests[0].endswith(payload)


def test_an_answer_that_comes_with_the_connection_is_taken_once(
    tls: ssl.SSLContext, connect: Callable[..., Poster]
) -> None:
    """As a load balancer does when busy."""
    busy = answer("503 Busy", b"", "Connection: close")
    tls.maximum_version = ssl.TLSVersion.TLSv1_2  # its handshake ends at the server
    try:
        with ScriptedServer(tls, by=by_records(busy)).running() as server:
            server.script(hang, hang)
            client = connect(server.url)
            expected = Outcome(Result.TRANSIENT, status=503, cause=Cause.UNAVAILABLE)
            assert [client.post(PAYLOAD, NOW) for _ in range(2)] == [expected] * 2
            assert server.connections == 2
    finally:
        tls.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", Cause.TLS, id="HTTP"),
        pytest.param(b"220 mail.example ESMTP\r\n", Cause.TLS, id="another protocol"),
        pytest.param(bytes.fromhex("15 03 03 00 02 02 28"), Cause.TLS, id="alert"),
        pytest.param(bytes.fromhex("15 03 03 00 02 01 00"), Cause.RESET, id="farewell"),
        pytest.param(b"\x16\x03", Cause.TIMEOUT, id="the start of a record"),
    ],
)
def test_a_server_without_tls_fails_as_soon_as_that_is_seen(
    tls: ssl.SSLContext, connect: Callable[..., Poster], greeting: bytes, cause: Cause
) -> None:
    def refuse(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(greeting)
        hang(sock)

    with ScriptedServer(tls, by=lambda _: refuse).running() as server:
        client = connect(server.url, Timeouts(connect=0.5 if cause is Cause.TIMEOUT else 60, read=60, total=120))
        assert client.post(PAYLOAD, NOW) == transient(cause)
