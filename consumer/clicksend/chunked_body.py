"""A body that comes in chunks."""

from __future__ import annotations

import http.client
import re

from consumer.clicksend.transport import BODY_LIMIT

_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}(?:[ \t]*;[^\n]*)?\r\n")
_CRLF = b"\r\n"


class ChunkedBody:
    """Puts the chunks of one body together.

    Reads them as requests does (urllib3, Python's int), which is laxer than RFC 9112, 7.1. `sound` says that nothing
    was odd.
    """

    def __init__(self) -> None:
        self._data = bytearray()  # come, and not read yet
        self._searched = 0  # bytes of it that hold no LF
        self._chunk: int | None = None  # bytes of the chunk that has begun; None between two
        self._last = False  # the chunk of size zero has come: what follows are trailers
        self._body = bytearray()
        self.sound = True

    def feed(self, data: bytes) -> bool:
        """Take what came; return whether the body is complete. Raises http.client.HTTPException for what is none."""
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
        """The connection has ended. Raises http.client.HTTPException where the body was not complete.

        It is once its last chunk has come: trailers, and the empty line after them, say nothing about it.
        """
        self.sound = False
        if self._chunk is None and not self._last and self._data:
            self._begin(bytes(self._data))
        if not self._last:
            raise http.client.HTTPException("the body is cut")

    @property
    def body(self) -> bytes:
        """What has come of it."""
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
        """Read the line before a chunk: its size, and extensions that mean nothing to us."""
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
        """Take the chunk and the line's end after it, whatever stands there, as soon as both have come."""
        size = self._chunk or 0
        if len(self._data) < size + 2:
            return False
        self._body += self._data[:size]
        self.sound = self.sound and self._data[size : size + 2] == _CRLF
        del self._data[: size + 2]
        self._chunk = None
        return True
