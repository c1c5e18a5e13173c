"""The contract for inconsistent or truncated responses: neither a delivery, nor the next request's response.

http.client, and the email package that reads its headers, take what RFC 9112 forbids, and so does the delivery loop's
transport: what it refused might have enrolled somebody, and be sent again (test_stock_requests.py). What holds for
both is that nothing of such an answer is taken for the next.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.transport import Timeouts
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, UNINTELLIGIBLE, transient
from tests.clicksend.scripted_server import (
    OK,
    SUCCESS,
    ScriptedServer,
    answer,
    drip,
    reply,
    reply_and_close,
    reply_and_end_tls,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.clicksend.conftest import Poster

SHORT_READ = Timeouts(connect=60, read=0.15, total=120)
TRIES = 50  # a busy machine may need more than such a short time for an answer
START = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(SUCCESS)
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKED_SUCCESS = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SUCCESS), SUCCESS)


def headers(*lines: bytes) -> bytes:
    """An answer with these header lines, and the usual body."""
    return START + b"".join(lines) + b"\r\n" + SUCCESS


NOT_HTTP = {
    "garbage first": b"garbage\r\n" + OK,
    "an empty line first": b"\r\n" + OK,
    "NULs first": b"\0\0" + OK,
    "overlong status line": b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n",
    "RTSP": OK.replace(b"HTTP/1.1", b"RTSP/1.0", 1),
    "four digits": OK.replace(b"200", b"2000", 1),
    "letters for digits": OK.replace(b"200", b"2OO", 1),
    "chunk with a size of words": CHUNKED + b"two\r\nok\r\n0\r\n\r\n",
    "chunk longer than told": CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    "chunk shorter than told": CHUNKED + b"3\r\nok\r\n0\r\n\r\n",
    "overlong chunk": CHUNKED + b"fffffffffffffffff\r\nok\r\n0\r\n\r\n",
    "body longer than there is": headers(b"Content-Length: 5000\r\n"),
    "chunks that never come": CHUNKED,
}


@pytest.mark.parametrize("data", NOT_HTTP.values(), ids=NOT_HTTP)
def test_a_lie_that_anybody_sees_is_transient(
    server: ScriptedServer, connect: Callable[..., Poster], data: bytes
) -> None:
    server.script(reply_and_close(data), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert len(server.requests) == 2


SEEN_BY_A_STRICT_PARSER = {
    # http.client takes the first of several lengths, none for one that is no number, and none beside chunks
    "two lengths": headers(LENGTH, b"Content-Length: 9\r\n"),
    "the same length twice": headers(LENGTH, LENGTH),
    "a list of lengths": headers(b"Content-Length: 9, 9\r\n"),
    "negative length": headers(b"Content-Length: -9\r\n"),
    "length with a sign": headers(b"Content-Length: +9\r\n"),
    "length that is no number": headers(b"Content-Length: nine\r\n"),
    "no length at all": headers(b"Content-Length:\r\n"),
    "length beyond 64 bits": headers(b"Content-Length: 99999999999999999999999\r\n"),
    "length beside chunks": CHUNKED_SUCCESS.replace(b"\r\n", b"\r\nContent-Length: 9\r\n", 1),
    "length after chunks": CHUNKED_SUCCESS.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n", 1),
    # http.client knows no transfer encoding but one that is exactly `chunked`
    "packed chunks": CHUNKED_SUCCESS.replace(b"chunked", b"gzip, chunked", 1),
    "chunks within another encoding": CHUNKED_SUCCESS.replace(b"chunked", b"chunked, gzip", 1),
    "unknown encoding": CHUNKED_SUCCESS.replace(b"chunked", b"cow", 1),
    # Python's int() and readline() read the sizes
    "negative chunk": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "chunk in hexadecimal notation": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "chunks without CR": CHUNKED + b"2\nok\n0\n\n",
    # the email package reads the headers, and takes what mail may have
    "no CR": OK.replace(b"\r\n", b"\n"),
    "a line without CR": headers(b"X-Pad: x\n", LENGTH),
    "a folded header": headers(b"X-Pad: x\r\n y\r\n", LENGTH),
    "a folded length": headers(b"Content-Length: 9\r\n 9\r\n"),
    "NUL in a header": headers(b"X-Pad: \0\r\n", LENGTH),
    "NUL in a header's name": headers(b"X-\0: x\r\n", LENGTH),
    "a space before the colon": headers(LENGTH.replace(b":", b" :")),
    "a space before the first header": headers(b" X-Pad: x\r\n", LENGTH),
    "a header without a colon": headers(b"Content-Length 9\r\n"),
    "very many headers": headers(b"X-Pad: x\r\n" * 500, LENGTH),
    # http.client takes any version that begins with HTTP/1. or HTTP/0.
    "HTTP/0.9": OK.replace(b"HTTP/1.1", b"HTTP/0.9", 1),
    "HTTP/1.2": OK.replace(b"HTTP/1.1", b"HTTP/1.2", 1),
    "HTTP/2.0": OK.replace(b"HTTP/1.1", b"HTTP/2.0", 1),
}


@pytest.mark.parametrize("data", SEEN_BY_A_STRICT_PARSER.values(), ids=SEEN_BY_A_STRICT_PARSER)
def test_a_lie_that_a_strict_parser_sees_is_transient(
    server: ScriptedServer, connect: Callable[..., Poster], data: bytes
) -> None:
    server.script(reply_and_close(data), reply(OK))
    client = connect(server.url)
    outcome = client.post(PAYLOAD, NOW)
    assert outcome.result in (Result.DELIVERED, Result.TRANSIENT)
    server.hung_up.wait()
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CHUNKED + b"2;size=two\r\n{}\r\n0;last\r\n\r\n", id="chunk extensions"),
        pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\nContent-Encoding: gzip\r\n\r\n", id="trailers"),
        pytest.param(answer("200 O\0K", b"{}"), id="NUL in the reason"),
        pytest.param(answer("200", b"{}"), id="no reason"),
        pytest.param(answer("200 OK", b"{}", "X-Name: Ren\xe9e"), id="header that is no ASCII"),
        pytest.param(answer("200 OK", b"{}", "X-Empty:"), id="empty header"),
        pytest.param(answer("200 OK", b"{}", *["X-Pad: x"] * 90), id="a great many headers"),
        pytest.param(answer("200 OK", b"{}", "X-Pad: " + "x" * 60_000), id="a very long header"),
    ],
)
def test_what_is_odd_and_no_lie_is_taken(server: ScriptedServer, connect: Callable[..., Poster], data: bytes) -> None:
    server.script(reply(data), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == Outcome(Result.DELIVERED, status=200)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert (server.connections, len(server.requests)) == (1, 2)


def test_what_follows_a_length_that_is_too_short_is_not_the_next_answer(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    server.script(reply(headers(b"Content-Length: 9\r\n")), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == UNINTELLIGIBLE
    assert client.post(PAYLOAD, NOW) == DELIVERED


def test_a_length_that_is_too_long_is_not_filled_by_the_next_answer(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    server.script(reply(headers(b"Content-Length: 150\r\n")), *[reply(OK)] * TRIES)
    client = connect(server.url, SHORT_READ)
    assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)
    outcomes = [client.post(PAYLOAD, NOW)]
    while outcomes[-1] == transient(Cause.TIMEOUT) and len(outcomes) < TRIES:
        outcomes.append(client.post(PAYLOAD, NOW))
    assert outcomes[-1] == DELIVERED
    assert server.connections == 1 + len(outcomes)


def test_a_flood_of_interim_answers_ends(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(reply_and_close(b"HTTP/1.1 100 Continue\r\n\r\n" * 6_000 + OK), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
    assert client.post(PAYLOAD, NOW) == DELIVERED


def test_an_endless_chunk_extension_ends(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(drip(CHUNKED + b"2;", b"x" * 8_000), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
    assert client.post(PAYLOAD, NOW) == DELIVERED


def test_an_answer_that_comes_before_its_request_is_none(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    asked, come = threading.Event(), threading.Event()

    def answer_and_once_more(sock: socket.socket) -> socket.socket:
        reply(OK)(sock)
        asked.wait()
        sock.sendall(answer("401 Unauthorized"))
        come.set()
        return sock

    server.script(answer_and_once_more, reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    asked.set()
    come.wait()
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert server.connections == 2


def test_an_answer_that_comes_with_the_connection_is_taken_once(connect: Callable[..., Poster]) -> None:
    """As a load balancer does when busy or after a timeout."""
    busy = answer("503 Busy", b"", "Connection: close")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_connections, args=(listener, [busy, OK]))
        thread.start()
        client = connect(f"http://127.0.0.1:{listener.getsockname()[1]}")
        outcome = client.post(PAYLOAD, NOW)
        assert outcome in (
            Outcome(Result.TRANSIENT, status=503, cause=Cause.UNAVAILABLE),
            transient(Cause.RESET),  # where the reset, for the request that nobody read, overtakes the answer
        )
        assert client.post(PAYLOAD, NOW) == DELIVERED
        client.close()
        thread.join()


def answer_connections(listener: socket.socket, answers: list[bytes]) -> None:
    """Give each connection its answer before anything is read."""
    for data in answers:
        sock, _ = listener.accept()
        with sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass


WHOLE = {
    "length": OK,
    "chunks": CHUNKED_SUCCESS,
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
}


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_an_answer_that_is_cut_is_none_wherever_it_is_cut(
    server: ScriptedServer, connect: Callable[..., Poster], whole: bytes
) -> None:
    end = len(whole)
    if whole is CHUNKED_SUCCESS:
        end -= len("\r\n\r\n")  # requests does without what follows the last chunk's size
    client = connect(server.url)
    wrong = {}
    for position in range(end):
        server.script(reply_and_close(whole[:position]), reply(OK))
        cut, next_one = client.post(PAYLOAD, NOW), client.post(PAYLOAD, NOW)
        if cut.cause not in (Cause.MALFORMED, Cause.RESET) or next_one != DELIVERED:
            wrong[position] = (cut, next_one)
    assert wrong == {}
    assert len(server.requests) == 2 * end


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_an_answer_may_come_in_any_two_pieces(
    server: ScriptedServer, connect: Callable[..., Poster], whole: bytes
) -> None:
    client = connect(server.url)
    server.script(*(reply(whole[:position], whole[position:]) for position in range(1, len(whole))))
    outcomes = [client.post(PAYLOAD, NOW) for _ in range(1, len(whole))]
    assert outcomes == [DELIVERED] * len(outcomes)
    assert server.connections == 1


def test_a_body_that_ends_with_the_connection_in_the_middle_of_its_json_is_unintelligible(
    server: ScriptedServer, connect: Callable[..., Poster]
) -> None:
    """HTTP can't tell that it is cut; the JSON can."""
    server.script(reply_and_close(START + b"\r\n" + SUCCESS[:50]))
    assert connect(server.url).post(PAYLOAD, NOW) == UNINTELLIGIBLE


def test_the_end_of_tls_within_an_answer_cuts_it(connect: Callable[..., Poster], tls: ssl.SSLContext) -> None:
    with ScriptedServer(tls).running() as server:
        server.script(reply_and_end_tls(OK[:-9]), reply(OK))
        client = connect(server.url)
        assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
        assert client.post(PAYLOAD, NOW) == DELIVERED
        assert len(server.requests) == 2
