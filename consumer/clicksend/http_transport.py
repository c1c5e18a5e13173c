"""The delivery loop's HTTP transport, over as few connections as possible."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct
from requests import Request

from consumer.clicksend.connector import Connector, ConnectPhase, Opening
from consumer.clicksend.failure import FAILURES
from consumer.clicksend.http_connection import HttpConnection, State
from consumer.clicksend.proxy import Proxy
from consumer.clicksend.request_head import RequestHead
from consumer.clicksend.response_reader import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.clicksend.transport import Endpoint, Timeouts, Trust

    Result = HttpResponse | Exception

MOST_OPENING = 32  # connections opened at once: a burst of handshakes would delay requests in flight
MOST_ENDED = 64  # late exchanges ended in one turn
IDLE_FOR = 30.0  # seconds that an idle connection is kept; load balancers close it after 60 or more
_SHORTEST_SLEEP = 0.02  # seconds between two checks of the deadlines, so that all share one timer


class _Exchange(Struct, eq=False):
    """A request from `send` to its end."""

    message: bytes
    on_done: Callable[[Result], None]
    give_up_at: float  # time.monotonic()


class HttpTransport:
    """Send requests to one origin over keep-alive connections. For the event loop's thread only.

    Each request is sent at most once, over a connection that can only carry its response: an idle one is used only
    while nothing unread has been received on it, no data and no end. Waiting for a turn of the loop instead would let
    responses that arrive together send the next requests together: of a thousand in flight, fifty were idle.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint, trust: Trust, timeouts: Timeouts) -> None:
        self._loop = loop
        self._timeouts = timeouts
        self._origin = RequestHead.of(Request("GET", endpoint.base_url).prepare()).origin
        proxy = Proxy.of(endpoint.proxy_url) if endpoint.proxy_url else None
        self._connector = Connector(loop, self._origin, proxy, trust, timeouts)
        self._waiting: deque[_Exchange] = deque()  # for a connection, oldest first
        self._busy: dict[HttpConnection, _Exchange] = {}
        self._failed: deque[tuple[_Exchange, Exception]] = deque()  # to be told
        self._idle: dict[HttpConnection, float] = {}  # since when (time.monotonic()); the last one used is the last
        self._opening: dict[asyncio.Task[None], Opening] = {}
        self._look_due = False
        self._timer: asyncio.TimerHandle | None = None

    def send(self, head: RequestHead, body: bytes | None, on_done: Callable[[Result], None]) -> None:
        """Send a request; `on_done` is called once, later, with the response or one of `failure.FAILURES`.

        It is sent within this call where a connection is idle. Raises ValueError for a request to another origin.
        """
        if head.origin != self._origin:
            raise ValueError("a request to another origin")
        give_up_at = time.monotonic() + self._timeouts.total
        self._waiting.append(_Exchange(head.message(body), on_done, give_up_at))
        self._use_idle()

    @property
    def in_flight(self) -> int:
        """Return the number of requests that have not ended."""
        return len(self._busy) + len(self._waiting) + len(self._failed)

    @property
    def open_connections(self) -> int:
        """Return the number of busy and idle connections."""
        return len(self._busy) + len(self._idle)

    @property
    def opening(self) -> int:
        """Return the number of connections being opened."""
        return len(self._opening)

    def close(self) -> None:
        """Close every connection; end each request in flight at once: with ConnectionError, if it has not failed yet.

        The loop must run one more turn to free the file descriptors.
        """
        for task in self._opening:
            task.cancel()
        self._opening.clear()
        for connection in tuple(self._idle):
            connection.close()
        self._idle.clear()
        waiting, self._waiting = self._waiting, deque()
        for connection in tuple(self._busy):
            connection.fail(ConnectionError("the transport was closed"))
        while self._failed:
            self._tell(*self._failed.popleft())
        for exchange in waiting:
            self._tell(exchange, ConnectionError("the transport was closed"))
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _use_idle(self) -> None:
        """Send what waits over idle connections, the last one used first. The rest is left to the next turn."""
        unread: dict[HttpConnection, float] = {}
        while self._waiting and self._idle:
            connection, since = self._idle.popitem()
            if not connection.usable:
                connection.close()
            elif connection.quiet:
                self._carry(connection)
            else:
                unread[connection] = since
        if unread:
            self._idle.update(unread)
        if self._waiting or self._timer is None:
            self._look()

    def _look(self) -> None:
        if not self._look_due:
            self._look_due = True
            self._loop.call_soon(self._after_look)

    def _after_look(self) -> None:
        """Open connections for what still waits; those with something unread may be usable after a turn."""
        self._look_due = False
        if self._timer is None:
            self._set_timer(time.monotonic())
        if self._waiting and self._idle:
            self._use_idle()
        for _ in range(min(len(self._waiting) - len(self._idle), MOST_OPENING) - len(self._opening)):
            self._open()

    def _carry(self, connection: HttpConnection) -> None:
        exchange = self._waiting.popleft()
        self._busy[connection] = exchange
        connection.exchange(exchange.message)

    # Called by connections.

    def connection_opened(self, connection: HttpConnection) -> None:
        """Use a new connection at once: it needs no check."""
        if self._waiting:
            self._carry(connection)
        else:
            self._rest(connection)

    def exchange_ended(self, connection: HttpConnection, result: Result) -> None:
        """Keep an idle connection, then pass the result on."""
        exchange = self._busy.pop(connection)
        if connection.state is State.IDLE:
            self._rest(connection)
        self._tell(exchange, result)

    def connection_lost(self, connection: HttpConnection) -> None:
        """Forget a connection that the server closed or sent unsolicited data on."""
        self._idle.pop(connection, None)

    def _rest(self, connection: HttpConnection) -> None:
        self._idle[connection] = time.monotonic()
        if self._waiting or self._timer is None:
            self._use_idle()

    def _tell(self, exchange: _Exchange, result: Result) -> None:
        try:
            exchange.on_done(result)
        except BaseException as error:  # asyncio would treat an OSError as the connection's
            self._loop.call_exception_handler({"message": "on_done raised an exception", "exception": error})

    # Opening connections.

    def _open(self) -> None:
        opening = Opening(HttpConnection(self))
        task = self._loop.create_task(self._connector.open(opening))
        self._opening[task] = opening
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        opening = self._opening.pop(task, None)
        if task.cancelled() or opening is None:
            return
        error = task.exception()
        if error is None:
            pass
        elif isinstance(error, FAILURES):
            self._give_up(error, everyone=isinstance(error, socket.gaierror))
        else:
            self._loop.call_exception_handler({"message": "opening a connection failed", "exception": error})
            self._give_up(ConnectionError("no connection"), everyone=False)
        if self._waiting:
            self._look()

    def _give_up(self, error: Exception, *, everyone: bool) -> None:
        """End the request that has waited longest for a connection, or all: one lookup serves them all."""
        is_telling = bool(self._failed)
        for _ in range(len(self._waiting) if everyone else min(1, len(self._waiting))):
            self._failed.append((self._waiting.popleft(), error))
        if not is_telling:
            self._tell_failed()

    def _tell_failed(self) -> None:
        """End failed requests in slices, so that others are served between."""
        told = 0
        while self._failed and told < MOST_ENDED:  # `on_done` may close the transport
            self._tell(*self._failed.popleft())
            told += 1
        if self._failed:
            self._loop.call_soon(self._tell_failed)

    # Deadlines: one timer for all.

    def _set_timer(self, now: float) -> None:
        """Wake at the first deadline; later requests have later ones."""
        if not (self._waiting or self._busy or self._idle):
            return
        timeouts = self._timeouts
        first = now + min(timeouts.read, timeouts.total, IDLE_FOR)
        for connection, exchange in self._busy.items():
            first = min(first, connection.active_at + timeouts.read, exchange.give_up_at)
        for exchange in self._waiting:
            first = min(first, exchange.give_up_at)
        for since in self._idle.values():
            first = min(first, since + IDLE_FOR)
        self._timer = self._loop.call_later(max(first - now, _SHORTEST_SLEEP), self._wake)

    def _wake(self) -> None:
        """Wait for two turns, between which the loop polls: after a pause of the process, responses may be unread."""
        self._loop.call_soon(self._loop.call_soon, self._end_late)

    def _end_late(self) -> None:
        """End late requests in slices: a thousand would block the loop for a tenth of a second."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now, timeouts = time.monotonic(), self._timeouts
        late = (
            connection
            for connection, exchange in self._busy.items()
            if now >= min(connection.active_at + timeouts.read, exchange.give_up_at)
        )
        ended = list(islice(late, MOST_ENDED))
        for connection in ended:
            connection.fail(TimeoutError("no response in time"))
        given_up = 0
        while self._waiting and now >= self._waiting[0].give_up_at and given_up < MOST_ENDED:
            stage = max((opening.stage for opening in self._opening.values()), default=ConnectPhase.CONNECT)
            self._give_up(stage.timed_out(), everyone=False)
            given_up += 1
        for connection in [each for each, since in self._idle.items() if now >= since + IDLE_FOR]:
            del self._idle[connection]
            connection.close()
        if MOST_ENDED in (len(ended), given_up):
            self._wake()
        elif self._timer is None:
            self._set_timer(now)
