"""What the parser adds to llhttp. What it makes of whole conversations is the contract suite's."""

from __future__ import annotations

import gc
import http.client

import pytest

from consumer.clicksend.answer_parser import HEAD_LIMIT, Answer, AnswerParser
from consumer.clicksend.transport import ANSWER_LIMIT
from tests.clicksend.scripted_server import OK, SUCCESS, answer

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def parsed(data: bytes, size: int) -> Answer | None:
    """The answer in data that comes in pieces of a size."""
    parser = AnswerParser()
    for start in range(0, len(data), size):
        if found := parser.feed(data[start : start + size]):
            return found
    return None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_an_answer_is_the_same_however_it_comes(size: int) -> None:
    found = parsed(OK, size)
    assert found
    assert (found.status, found.body, found.reusable) == (200, SUCCESS, True)
    assert found.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        pytest.param(OK, True, id="nothing follows"),
        pytest.param(OK + b"\r\n", False, id="an empty line follows"),
        pytest.param(OK + b"\0", False, id="a byte follows"),
        pytest.param(OK + OK, False, id="an answer follows"),
        pytest.param(OK + OK[:-1], False, id="half an answer follows"),
        pytest.param(OK + answer("401 Unauthorized", b"x", "Content-Encoding: gzip"), False, id="another follows"),
        pytest.param(answer("200 OK", SUCCESS, "Connection: close"), False, id="close"),
        pytest.param(answer("200 OK", SUCCESS, "connection: x, Close"), False, id="close among others"),
        pytest.param(OK.replace(b"1.1", b"1.0", 1), False, id="HTTP/1.0"),
        pytest.param(answer("200 OK", SUCCESS, "Connection: keep-alive").replace(b"1.1", b"1.0", 1), True, id="kept"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", True, id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True, id="304"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\nx", False, id="204 with a body"),
    ],
)
def test_a_connection_is_reusable_if_the_server_keeps_it_and_nothing_follows(data: bytes, reusable: bool) -> None:
    found = AnswerParser().feed(data)
    assert found
    assert found.reusable is reusable
    assert found.status in (200, 204, 304)
    assert "Content-Encoding" not in found.headers


def test_nothing_of_one_answer_is_left_in_the_next() -> None:
    parser = AnswerParser()
    for data in (answer("200 OK", b"one", "X-One: 1"), answer("400 Bad", b"two", "X-Two: 2"), answer("200 OK")):
        parser.begin()
        found = parser.feed(data)
        assert found
        assert set(found.headers) <= {"X-One", "X-Two", "Content-Length"}
        assert (found.body, len(found.headers)) in ((b"one", 2), (b"two", 2), (b"", 1))


def test_trailers_are_not_headers_but_end_a_connection() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = chunked + b"2\r\n{}\r\n0\r\nX-Trailer: 1\r\nConnection: close\r\n\r\n"
    found = AnswerParser().feed(chunks)
    assert found
    assert (dict(found.headers), found.body, found.reusable) == ({"Transfer-Encoding": "chunked"}, b"{}", False)


def test_a_body_may_end_with_the_connection() -> None:
    parser = AnswerParser()
    assert parser.feed(CLOSING) is None
    assert parser.feed(SUCCESS) is None
    found = parser.feed(b"")
    assert found
    assert (found.body, found.reusable) == (SUCCESS, False)


def test_a_connection_that_ends_without_a_byte_is_broken_and_no_bad_answer() -> None:
    with pytest.raises(ConnectionResetError):
        AnswerParser().feed(b"")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CLOSING + b"x" * ANSWER_LIMIT, id="answer"),
        pytest.param(answer("200 OK", b"", "X-Pad: " + "x" * HEAD_LIMIT), id="header"),
        pytest.param(answer("200 OK", b"", *["X-Pad: " + "x" * 1000] * 70), id="headers"),
        pytest.param(answer("200 " + "O" * (HEAD_LIMIT + 1)), id="reason"),
        pytest.param(answer("200 OK", b"", *["X: y"] * 100), id="number of headers"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="another protocol"),
        pytest.param(answer("101 Go", b"", "Connection: upgrade", "Upgrade: h2c"), id="an upgrade"),
        pytest.param(b"ICE/1.0 200 OK\r\n\r\n", id="ICE"),
    ],
)
def test_what_is_too_long_or_not_asked_for_is_no_answer(data: bytes) -> None:
    with pytest.raises(http.client.HTTPException):
        AnswerParser().feed(data)


def test_answers_leave_no_rings_for_the_garbage_collector() -> None:
    parser = AnswerParser()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            parser.begin()
            parser.feed(OK)
        assert gc.collect() == 0
    finally:
        gc.enable()
