from __future__ import annotations

import random
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.sink import HOST, Sink
from tests.benchmarks.sink_plan import Answer, Faults, Plan
from tests.benchmarks.tally import Count

BODY = b'{"email":"u0@example.com"}'
REQUEST = b"POST /v3/lists/42/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path) as started:
        yield started


@pytest.fixture
def plain(sink: Sink) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, sink.port), timeout=30) as connection:
        yield connection


@pytest.fixture
def encrypted(sink: Sink) -> Iterator[socket.socket]:
    context = ssl.create_default_context(cafile=sink.ca_file)
    with (
        socket.create_connection((HOST, sink.tls_port), timeout=30) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as wrapped,
    ):
        yield wrapped


@pytest.fixture(params=["plain", "encrypted"])
def connection(request: pytest.FixtureRequest) -> socket.socket:
    chosen: socket.socket = request.getfixturevalue(request.param)
    return chosen


def status(connection: socket.socket) -> bytes:
    return connection.recv(4096).partition(b"\r\n")[0]


def test_a_contact_is_stored(sink: Sink, connection: socket.socket) -> None:
    connection.sendall(REQUEST)
    assert status(connection) == b"HTTP/1.1 200 OK"
    assert [each.email for each in sink.log()] == ["u0@example.com"]
    assert (sink.stored, sink.connections) == (1, 1)


def test_a_request_may_come_in_pieces(sink: Sink, connection: socket.socket) -> None:
    for piece in (REQUEST[:40], REQUEST[40:-5], REQUEST[-5:]):
        connection.sendall(piece)
        time.sleep(0.01)
    assert status(connection) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        pytest.param(Faults(unavailable=1.0), b"HTTP/1.1 503 Service Unavailable", id="503"),
        pytest.param(Faults(limited=1.0), b"HTTP/1.1 429 Too Many Requests", id="429"),
    ],
)
def test_a_fault_is_answered_and_nothing_stored(
    sink: Sink, connection: socket.socket, faults: Faults, expected: bytes
) -> None:
    sink.follow(Plan(faults=faults))
    connection.sendall(REQUEST)
    assert status(connection) == expected
    assert sink.stored == 0


def test_a_connection_may_be_reset(sink: Sink, plain: socket.socket) -> None:
    sink.follow(Plan(faults=Faults(reset=1.0)))
    plain.sendall(REQUEST)
    with pytest.raises(ConnectionResetError):
        plain.recv(4096)
    assert (sink.stored, sink.connections) == (0, 0)


def test_a_silent_sink_keeps_the_connection(sink: Sink, connection: socket.socket) -> None:
    sink.follow(Plan(faults=Faults(silence=1.0)))
    connection.sendall(REQUEST)
    while not sink.log():
        time.sleep(0.01)
    connection.setblocking(False)  # noqa: FBT003 -- the socket's own signature
    with pytest.raises((BlockingIOError, ssl.SSLWantReadError)):
        connection.recv(4096)
    assert sink.connections == 1


def test_a_tally_takes_the_place_of_the_log(sink: Sink, plain: socket.socket) -> None:
    sink.follow(Plan(tally=2))
    for _ in range(2):
        plain.sendall(REQUEST)
        assert status(plain) == b"HTTP/1.1 200 OK"
    assert sink.tally() == Count(missing=1, twice=1)
    assert sink.log() == []


def test_faults_come_in_their_shares() -> None:
    faults, samples = Faults(silence=0.1, reset=0.2, limited=0.3, unavailable=0.1), random.Random(1)
    drawn = Counter(faults.draw(samples) for _ in range(20_000))
    shares = {answer: round(count / 20_000, 1) for answer, count in drawn.items()}
    expected = (Answer.SILENCE, 0.1), (Answer.RESET, 0.2), (Answer.LIMITED, 0.3), (Answer.UNAVAILABLE, 0.1)
    assert shares == {**dict(expected), Answer.TAKEN: 0.3}
