"""One connection of the delivery loop: it carries one request after another, each to the end of its response."""

from __future__ import annotations

import asyncio
import http.client
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, cast

from consumer.clicksend.response_reader import HttpResponse, ResponseReader

if TYPE_CHECKING:
    Result = HttpResponse | Exception


class State(Enum):
    """What a connection is doing."""

    OPENING = auto()
    IDLE = auto()
    BUSY = auto()  # a request is under way
    CLOSED = auto()  # for us: its file descriptor is free after the loop's next turn


class Owner(Protocol):
    """The caller that opens connections and uses them."""

    def connection_opened(self, connection: HttpConnection) -> None:
        """It is idle now."""

    def exchange_ended(self, connection: HttpConnection, result: Result) -> None:
        """The request has its result; the connection is idle or closed."""

    def connection_lost(self, connection: HttpConnection) -> None:
        """It was idle, and has closed."""


class HttpConnection(asyncio.Protocol):
    """Sends a request and reads its response; closes itself where anything is left over or in doubt."""

    def __init__(self, owner: Owner) -> None:
        # Shared by all connections.
        self._owner = owner
        # Of this connection.
        self._transport: asyncio.Transport | None = None
        self.state = State.OPENING
        # Of the request under way.
        self._reader: ResponseReader | None = None  # None while there is none
        self.heard_at = 0.0  # time.monotonic() when it was sent, or the last bytes came

    @property
    def opened(self) -> bool:
        """The owner has been told of it."""
        return self._transport is not None

    @property
    def usable(self) -> bool:
        """It is idle, and not about to be lost: asyncio says so one turn after it has seen a reset."""
        return self.state is State.IDLE and self._transport is not None and not self._transport.is_closing()

    def exchange(self, message: bytes) -> None:
        """Send a request, once, over an idle connection. The owner is told of its end, later."""
        self._reader = ResponseReader()
        self.heard_at = time.monotonic()
        self.state = State.BUSY
        cast("asyncio.Transport", self._transport).write(message)

    def fail(self, error: Exception) -> None:
        """Close the connection, and end the exchange under way with this error."""
        self._end(error, keep=False)

    def close(self) -> None:
        """Close it, as often as you like; nobody is told."""
        self._reader = None
        self.state = State.CLOSED
        if self._transport is not None:
            self._transport.abort()  # close() would wait for the other end to finish TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there, TLS included."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type
        self.state = State.IDLE
        self._owner.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        reader = self._reader
        if reader is None:  # whatever they are, they must not be the next request's response
            self._lose()
            return
        try:
            response = reader.feed(data)
        except http.client.HTTPException as error:
            self._end(error, keep=False)
            return
        if response is None:
            self.heard_at = time.monotonic()
        else:
            self._end(response, keep=reader.reusable)

    def eof_received(self) -> None:
        """The server has closed its side."""
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
        """The connection is closed, by whichever side."""
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
