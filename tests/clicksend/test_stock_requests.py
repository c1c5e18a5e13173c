"""The transport accepts every response that requests accepts: a refused one may have enrolled a contact."""

from __future__ import annotations

import gzip
import http.client
import zlib

import pytest

from consumer.clicksend.response_reader import HttpResponse, ResponseReader
from consumer.clicksend.transport import BODY_LIMIT
from tests.clicksend.mutations import FuzzedAnswer
from tests.clicksend.scripted_server import OK, SUCCESS, answer
from tests.clicksend.stock import stock_response
from tests.clicksend.test_adapter_contract_lies import CHUNKED, CHUNKED_SUCCESS, LENGTH, NOT_HTTP, START, headers
from tests.clicksend.test_adapter_contract_lies import SEEN_BY_A_STRICT_PARSER as ODD

CASES = 3_000
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


def read(*pieces: bytes) -> HttpResponse | None:
    """The response in these pieces, followed by the connection's end; None where it is refused."""
    reader = ResponseReader()
    try:
        for piece in pieces:
            if response := reader.feed(piece):
                return response
        return reader.end()
    except (http.client.HTTPException, ConnectionError):
        return None


def known(response: HttpResponse | None) -> tuple[int, bytes] | None:
    return (response.status, response.body) if response else None


ACCEPTED = {
    "length": OK,
    "chunks": CHUNKED_SUCCESS,
    "until the end": START + b"\r\n" + SUCCESS,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS,
    "HTTP/1.0 in chunks": CHUNKED_SUCCESS.replace(b"1.1", b"1.0", 1),
    "100 first": INTERIM + OK,
    "100 three times": INTERIM * 3 + OK,
    "100 with headers": b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + OK,
    "no reason": answer("200", SUCCESS),
    "a reason of one space": answer("200 ", SUCCESS),
    "an odd reason": answer("200 O\0K", SUCCESS).replace(b"\0", b"\xff\xfe\0\t"),
    "a tab in the status line": OK.replace(b" 200 ", b"\t200\t", 1),
    "spaces in the status line": OK.replace(b" 200 ", b"   200   ", 1),
    "a space first": b" " + OK,
    "a signed status": OK.replace(b"200", b"+200", 1),
    "status 999": answer("999 Odd", SUCCESS),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "204 with a length": b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
    "205 without a length": b"HTTP/1.1 205 Reset Content\r\n\r\n",
    "205 with a length": answer("205 Reset Content"),
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n",
    "trailers that are cut": CHUNKED + b"2\r\n{}\r\n0\r\nX-One",
    "no end after the last chunk": CHUNKED + b"2\r\n{}\r\n0\r\n",
    "chunk extensions": CHUNKED + b'2;a=b;c="d;e"\r\n{}\r\n0;last\r\n\r\n',
    "spaces around a chunk's size": CHUNKED + b" 2 \r\n{}\r\n 0\r\n\r\n",
    "leading zeros of a chunk's size": CHUNKED + b"0002\r\n{}\r\n000\r\n\r\n",
    "LF after a chunk's size": CHUNKED + b"2\n{}\r\n0\n\r\n",
    "other bytes after a chunk": CHUNKED + b"2\r\n{}XX0\r\n\r\n",
    "upper case": OK.replace(b"Content-Length", b"CONTENT-LENGTH"),
    "upper case coding": CHUNKED_SUCCESS.replace(b"chunked", b"CHUNKED", 1),
    "white space around a value": OK.replace(b"Content-Length: ", b"Content-Length:\t \t"),
    "white space after a value": headers(LENGTH.replace(b"\r\n", b" \t\r\n")),
    "no white space": OK.replace(b": ", b":"),
    "identity": headers(b"Transfer-Encoding: identity\r\n", LENGTH),
    "identity without a length": headers(b"Transfer-Encoding: identity\r\n"),
    "chunked twice": CHUNKED_SUCCESS.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n", 1),
    "a length, then nonsense": headers(LENGTH, b"Content-Length: nine\r\n"),
    "a length with a semicolon": headers(LENGTH.replace(b"\r\n", b";\r\n")),
    "a header without a name": headers(b": x\r\n", LENGTH),
    "an odd name": headers(b"X(y): x\r\n", LENGTH),
    "a name that is no ASCII": headers(LENGTH, b"X-\xe9: x\r\n"),
    "CR in a value": headers(b"X-Pad: a\rb\r\n", LENGTH),
    "CR CR LF": headers(b"X-Pad: a\r\r\n", LENGTH),
    "a header smuggled by CR": headers(b"X-Pad: a\rContent-Length: 2\r\n"),
    "mail's From": headers(b"From jane\r\n", LENGTH),
    "folded by a tab": headers(b"X-Pad: x\r\n\ty\r\n", LENGTH),
    "folded to nothing": headers(b"X-Pad:\r\n \r\n", LENGTH),
    "90 headers": headers(b"X: y\r\n" * 90, LENGTH),
    "gzip": answer("200 OK", gzip.compress(SUCCESS), "Content-Encoding: gzip"),
    "x-gzip": answer("200 OK", gzip.compress(SUCCESS), "Content-Encoding: x-gzip"),
    "GZip in chunks": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: GZip\r\n\r\n")
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(gzip.compress(SUCCESS)), gzip.compress(SUCCESS)),
    "deflate": answer("200 OK", zlib.compress(SUCCESS), "Content-Encoding: deflate"),
    "gzip twice": answer("200 OK", gzip.compress(gzip.compress(SUCCESS)), "Content-Encoding: gzip, gzip"),
    "gzip that is cut": answer("200 OK", gzip.compress(SUCCESS)[:-9], "Content-Encoding: gzip"),
    "an unknown content coding": answer("200 OK", SUCCESS, "Content-Encoding: cow"),
    "identity as content coding": answer("200 OK", SUCCESS, "Content-Encoding: identity"),
    "more than told": OK + b"more",
    "two answers": OK + answer("401 Unauthorized"),
}

