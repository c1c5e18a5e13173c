"""A chunked body."""

from __future__ import annotations

import http.client
import re

from consumer.clicksend.transport import BODY_LIMIT

_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}(?:[ \t]*;[^\n]*)?\r\n")
_CRLF = b"\r\n"


class ChunkedBody:
    """Decode one chunked body.

    Accept what requests accepts (urllib3, Python's int), which is laxer than RFC 9112, 7.1. `sound` is False after any
    violation.
    """

    def __init__(self) -> None:
        self._data = bytearray()  # received, not decoded yet
        self._searched = 0  # bytes of it without LF
        self._chunk: int | None = None  # size of the current chunk; None between two
        self._last = False  # the last chunk was received: trailers follow
        self._body = bytearray()
        self.sound = True

    def feed(self, data: bytes) -> bool:
        """Add data; return whether the body is complete. Raises http.client.HTTPException if it is invalid."""
        self._data += data
        while True:
            if self._chunk is not None:
                if not self._take_chunk():
                    return False
            elif (line := self._take_line()) is None:
                return False
            elif not self._last:
                self._begin(line)
            elif line in (b"\r\n", b"\n"):
                self.sound = self.sound and line == _CRLF and not self._data
                return True

    def end(self) -> None:
        """Note the end of the connection. Raises http.client.HTTPException if the last chunk is missing.

        Trailers and the empty line after them are not required.
        """
        self.sound = False
        if self._chunk is None and not self._last and self._data:
            self._begin(bytes(self._data))
        if not self._last:
            raise http.client.HTTPException("the body is cut")

    @property
    def body(self) -> bytes:
        """Return the decoded body so far."""
        return bytes(self._body)

    def _take_line(self) -> bytes | None:
        end = self._data.find(b"\n", self._searched) + 1
        if not end:
            self._searched = len(self._data)
            return None
        line = bytes(self._data[:end])
        del self._data[:end]
        self._searched = 0
        return line

    def _begin(self, line: bytes) -> None:
        """Read a chunk's size line. Extensions are ignored."""
        try:
            size = int(line.split(b";", 1)[0], 16)
        except ValueError:
            raise http.client.HTTPException("a chunk is malformed") from None
        if not 0 <= size <= BODY_LIMIT - len(self._body):
            raise http.client.HTTPException("a chunk has a size that can't be")
        self.sound = self.sound and _SIZE.fullmatch(line) is not None
        self._last = size == 0
        self._chunk = size or None

    def _take_chunk(self) -> bool:
        """Take the chunk and the two bytes after it, of any value, once both are received."""
        size = self._chunk or 0
        if len(self._data) < size + 2:
            return False
        self._body += self._data[:size]
        self.sound = self.sound and self._data[size : size + 2] == _CRLF
        del self._data[: size + 2]
        self._chunk = None
        return True
