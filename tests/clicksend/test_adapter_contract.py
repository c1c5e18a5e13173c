"""The contract of every adapter: one suite over all of them, with and without TLS.

The adapter is used as the program uses it, by a Client; a server answers byte for byte what the case says. An adapter
sends each request once, gives the whole answer or raises one of `failure.FAILURES`, keeps the deadline that comes as
`timeout.total`, reads no more than an answer may weigh, keeps its connection while the server does, and is as good as
new after any failure.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.transport import BODY_LIMIT, Timeouts
from tests.clicksend.expected import DELIVERED, NOW, PAYLOAD, UNINTELLIGIBLE, fault, transient
from tests.clicksend.scripted_server import (
    OK,
    SUCCESS,
    Act,
    ScriptedServer,
    answer,
    drip,
    hang,
    reply,
    reply_and_close,
    reply_and_reset,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clicksend.conftest import Poster

SHORT_TOTAL = Timeouts(connect=60, read=60, total=0.5)
SHORT_READ = Timeouts(connect=60, read=0.15, total=120)
TRIES = 50  # a busy machine may need more than such a short time for an answer

BARE = Outcome(Result.DELIVERED, status=200)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
BAD_REQUEST = b'{"http_code":400,"response_code":"BAD_REQUEST"}'
ALMOST_TOO_LONG = b"x" * BODY_LIMIT


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(reply(OK), DELIVERED, id="length"),
        pytest.param(reply(*(OK[i : i + 7] for i in range(0, len(OK), 7))), DELIVERED, id="in pieces"),
        pytest.param(reply(CHUNKED + chunk(SUCCESS[:9]), chunk(SUCCESS[9:]) + chunk(b"")), DELIVERED, id="chunked"),
        pytest.param(reply(CHUNKED + chunk(SUCCESS) + b"0\r\nX-Trailer: 1\r\n\r\n"), DELIVERED, id="trailer"),
        pytest.param(reply_and_close(UNTIL_CLOSE + SUCCESS), DELIVERED, id="until close"),
        pytest.param(reply_and_close(b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS), DELIVERED, id="HTTP/1.0"),
        pytest.param(reply(answer("200 OK")), BARE, id="empty"),
        pytest.param(reply(b"HTTP/1.1 204 No Content\r\n\r\n"), Outcome(Result.DELIVERED, status=204), id="204"),
        pytest.param(reply(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), DELIVERED, id="100 first"),
        pytest.param(reply(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3, OK), DELIVERED, id="103 first"),
        pytest.param(
            reply(answer("200 OK", gzip.compress(BAD_REQUEST), "Content-Encoding: gzip")),
            Outcome(Result.REJECTED, status=200, code="BAD_REQUEST"),
            id="gzip",
        ),
        pytest.param(reply(answer("200 OK", ALMOST_TOO_LONG)), UNINTELLIGIBLE, id="as long as may be"),
        pytest.param(reply(answer("301 Moved", b"", "Location: /v3")), fault(Fault.REDIRECTED, 301), id="redirect"),
        pytest.param(
            reply(answer("302 Found", b"", "Location: http://[\xff")), fault(Fault.REDIRECTED, 302), id="mad redirect"
        ),
        pytest.param(reply(answer("401 Unauthorized")), fault(Fault.UNAUTHORIZED, 401), id="401"),
        pytest.param(
            reply(answer("429 Slow Down", b"", "retry-after: 7")),
            Outcome(Result.TRANSIENT, status=429, retry_after=7, cause=Cause.RATE_LIMITED),
            id="retry-after",
        ),
        pytest.param(
            reply(answer("600 Odd")), Outcome(Result.TRANSIENT, status=600, cause=Cause.MALFORMED), id="status 600"
        ),
    ],
)
def test_a_whole_answer_becomes_its_outcome(
    server: ScriptedServer, connect: Callable[..., Poster], act: Act, expected: Outcome
) -> None:
    server.script(act, reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == expected
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert len(server.requests) == 2


BROKEN = {
    "not HTTP": reply_and_close(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "HTTP/2": reply_and_close(b"HTTP/2 200\r\n\r\n"),
    "no status": reply_and_close(b"HTTP/1.1 OK\r\n\r\n"),
    "status 99": reply_and_close(b"HTTP/1.1 99 Low\r\n\r\n"),
    "status line cut": reply_and_close(b"HTTP/1.1 200"),
    "headers cut": reply_and_close(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-"),
    "long header": reply_and_close(answer("200 OK", SUCCESS, "X-Pad: " + "x" * 70_000)),
    "heavy headers": reply_and_close(answer("200 OK", SUCCESS, *["X-Pad: " + "x" * 3_000] * 60)),
    "body cut": reply_and_close(OK[:-1]),
    "chunk cut": reply_and_close(CHUNKED + chunk(SUCCESS)[:-9]),
    "last chunk missing": reply_and_close(CHUNKED + chunk(SUCCESS)),
    "bad chunk length": reply_and_close(CHUNKED + b"zz\r\n" + SUCCESS),
    "bad gzip": reply(answer("200 OK", SUCCESS, "Content-Encoding: gzip")),
    "long body": reply(answer("200 OK", ALMOST_TOO_LONG + b"x")),
    "long chunked body": drip(CHUNKED, chunk(b"x" * 8_000)),
    "long body until close": drip(UNTIL_CLOSE, b"x" * 8_000),
    "gzip bomb": reply(answer("200 OK", gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip")),
    "endless 1xx": drip(b"", b"HTTP/1.1 103 Early Hints\r\nX-Pad: " + b"x" * 8_000 + b"\r\n\r\n"),
}


@pytest.mark.parametrize("act", BROKEN.values(), ids=BROKEN)
def test_a_malformed_cut_or_oversized_answer_is_transient(
    server: ScriptedServer, connect: Callable[..., Poster], act: Act
) -> None:
    server.script(act, reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == transient(Cause.MALFORMED)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(reply_and_close(), id="closed before the answer"),
        pytest.param(reply_and_reset(), id="reset before the answer"),
    ],
)
def test_a_connection_that_breaks_is_transient_and_nothing_is_sent_twice(
    server: ScriptedServer, connect: Callable[..., Poster], act: Act
) -> None:
    server.script(reply(OK), act, reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert client.post(PAYLOAD, NOW) == transient(Cause.RESET)
    assert len(server.requests) == 2
    assert client.post(PAYLOAD, NOW) == DELIVERED


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", id="headers"),
        pytest.param(OK[:-1], id="body"),
    ],
)
def test_a_reset_within_the_answer_is_transient(
    server: ScriptedServer, connect: Callable[..., Poster], part: bytes
) -> None:
    server.script(reply_and_reset(part), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) in (transient(Cause.RESET), transient(Cause.MALFORMED))
    assert client.post(PAYLOAD, NOW) == DELIVERED


def test_a_reset_after_the_answer_does_no_harm(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(reply_and_reset(OK), reply(OK))
    client = connect(server.url)
    client.post(PAYLOAD, NOW)  # the reset may overtake the answer
    server.hung_up.wait()
    assert client.post(PAYLOAD, NOW) == DELIVERED


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(drip(b"HTTP/1.1 200 ", b"O"), id="status line"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n", b"x"), id="header"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"x"), id="body"),
        pytest.param(drip(CHUNKED, chunk(b"x")), id="chunks"),
        pytest.param(drip(CHUNKED + b"0\r\n", b"X: y\r\n"), id="trailers"),
        pytest.param(drip(UNTIL_CLOSE, b"x"), id="until close"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="1xx"),
        pytest.param(hang, id="silence"),
    ],
)
def test_no_answer_takes_longer_than_the_total_timeout(
    server: ScriptedServer, connect: Callable[..., Poster], act: Act
) -> None:
    server.script(act, *[reply(OK)] * TRIES)  # the dripping never ends, so that the test ends only with the deadline
    client = connect(server.url, SHORT_TOTAL)
    assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)
    assert DELIVERED in (client.post(PAYLOAD, NOW) for _ in range(TRIES))


def test_silence_takes_no_longer_than_the_read_timeout(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(hang, *[reply(OK)] * TRIES)
    client = connect(server.url, SHORT_READ)
    assert client.post(PAYLOAD, NOW) == transient(Cause.TIMEOUT)
    assert DELIVERED in (client.post(PAYLOAD, NOW) for _ in range(TRIES))


def test_a_connection_is_kept(server: ScriptedServer, connect: Callable[..., Poster]) -> None:
    server.script(*[reply(OK)] * 3, reply(answer("400 Bad Request", BAD_REQUEST)), reply(OK))
    client = connect(server.url)
    for _ in range(5):
        client.post(PAYLOAD, NOW)
    assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "closing",
    [
        pytest.param(reply_and_close(OK), id="unannounced"),
        pytest.param(reply_and_close(answer("200 OK", SUCCESS, "Connection: close")), id="announced"),
    ],
)
def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(
    server: ScriptedServer, connect: Callable[..., Poster], closing: Act
) -> None:
    server.script(closing, reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    server.hung_up.wait()
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(answer("401 Unauthorized"), id="a second answer"),
        pytest.param(b"garbage", id="garbage"),
    ],
)
def test_bytes_after_an_answer_are_not_the_next_answer(
    server: ScriptedServer, connect: Callable[..., Poster], stray: bytes
) -> None:
    server.script(reply(OK + stray), reply(OK))
    client = connect(server.url)
    assert client.post(PAYLOAD, NOW) == DELIVERED
    assert client.post(PAYLOAD, NOW) == DELIVERED
