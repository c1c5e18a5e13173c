"""TLS of a connection, over OpenSSL's memory buffers.

asyncio's own hides what it has received but not passed on: the start of a record, and what precedes an alert.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
from typing import TYPE_CHECKING, Any, Protocol, cast

from consumer.clicksend.transport import ANSWER_LIMIT

if TYPE_CHECKING:
    from consumer.clicksend.request_head import Origin

_HEADER = 5  # bytes of a record's header (RFC 8446, 5.1)
_LONGEST = 16 * 1024 + 2048  # bytes of a record after its header (RFC 5246, 6.2.3)
_VERSION = 3  # the first byte of every record's version
_ROOM = ANSWER_LIMIT + 32 * 1024  # bytes of records for one response: endless ones without data would hold the loop


class Stream(Protocol):
    """The part of asyncio's transports that a connection needs; `Tls` has it, too."""

    def write(self, data: bytes) -> None:
        """Send data."""

    def is_closing(self) -> bool:
        """Return whether nothing more can be sent."""

    def abort(self) -> None:
        """Close the connection at once."""

    def pause_reading(self) -> None:
        """Receive nothing until `resume_reading`."""

    def resume_reading(self) -> None:
        """Receive again."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Pass what is received to this protocol from now on."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the connection's socket, by the name "socket"."""


def fail(future: asyncio.Future[None], error: Exception) -> None:
    """End a future with an error, unless it is done. A timeout in the same turn may leave nobody to fetch it."""
    if not future.done():
        future.set_exception(error)
        future.exception()


class Tls(asyncio.Protocol):
    """The client's side of TLS: a protocol for the stream below it, a stream for the protocol above it.

    OpenSSL gets whole records only, so that the start of one can be seen (`quiet`). The connection's end is known
    before the data in front of it is passed on (`is_closing`). For the loop's thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, origin: Origin) -> None:
        self._loop = loop
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        host = origin.host.rstrip(".")  # certificates name no root
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._below: Stream | None = None  # None before the connection and after its end
        self._above: asyncio.Protocol | None = None
        self._record = bytearray()  # the start of one
        self._room = _ROOM  # bytes that may be received before the next `write`
        self._unsent = b""
        self._used = False  # something was written
        self._unrest = False  # what was received last holds no data: what TLS agrees on may not be finished
        self._ended = False  # the server sent its farewell or an alert
        self._handshake: asyncio.Future[None] = loop.create_future()

    def begin(self, stream: Stream) -> None:
        """Begin the handshake over a stream that another protocol has used."""
        stream.set_protocol(self)
        self.connection_made(cast("asyncio.Transport", stream))

    async def handshake(self) -> None:
        """Wait for the handshake's end. Raises an OSError if it fails, an ssl.SSLError for a fault of TLS."""
        await self._handshake

    def carry(self, protocol: asyncio.Protocol) -> None:
        """Connect the protocol. What was received before it is passed on in the loop's next turn.

        Raises ConnectionResetError if the connection has ended.
        """
        if self._below is None:
            raise ConnectionResetError("closed during the handshake")
        self._above = protocol
        protocol.connection_made(cast("asyncio.Transport", self))
        self.resume_reading()
        self._loop.call_soon(self._decrypt)

    # For the protocol above: a stream.

    @property
    def quiet(self) -> bool:
        """Return whether nothing was received beyond the data passed on, not even the start of a record.

        A session's tickets don't count before the first request: servers send them after the handshake.
        """
        if self._record or self._unrest or self._incoming.pending:
            return False
        return not isinstance(self._below, Tls) or self._below.quiet

    def write(self, data: bytes) -> None:
        """Send data; drop it after the connection's end."""
        if not self.is_closing():
            self._used, self._room = True, _ROOM
            self._unsent = self._unsent + data if self._unsent else data
            self._send()

    def is_closing(self) -> bool:
        """Return whether nothing more can be sent, though what was received before may not be passed on yet."""
        return self._ended or self._room < 0 or self._below is None or self._below.is_closing()

    def abort(self) -> None:
        """Close the connection without TLS's farewell, which the other end might never answer. Idempotent."""
        below, self._below = self._below, None
        if below is not None:
            below.abort()

    def pause_reading(self) -> None:
        """Receive nothing until `resume_reading`."""
        if self._below is not None and not self.is_closing():
            self._below.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        if self._below is not None and not self.is_closing():
            self._below.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Pass what is received to this protocol from now on."""
        self._above = cast("asyncio.Protocol", protocol)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the stream below says."""
        return default if self._below is None else self._below.get_extra_info(name, default)

    # For the stream below: a protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._below = cast("Stream", transport)
        self._advance()

    def data_received(self, data: bytes) -> None:
        """Decrypt whole records, and pass on what they held."""
        if self._below is None:
            return
        records = self._whole_records(data)
        self._incoming.write(records[: self._room])
        self._room -= len(records)
        if self._above is not None:
            self._decrypt()
        elif not self._handshake.done():
            self._advance()
        if self._room < 0:
            self._end(http.client.HTTPException("the response is too long"))

    def eof_received(self) -> None:
        """Handle the end of the server's side, with TLS's farewell or, as requests does, without."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection, by either side."""
        self._end(exc)

    def _whole_records(self, data: bytes) -> bytes:
        """Return what is received up to the end of the last whole record, and keep the rest."""
        record = self._record
        if not record and len(data) == _HEADER + int.from_bytes(data[3:_HEADER]):  # most come alone, in one piece
            return data
        record += data
        end = 0
        while len(record) >= end + _HEADER:
            length = int.from_bytes(record[end + 3 : end + _HEADER])
            if record[end + 1] != _VERSION or length > _LONGEST:
                end = len(record)  # OpenSSL refuses it without the rest
            elif len(record) < end + _HEADER + length:
                break
            else:
                end += _HEADER + length
        whole = bytes(record[:end])
        del record[:end]
        return whole

    def _advance(self) -> None:
        """Go on with the handshake as far as it goes. After its end, wait for the protocol above."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._end(error)
        else:
            self._flush()
            self.pause_reading()
            self._handshake.set_result(None)

    def _decrypt(self) -> None:
        """Decrypt what was received, then pass it on: an end that follows it in the same read is known by then."""
        if not self._incoming.pending:
            return
        data = b""
        error: ssl.SSLError | None = None
        self._unrest = False
        try:
            while (size := self._incoming.pending) and not self._ended:
                plain = self._tls.read(size)  # of one record
                self._ended = not plain
                data = data + plain if data else plain
        except ssl.SSLWantReadError:
            self._unrest = self._used
        except ssl.SSLError as alert:
            self._ended, error = True, alert
        if self._unsent or self._outgoing.pending:  # a renegotiation, or a change of keys
            self._send()
        if data and self._above is not None:
            self._above.data_received(data)
        if self._ended:
            self._end(error)

    def _send(self) -> None:
        try:
            while self._unsent and not self._ended:
                self._unsent = self._unsent[self._tls.write(self._unsent) :]  # a record at a time
        except ssl.SSLWantReadError:
            pass  # the server renegotiates first (TLS 1.2)
        self._flush()

    def _flush(self) -> None:
        below = self._below
        if below is not None and self._outgoing.pending and not below.is_closing():
            below.write(self._outgoing.read())

    def _end(self, error: Exception | None) -> None:
        """Close the connection and tell who waits for it, once."""
        below, self._below = self._below, None
        if below is None:
            return
        below.abort()
        fail(self._handshake, error or ConnectionResetError("closed during the handshake"))
        if self._above is not None:
            self._above.connection_lost(error)
