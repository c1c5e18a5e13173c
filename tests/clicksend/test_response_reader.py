"""Reuse of the connection after a response, and the limits on a response."""

from __future__ import annotations

import gc
import gzip
import http.client

import pytest

from consumer.clicksend.response_head import HEAD_LIMIT, read_head
from consumer.clicksend.response_reader import ResponseReader
from consumer.clicksend.transport import ANSWER_LIMIT, BODY_LIMIT
from tests.clicksend.scripted_server import OK, SUCCESS, answer
from tests.clicksend.test_adapter_contract_lies import CHUNKED, CHUNKED_SUCCESS, LENGTH, headers

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        pytest.param(OK, True, id="nothing follows"),
        pytest.param(CHUNKED_SUCCESS, True, id="chunks"),
        pytest.param(CHUNKED + b"2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n", True, id="chunk extensions and trailers"),
        pytest.param(answer("200 OK", SUCCESS, "Connection: close"), False, id="close"),
        pytest.param(answer("200 OK", SUCCESS, "connection: x, Close"), False, id="close among others"),
        pytest.param(answer("200 OK", SUCCESS, "Connection: x", "Connection: close"), False, id="close, later"),
        pytest.param(OK.replace(b"1.1", b"1.0", 1), False, id="HTTP/1.0"),
        pytest.param(answer("200 OK", SUCCESS, "Connection: keep-alive").replace(b"1.1", b"1.0", 1), True, id="kept"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", True, id="204"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", False, id="204 with a length"),
        pytest.param(b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", False, id="204 in chunks"),
        pytest.param(b"HTTP/1.1 205 Reset\r\n\r\n", False, id="205 without a length"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True, id="304"),
        pytest.param(headers(LENGTH, LENGTH), True, id="the same length twice"),
        pytest.param(headers(LENGTH.replace(b": ", b": 0")), True, id="a length with zeros before it"),
        pytest.param(
            CHUNKED_SUCCESS.replace(b"\r\n", b"\r\nContent-Length: 9\r\n", 1), False, id="length beside chunks"
        ),
        pytest.param(CHUNKED_SUCCESS.replace(b"1.1", b"1.0", 1), False, id="chunks of HTTP/1.0"),
        pytest.param(headers(b"Transfer-Encoding: identity\r\n", LENGTH), False, id="identity"),
        pytest.param(headers(b"Content-Length: +%d\r\n" % len(SUCCESS)), False, id="a signed length"),
        pytest.param(headers(b"X: a\r\n b\r\n", LENGTH), False, id="a folded header"),
        pytest.param(headers(b"X: a\n", LENGTH), False, id="a lone LF"),
        pytest.param(headers(b"X: a\rY: b\r\n", LENGTH), False, id="a lone CR"),
        pytest.param(headers(b"X: \0\r\n", LENGTH), False, id="NUL"),
        pytest.param(CHUNKED + b"2\n{}\r\n0\r\n\r\n", False, id="a lone LF after a chunk's size"),
        pytest.param(CHUNKED + b"2\r\n{}XX0\r\n\r\n", False, id="other bytes after a chunk"),
        pytest.param(CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", False, id="0x"),
    ],
)
def test_a_connection_is_used_again_if_the_server_keeps_it_and_nothing_is_in_doubt(
    data: bytes, reusable: bool, size: int
) -> None:
    reader = ResponseReader()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    found = [response for piece in pieces if (response := reader.feed(piece))]
    assert len(found) == 1
    assert reader.reusable is reusable


@pytest.mark.parametrize("rest", [b"\r\n", b"\0", b"x", OK, OK[:-1], b"0\r\n\r\n"])
@pytest.mark.parametrize(
    "data",
    [OK, CHUNKED_SUCCESS, b"HTTP/1.1 204 No Content\r\n\r\n", answer("304 Not Modified")],
    ids=["length", "chunks", "204", "304"],
)
def test_nothing_may_follow(data: bytes, rest: bytes) -> None:
    for position in range(1, len(data) + 1):
        reader = ResponseReader()
        reader.feed(data[:position]) or reader.feed(data[position:] + rest)
        assert not reader.reusable or position == len(data)


