"""One HTTP connection of the delivery loop: one request at a time."""

from __future__ import annotations

import asyncio
import http.client
import select
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, cast

from consumer.clicksend.response_reader import HttpResponse, ResponseReader
from consumer.enum_members import found_quickly

if TYPE_CHECKING:
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

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        # Shared by all connections.
        self._owner = owner
        self._loop = loop
        # Of this connection.
        self._transport: asyncio.Transport | None = None
        self._encrypted = False
        self._received = select.poll()  # tells of received bytes, or an end, that the loop has not read
        self.state = State.OPENING
        # Of the request in flight.
        self._reader: ResponseReader | None = None  # None while there is none
        self._response: HttpResponse | None = None  # complete, to be passed on in this turn of the loop
        self.active_at = 0.0  # time.monotonic() of the request or of the last bytes received

    @property
    def usable(self) -> bool:
        """Return whether it is idle and not closing: asyncio reports a reset one turn late."""
        return self.state is State.IDLE and self._transport is not None and not self._transport.is_closing()

    @property
    def quiet(self) -> bool:
        """Return whether everything received is read. Else the loop will read what may end an idle connection."""
        return not self._received.poll(0)

    def exchange(self, message: bytes) -> None:
        """Send a request, once, over an idle connection. The owner is notified of its end, later."""
        self._reader = ResponseReader()
        self.active_at = time.monotonic()
        self.state = State.BUSY
        cast("asyncio.Transport", self._transport).write(message)

    def fail(self, error: Exception) -> None:
        """Close the connection and end the request in flight with this error, if there is no response."""
        self._end(error, keep=False)

    def abort(self) -> None:
        """Close the connection, whose opening has failed. A request in flight ends with ConnectionResetError."""
        self.fail(ConnectionResetError("closed while it was opened"))
        self.close()

    def close(self) -> None:
        """Close it without notifying the owner. Idempotent."""
        self._reader = self._response = None
        self.state = State.CLOSED
        transport, self._transport = self._transport, None  # CPython 3.11.2 raises at a second abort()
        if transport is not None:
            transport.abort()  # close() would wait for the other end to finish TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the open connection. One with TLS waits for `begin`: a timeout can still end its handshake."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transport lacks the type
        self._encrypted = transport.get_extra_info("ssl_object") is not None
        self._received.register(transport.get_extra_info("socket"), select.POLLIN)
        if self._encrypted:
            self._transport.pause_reading()
        else:
            self.begin()

    def begin(self) -> None:
        """Notify the owner of the open connection. Raises ConnectionResetError if it was lost before."""
        if self._transport is None:
            raise ConnectionResetError("closed before its first request")
        if self._encrypted:
            self._transport.resume_reading()
        self.state = State.IDLE
        self._owner.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Read received bytes."""
        reader = self._reader
        if reader is None:  # unsolicited data must not become the next request's response
            self._lose()
            return
        if self._response is not None:
            self._end(self._response, keep=False)
            return
        try:
            response = reader.feed(data)
        except http.client.HTTPException as error:
            self._end(error, keep=False)
            return
        if response is None:
            self.active_at = time.monotonic()
        elif self._encrypted:  # the connection's end may be in what TLS is decrypting, and follows within this call
            self._response = response
            self._loop.call_soon(self._pass_on, reader, response)
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

    def _pass_on(self, reader: ResponseReader, response: HttpResponse) -> None:
        if self._reader is reader:
            self._end(response, keep=reader.reusable)

    def _end(self, result: Result, *, keep: bool) -> None:
        if self.state is not State.BUSY:
            return
        result = self._response or result  # nothing that follows a complete response changes it
        if keep:
            self._reader = self._response = None
            self.state = State.IDLE
        else:
            self.close()
        self._owner.exchange_ended(self, result)

    def _lose(self) -> None:
        was_idle = self.state is State.IDLE
        self.close()
        if was_idle:
            self._owner.connection_lost(self)