BEYOND_REQUESTS = {
    # http.client takes no more than 100 header lines
    "very many headers": headers(b"X-Pad: x\r\n" * 500, LENGTH),
    # http.client knows no other interim response than 100, and takes it for the response
    "103 first": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
    "101 first": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + OK,
    # it reads on after a list of equal lengths, and finds more
    "a list of lengths": ODD["a list of lengths"],
    # it waits for the chunks of a 204
    "204 in chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
}

ALL = {**ACCEPTED, **BEYOND_REQUESTS, **NOT_HTTP, **ODD}


@pytest.mark.parametrize(
    "data", [*ACCEPTED.values(), *NOT_HTTP.values(), *ODD.values()], ids=[*ACCEPTED, *NOT_HTTP, *ODD]
)
def test_a_response_is_what_requests_takes_it_for(data: bytes) -> None:
    stock = stock_response(data)
    assert known(read(data)) == stock or (data in BEYOND_REQUESTS.values() and stock is None)


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_the_cases_are_responses(data: bytes) -> None:
    assert stock_response(data)


@pytest.mark.parametrize("data", BEYOND_REQUESTS.values(), ids=BEYOND_REQUESTS)
def test_more_is_taken_where_the_rfc_allows_it(data: bytes) -> None:
    response = read(data)
    assert response
    assert (response.status, response.body) in ((200, SUCCESS), (200, SUCCESS[:9]), (204, b""))


@pytest.mark.parametrize("data", ALL.values(), ids=ALL)
def test_it_is_the_same_response_however_it_comes(data: bytes) -> None:
    whole = known(read(data))
    pieces = [bytes([byte]) for byte in data[:5000]]
    assert known(read(*pieces, data[5000:])) == whole
    for position in range(1, min(len(data), 400)):
        assert known(read(data[:position], data[position:])) == whole


def test_mutated_responses_are_what_requests_takes_them_for() -> None:
    taken = 0
    for case in range(CASES):
        data = b"".join(FuzzedAnswer.of(f"stock-{case}").pieces)
        stock, ours = stock_response(data), known(read(data))
        if stock is not None and not excused(data, stock):
            taken += 1
            assert ours == stock, (case, data)
    assert taken > CASES / 4


def excused(data: bytes, stock: tuple[int, bytes]) -> bool:
    """Return whether requests accepts an invalid response: truncated head, interim response, or beyond the limits."""
    head_ends = b"\n\r\n" in data or b"\n\n" in data
    return not head_ends or stock[0] < 200 or b" 1" in data[:13] or len(stock[1]) > BODY_LIMIT or len(data) > 60_000
