"""From the bytes of a connection to an answer."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, replace

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests.structures import CaseInsensitiveDict

from consumer.clicksend.transport import ANSWER_LIMIT

HEAD_LIMIT = 64 * 1024  # bytes of one answer's headers and of its status line's text
_MOST_HEADERS = 100  # http.client's limit, too
_VERSIONS = ("1.0", "1.1")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end.

    body     -- as it came, chunks put together
    reusable -- the connection may carry another request: the server keeps it, and nothing follows the answer
    """

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    reusable: bool


class AnswerParser:
    """Reads one connection's answers, each with `begin` and then `feed` until it is there.

    llhttp does the parsing, Node's parser in its strict mode: it takes no bare LF, no folded headers, no NUL, no two
    lengths. What it leaves to its callers is checked here: sizes, HTTP's version, transfer encodings other than
    chunked, an end of the connection, and bytes after the answer.
    """

    def __init__(self) -> None:
        self._llhttp = HttpResponseParser(self)  # calls the methods `on_...`
        self.begin()

    def begin(self) -> None:
        """What comes next is the answer to another request."""
        self._room = ANSWER_LIMIT
        self._head_room = HEAD_LIMIT
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: CaseInsensitiveDict[str] | None = None  # of the answer that has begun; None until all are there
        self._body: list[bytes] = []
        self._answer: Answer | None = None

    def feed(self, data: bytes) -> Answer | None:
        """Take what came, or b"" where the connection has ended. Gives the answer once it is there.

        Raises http.client.HTTPException where this is no answer.
        """
        if not data:
            return self._ended()
        if self._room == ANSWER_LIMIT and not data.startswith(b"H"):  # llhttp would take empty lines, RTSP and ICE
            raise http.client.HTTPException("not HTTP")
        self._room -= len(data)
        if self._room < 0:
            raise http.client.HTTPException("the answer is too long")
        try:
            self._llhttp.feed_data(data[:-1])
            if self._answer is None:
                self._llhttp.feed_data(data[-1:])
                return self._answer
        except (HttpParserError, HttpParserUpgrade):
            if self._answer is None:
                raise http.client.HTTPException("malformed") from None
        return replace(self._answer, reusable=False)  # it was there before the last byte: something follows it

    def _ended(self) -> Answer:
        if self._room == ANSWER_LIMIT:
            raise http.client.RemoteDisconnected("closed without an answer")
        headers = self._headers
        if headers is None or "Content-Length" in headers or "Transfer-Encoding" in headers:
            raise http.client.HTTPException("the answer is cut")
        return Answer(self._llhttp.get_status_code(), headers, b"".join(self._body), reusable=False)

    def on_status(self, reason: bytes) -> None:
        """llhttp has read some of the status line's text."""
        self._head_room -= len(reason)
        if self._head_room < 0:
            raise ValueError("too long a status line")

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp has read a header, or a trailer."""
        self._head_room -= len(name) + len(value)
        self._fields.append((name, value))
        if self._head_room < 0 or len(self._fields) > _MOST_HEADERS:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        """llhttp has read the last header."""
        if self._llhttp.get_http_version() not in _VERSIONS or self._llhttp.get_status_code() < 100:
            raise ValueError("not HTTP/1.0 or 1.1, or no status of theirs")
        headers = CaseInsensitiveDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._fields)
        if headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
            raise ValueError("a transfer encoding that is not asked for")
        self._headers = headers

    def on_body(self, data: bytes) -> None:
        """llhttp has read some of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """llhttp has read an answer to its end: this one, an interim one, or one that nobody has asked for."""
        status = self._llhttp.get_status_code()
        if 100 <= status < 200:
            self._headers = None
        elif self._answer is None and self._headers is not None:
            kept = self._llhttp.should_keep_alive()
            self._answer = Answer(status, self._headers, b"".join(self._body), reusable=kept)
        self._fields = []
