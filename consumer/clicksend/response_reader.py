"""Read a response from the bytes of a connection."""

from __future__ import annotations

import http.client
import io
import re

import urllib3
from msgspec import Struct

from consumer.clicksend.chunked_body import ChunkedBody
from consumer.clicksend.response_head import HEAD_LIMIT, Headers, ResponseHead, read_head, read_status_line
from consumer.clicksend.transport import ANSWER_LIMIT, BODY_LIMIT

_HEAD_END = re.compile(rb"\n\r?\n")
_MOST_CODINGS = 5  # of one body, as many as urllib3 decodes


class HttpResponse(Struct, frozen=True, gc=False):
    """One complete response.

    headers -- parsed on demand
    body    -- decoded from chunks and content coding
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the field of that name, case-insensitive; None if there is none."""
        return self.headers.get(name)


class HeadReader:
    """Find heads in received data."""

    __slots__ = ("_searched", "_started", "rest")

    def __init__(self) -> None:
        self.rest = bytearray()  # received after the last head
        self._searched = 0  # bytes of it in which no head ends
        self._started = False  # a valid status line was received

    def feed(self, data: bytes) -> bytes | None:
        """Add data; return the next head once complete. Raises http.client.HTTPException if it can't be one."""
        rest = self.rest
        rest += data
        if end := _HEAD_END.search(rest, self._searched):
            head = bytes(rest[: end.end()])
            del rest[: end.end()]
            self._searched, self._started = 0, False
            return head
        if not self._started and b"\n" in data:
            read_status_line(rest.partition(b"\n")[0].decode("latin-1"))  # fail early on data that is not HTTP
            self._started = True
        if len(rest) > HEAD_LIMIT:
            raise http.client.LineTooLong("head")
        self._searched = max(0, len(rest) - 2)
        return None


class ResponseReader:
    """Read the response to one request: `feed` it data until it returns the response.

    reusable -- whether the connection may be reused: the server keeps it, the response's end is unambiguous, and no
                data follows it
    """

    __slots__ = ("_body", "_chunks", "_head", "_heads", "_room", "reusable")

    def __init__(self) -> None:
        self._room = ANSWER_LIMIT
        self._heads: HeadReader | None = None
        self._head: ResponseHead | None = None  # of the final response; None until it is complete
        self._chunks: ChunkedBody | None = None
        self._body = bytearray()
        self.reusable = False

    def feed(self, data: bytes) -> HttpResponse | None:
        """Add data; return the response once complete. Raises http.client.HTTPException if it is invalid.

        Interim responses (1xx) are skipped.
        """
        self._room -= len(data)
        if self._room < 0:
            raise http.client.HTTPException("the response is too long")
        head = self._head
        if head is not None:
            return self._take(head, data)
        if self._heads is None and (found := _HEAD_END.search(data)):  # most heads arrive in one piece
            head = read_head(data[: found.end()])
            if head.status >= 200:
                return self._begin(head, data[found.end() :])
        return self._find_head(data)

    def end(self) -> HttpResponse:
        """Return the response that the connection's end completes. Raises http.client.HTTPException if it is cut.

        requests takes the start of a head for a whole one. It proves nothing: the rest may have told of a body.
        """
        if self._room == ANSWER_LIMIT:
            raise http.client.RemoteDisconnected("closed without a response")
        head = self._head
        self.reusable = False
        if head is None or head.length is not None:
            raise http.client.HTTPException("the response is cut")
        if self._chunks is not None:
            self._chunks.end()
            return _response(head, self._chunks.body)
        return _response(head, bytes(self._body))

    def _find_head(self, data: bytes) -> HttpResponse | None:
        if self._heads is None:
            self._heads = HeadReader()
        while found := self._heads.feed(data):
            head = read_head(found)
            if head.status >= 200:
                return self._begin(head, bytes(self._heads.rest))
            data = b""
        return None

    def _begin(self, head: ResponseHead, data: bytes) -> HttpResponse | None:
        self._head = head
        if head.chunked:
            self._chunks = ChunkedBody()
        elif head.length is not None:
            if head.length > BODY_LIMIT:
                raise http.client.HTTPException("the body is too long")
            if head.length == len(data):
                self.reusable = head.persistent
                return _response(head, data)
        return self._take(head, data)

    def _take(self, head: ResponseHead, data: bytes) -> HttpResponse | None:
        if self._chunks is not None:
            if not self._chunks.feed(data):
                return None
            self.reusable = head.persistent and self._chunks.sound
            return _response(head, self._chunks.body)
        self._body += data
        come = len(self._body)
        if head.length is None:
            if come > BODY_LIMIT:
                raise http.client.HTTPException("the body is too long")
            return None
        if come < head.length:
            return None
        self.reusable = head.persistent and come == head.length
        return _response(head, bytes(self._body[: head.length]))


def _response(head: ResponseHead, body: bytes) -> HttpResponse:
    if head.encoding:
        body = _decoded(body, head.encoding)
    return HttpResponse(head.status, head.headers, body)


def _decoded(body: bytes, encoding: str) -> bytes:
    """Decode unsolicited content codings, as requests does. Raises http.client.HTTPException on failure.

    One at a time, so that the limit bounds the work, too: nested gzip can hold millions of empty members.
    """
    codings = encoding.split(",")
    if len(codings) > _MOST_CODINGS:
        raise http.client.HTTPException("the body has too many codings")
    for coding in reversed(codings):
        body = _decoded_once(body, coding.strip(" \t"))
    return body


def _decoded_once(body: bytes, coding: str) -> bytes:
    packed = urllib3.HTTPResponse(io.BytesIO(body), {"Content-Encoding": coding}, preload_content=False)
    plain = b""
    try:
        for piece in packed.stream(16 * 1024):
            plain += piece
            if len(plain) > BODY_LIMIT:
                raise http.client.HTTPException("the body is too long")
    except urllib3.exceptions.HTTPError as error:
        raise http.client.HTTPException("the body can't be decoded") from error
    return plain
