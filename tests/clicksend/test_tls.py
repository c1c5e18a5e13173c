"""TLS of the delivery loop's transport: records that are cut, joined and spoilt, and ends of every kind."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pytest
from requests import Request

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.request_head import RequestHead
from consumer.clicksend.response_reader import HttpResponse
from consumer.clicksend.transport import Timeouts
from tests.clicksend.blocking import BlockingSender
from tests.clicksend.conftest import CLIENTS, LOOPS
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, transient
from tests.clicksend.scripted_server import OK, ScriptedServer, answer, hang, reply
from tests.clicksend.tls_records import KEY_UPDATE, TICKET, Kind, RecordMaker, RecordSocket, by_records

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    import trustme

    from tests.clicksend.conftest import Poster
    from tests.clicksend.scripted_server import Act

    Making = Callable[[RecordMaker], bytes]
    Sending = Callable[..., Act]

pytestmark = pytest.mark.parametrize("client_of", [CLIENTS[name] for name in LOOPS], ids=LOOPS)

HALVES = (OK[:60], OK[60:])


@contextmanager
def only(version: ssl.TLSVersion, tls: ssl.SSLContext) -> Iterator[None]:
    """Speak no other version meanwhile."""
    before = tls.minimum_version, tls.maximum_version
    tls.minimum_version = tls.maximum_version = version
    try:
        yield
    finally:
        tls.minimum_version, tls.maximum_version = before


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def server(request: pytest.FixtureRequest, tls: ssl.SSLContext) -> Iterator[ScriptedServer]:
    with only(request.param, tls), ScriptedServer(tls, by=by_records()).running() as running:
        yield running


@pytest.fixture
def server_speaks_last(tls: ssl.SSLContext) -> Iterator[None]:
    """The handshake ends at the server, so that what it says then comes with it."""
    with only(ssl.TLSVersion.TLSv1_2, tls):
        yield


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


@pytest.mark.usefixtures("server_speaks_last")
def test_an_answer_that_comes_with_the_connection_is_taken_once(
    tls: ssl.SSLContext, connect: Callable[..., Poster]
) -> None:
    """As a load balancer does when busy."""
    busy = answer("503 Busy", b"", "Connection: close")
    with ScriptedServer(tls, by=by_records(busy)).running() as server:
        server.script(hang, hang)
        client = connect(server.url)
        expected = Outcome(Result.TRANSIENT, status=503, cause=Cause.UNAVAILABLE)
        assert [client.post(PAYLOAD, NOW) for _ in range(2)] == [expected] * 2
        assert server.connections == 2


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
        client = connect(server.url, Timeouts(connect=1 if cause is Cause.TIMEOUT else 60, read=60, total=120))
        assert client.post(PAYLOAD, NOW) == transient(cause)


def response(make: RecordMaker) -> bytes:
    return make.record(Kind.DATA, OK)


WITHOUT_DATA: dict[str, Callable[[RecordMaker], bytes]] = {
    "new keys": lambda make: make.record(Kind.HANDSHAKE, KEY_UPDATE),
    "a ticket": lambda make: make.record(Kind.HANDSHAKE, TICKET),
    "half a ticket": lambda make: make.record(Kind.HANDSHAKE, TICKET[:20]),
    "empty data": lambda make: make.record(Kind.DATA, b""),
}


class TestRecordsWithoutData:
    @pytest.fixture
    def server(self, authority: trustme.CA, tmp_path: Path) -> Iterator[ScriptedServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.num_tickets = ssl.TLSVersion.TLSv1_3, 0
        context.keylog_filename = str(tmp_path / "keys")
        authority.issue_cert("127.0.0.1").configure_cert(context)
        with ScriptedServer(context, by=by_records()).running() as running:
            yield running

    @pytest.fixture
    def sending(self, tmp_path: Path) -> Sending:
        """Send records that are made for the newest connection, in one segment each."""

        def act(*making: Callable[[RecordMaker], bytes]) -> Act:
            def send(sock: RecordSocket) -> None:
                make = RecordMaker(tmp_path / "keys")
                for each in making:
                    sock.raw(each(make))

            return acting(send)

        return act

    @pytest.mark.parametrize("records", WITHOUT_DATA.values(), ids=WITHOUT_DATA)
    @pytest.mark.parametrize("joined", [True, False], ids=["in its segment", "in the next"])
    def test_behind_a_response_end_the_connections_use(
        self, server: ScriptedServer, connect: Callable[..., Poster], sending: Sending, records: Making, *, joined: bool
    ) -> None:
        act = sending(lambda make: response(make) + records(make)) if joined else sending(response, records)
        sent = threading.Semaphore(0)

        def counted(sock: socket.socket) -> socket.socket | None:
            kept = act(sock)
            sent.release()
            return kept

        server.script(*[counted] * 3)
        client = connect(server.url)
        for _ in range(3):
            assert client.post(PAYLOAD, NOW) == DELIVERED
            sent.acquire()
        assert server.connections == 3

    def test_before_a_response_are_passed_over(
        self, server: ScriptedServer, connect: Callable[..., Poster], sending: Sending
    ) -> None:
        server.script(sending(*[WITHOUT_DATA["empty data"], WITHOUT_DATA["a ticket"]] * 10, response))
        client = connect(server.url)
        assert client.post(PAYLOAD, NOW) == DELIVERED

    def test_without_end_are_no_response(
        self, server: ScriptedServer, connect: Callable[..., Poster], sending: Sending
    ) -> None:
        server.script(sending(*[lambda make: make.record(Kind.HANDSHAKE, TICKET * 400)] * 30), sending(response))
        client = connect(server.url)
        assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
        assert client.post(PAYLOAD, NOW) == DELIVERED


@pytest.mark.usefixtures("server_speaks_last")
def test_a_connection_with_unread_surplus_is_not_used(tls: ssl.SSLContext, connect: Callable[..., Poster]) -> None:
    """It comes to rest, unused, with what came behind its handshake."""
    others_done = threading.Event()
    connections = count()

    def secured(context: ssl.SSLContext) -> Act:
        def act(sock: socket.socket) -> socket.socket:
            if next(connections) == 0:
                return RecordSocket(context, b"", sock)
            others_done.wait()
            return RecordSocket(context, OK, sock)

        return act

    with ScriptedServer(tls, by=secured).running() as server:
        server.script(*[reply(OK)] * 3)
        client = connect(server.url)
        assert isinstance(client, BlockingSender)
        carrier, head = client.carrier, RequestHead.of(Request("POST", server.url).prepare())
        carrier.send_all(head, 2)
        third: asyncio.Future[HttpResponse | Exception] = carrier.loop.create_future()

        def send_once_both_rest() -> None:
            if carrier.transport.open_connections == 2:
                carrier.transport.send(head, b"third", third.set_result)
            else:
                carrier.loop.call_soon(send_once_both_rest)

        carrier.loop.call_soon(send_once_both_rest)
        others_done.set()
        assert isinstance(carrier.loop.run_until_complete(third), HttpResponse)
        assert server.requests[-1].endswith(b"third")
