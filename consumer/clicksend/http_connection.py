"""One HTTP connection of the delivery loop: one request at a time."""

from __future__ import annotations

import asyncio
import http.client
import select
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, cast

from consumer.clicksend.response_reader import HttpResponse, ResponseReader
from consumer.clicksend.tls import Tls
from consumer.enum_members import found_quickly

if TYPE_CHECKING:
    from consumer.clicksend.tls import Stream

    Result = HttpResponse | Exception


@found_quickly
class State(Enum):
    """The state of a connection."""

    OPENING = auto()
    IDLE = auto()
    BUSY = auto()  # a request is in flight
    CLOSED = auto()  # for us: its file descriptor is free after the loop's next turn


class Owner(Protocol):
    """The owner of connections."""

    def connection_opened(self, connection: HttpConnection) -> None:
        """Note that the connection is idle."""

    def exchange_ended(self, connection: HttpConnection, result: Result) -> None:
        """Note the request's result; the connection is idle or closed."""

    def connection_lost(self, connection: HttpConnection) -> None:
        """Note that an idle connection was closed."""


class HttpConnection(asyncio.Protocol):
    """Send a request and read its response; close at any surplus or ambiguous data."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._stream: Stream | None = None  # None before the connection and after its end
        self._received = select.poll()  # tells of received bytes, or an end, that the loop has not read
        self.state = State.OPENING
        # Of the request in flight.
        self._reader: ResponseReader | None = None  # None while there is none
        self.active_at = 0.0  # time.monotonic() of the request or of the last bytes received

    @property
    def usable(self) -> bool:
        """Return whether it is idle and sound: its end is reported late, and the start of a TLS record not at all."""
        stream = self._stream
        if self.state is not State.IDLE or stream is None or stream.is_closing():
            return False
        return not isinstance(stream, Tls) or stream.quiet

    @property
    def quiet(self) -> bool:
        """Return whether everything received is read. Else the loop will read what may end an idle connection."""
        return not self._received.poll(0)

    def exchange(self, message: bytes) -> None:
        """Send a request, once, over an idle connection. The owner is notified of its end, later."""
        self._reader = ResponseReader()
        self.active_at = time.monotonic()
        self.state = State.BUSY
        self._stream.write(message)  # type: ignore[union-attr]  # an idle connection has one; `cast` is a call

    def fail(self, error: Exception) -> None:
        """Close the connection and end the request in flight with this error."""
        self._end(error, keep=False)

    def close(self) -> None:
        """Close it without notifying the owner. Idempotent."""
        self._reader = None
        self.state = State.CLOSED
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the open connection. One with TLS waits for `begin`: a timeout can still end its opening."""
        self._stream = cast("Stream", transport)
        self._received.register(self._stream.get_extra_info("socket"), select.POLLIN)
        if not isinstance(transport, Tls):
            self.begin()

    def begin(self) -> None:
        """Notify the owner of the open connection. Raises ConnectionResetError if it was lost before."""
        if self._stream is None or self._stream.is_closing():
            raise ConnectionResetError("closed before its first request")
        self.state = State.IDLE
        self._owner.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Read received bytes."""
        reader = self._reader
        if reader is None:  # unsolicited data must not become the next request's response
            self._lose()
            return
        try:
            response = reader.feed(data)
        except http.client.HTTPException as error:
            self._end(error, keep=False)
            return
        if response is None:
            self.active_at = time.monotonic()
        else:
            self._end(response, keep=reader.reusable)

    def eof_received(self) -> None:
        """Handle the end of the server's side."""
        reader = self._reader
        if reader is None:
            self._lose()
            return
        result: Result
        try:
            result = reader.end()
        except (http.client.HTTPException, ConnectionError) as error:
            result = error
        self._end(result, keep=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection, by either side."""
        if exc is None:
            self.eof_received()
        elif self._reader is None:
            self._lose()
        else:
            self._end(exc, keep=False)

    def _end(self, result: Result, *, keep: bool) -> None:
        if self.state is not State.BUSY:
            return
        if keep:
            self._reader = None
            self.state = State.IDLE
        else:
            self.close()
        self._owner.exchange_ended(self, result)

    def _lose(self) -> None:
        was_idle = self.state is State.IDLE
        self.close()
        if was_idle:
            self._owner.connection_lost(self)