def test_trailers_are_no_headers() -> None:
    response = ResponseReader().feed(CHUNKED + b"2\r\n{}\r\n0\r\nContent-Encoding: gzip\r\nRetry-After: 7\r\n\r\n")
    assert response
    assert (response.body, response.header("Retry-After")) == (b"{}", None)


def test_headers_are_compared_without_case_and_joined() -> None:
    response = ResponseReader().feed(answer("200 OK", b"", "X-One: a", "x-one:  b ", "X-Name: Ren\u00e9e"))
    assert response
    assert response.header("X-ONE") == "a, b"
    assert response.header("X-Two") is None
    assert dict(response.headers) == {"x-one": "a, b", "x-name": "Ren\u00c3\u00a9e", "content-length": "0"}


EMPTY_MEMBERS = gzip.compress(b"", mtime=0) * 100_000


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CLOSING + b"x" * (BODY_LIMIT + 1), id="until the end"),
        pytest.param(answer("200 OK", b"x" * (BODY_LIMIT + 1)), id="length"),
        pytest.param(answer("200 OK").replace(b": 0", b": 99999999999999999999"), id="a length beyond all bounds"),
        pytest.param(CHUNKED + b"fff\r\n%b\r\n" % (b"x" * 0xFFF) * 20, id="chunks"),
        pytest.param(CHUNKED + b"fffffffffffff\r\n", id="a chunk beyond all bounds"),
        pytest.param(CHUNKED + b"-1\r\n", id="a negative chunk"),
        pytest.param(CHUNKED + b"0\r\n" + b"X: y\r\n" * 30_000, id="trailers"),
        pytest.param(CHUNKED + b"2;" + b"x" * ANSWER_LIMIT, id="a chunk's extension"),
        pytest.param(answer("200 OK", b"", "X-Pad: " + "x" * HEAD_LIMIT), id="a header"),
        pytest.param(answer("200 OK", b"", *["X-Pad: " + "x" * 1000] * 70), id="headers"),
        pytest.param(answer("200 " + "O" * (HEAD_LIMIT + 1)), id="reason"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 6_000, id="interim responses"),
        pytest.param(
            answer("200 OK", gzip.compress(bytes(BODY_LIMIT + 1)), "Content-Encoding: gzip"), id="a packed body"
        ),
        pytest.param(
            answer("200 OK", gzip.compress(gzip.compress(EMPTY_MEMBERS)), "Content-Encoding: gzip, gzip, gzip"),
            id="empty members in packed ones",
        ),
        pytest.param(answer("200 OK", b"", "Content-Encoding: " + ", ".join(["gzip"] * 6)), id="codings"),
        pytest.param(b"x" * (HEAD_LIMIT + 1), id="no line at all"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol, at its first line"),
        pytest.param(b"\r\n" + OK, id="an empty line"),
    ],
)
@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_what_is_too_long_or_no_response_is_refused_as_soon_as_it_shows(data: bytes, size: int) -> None:
    reader = ResponseReader()
    with pytest.raises(http.client.HTTPException):
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])


def test_a_connection_that_ends_without_a_byte_is_broken_and_no_bad_response() -> None:
    with pytest.raises(ConnectionResetError):
        ResponseReader().end()


def test_an_equal_head_is_parsed_once_if_it_is_short() -> None:
    head = OK[: OK.index(b"\r\n\r\n") + 4]
    assert read_head(head) is read_head(bytes(bytearray(head)))
    assert read_head(head.replace(b"200", b"429", 1)).status == 429
    long = head.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 1024 + b"\r\n\r\n")
    assert read_head(long) is not read_head(long)
    for _ in range(2):
        with pytest.raises(http.client.HTTPException):
            read_head(b"HTTP/1.1 two hundred\r\n\r\n")


def test_a_head_of_many_headers_costs_one_pass() -> None:
    """In whatever pieces: a thousand slow servers must not stop the loop."""
    data = headers(b"X-Pad: x\r\n" * 6_000, LENGTH)
    reader = ResponseReader()
    responses = [reader.feed(data[start : start + 1]) for start in range(len(data))]
    assert responses[-1]
    assert not any(responses[:-1])


@pytest.mark.own_process  # other threads of the test run leave rings of their own
def test_responses_leave_no_rings_for_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        for data in (OK, CHUNKED_SUCCESS) * 10:
            ResponseReader().feed(data)
        assert gc.collect() == 0
    finally:
        gc.enable()
