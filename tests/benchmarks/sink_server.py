"""The sink's server: one thread, one epoll; some 10 us of CPU per request, also with thousands of connections.

A body is a flat JSON object, so a request is complete with its last brace.
"""

from __future__ import annotations

import heapq
import random
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from tests.benchmarks.sink_plan import BYTES, Answer, Entry, Plan
from tests.benchmarks.tally import Count, Tally

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds
STORED, CONNECTIONS = range(2)  # places in the shared memory


class _Request(NamedTuple):
    due: float
    number: int
    sock: socket.socket
    answer: Answer
    arrived: float
    delay: float
    data: bytes


class SinkServer:
    """Answers as the plan says.

    shared -- where the contacts stored and the open connections are written
    """

    def __init__(self, plain: socket.socket, encrypted: socket.socket, tls: ssl.SSLContext, shared: Any) -> None:
        self._listeners = {plain.fileno(): plain, encrypted.fileno(): encrypted}
        self._encrypted = encrypted
        self._tls = tls
        self._shared = shared
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self._waiting: list[_Request] = []  # a heap
        self._log: list[tuple[_Request, float]] = []
        self._number = 0
        self._window, self._taken = 0, 0
        self.adopt(Plan())

    def adopt(self, plan: Plan) -> None:
        """Answer so from now on."""
        self._plan = plan
        self._failing = [f'"email":{space}"{plan.failing}'.encode() for space in ("", " ")] if plan.failing else []
        self._random = random.Random(1)
        self._waiting.clear()  # of clients that were killed
        self._log.clear()
        self._tally = Tally(plan.tally)
        self._shared[STORED] = 0

    def log(self) -> list[Entry]:
        """Return the responses since the plan, in order."""
        return [_entry(*each) for each in self._log]

    def tally(self) -> Count:
        """Return the counts since the plan."""
        return self._tally.count()

    def run(self, control: int, obey: Callable[[], bool]) -> None:
        """Serve until `obey`, called when there is something to read at the descriptor `control`, returns False."""
        for number in (*self._listeners, control):
            self._epoll.register(number, select.EPOLLIN)
        while True:
            for number, _ in self._events():
                if sock := self._sockets.get(number):
                    self._read(number, sock)
                elif number in self._listeners:
                    self._accept(self._listeners[number])
                elif number == control and not obey():
                    return
            while self._waiting and self._waiting[0].due <= time.monotonic():
                self._send(heapq.heappop(self._waiting))

    def _events(self) -> list[tuple[int, int]]:
        """Wait to the microsecond where an answer is due; epoll alone would round to milliseconds."""
        if not self._waiting:
            return self._epoll.poll()
        left = self._waiting[0].due - time.monotonic()
        if left > 0 and not select.select([self._epoll], [], [], left)[0]:
            return []
        return self._epoll.poll(0)

    def _accept(self, listener: socket.socket) -> None:
        sock = listener.accept()[0]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(0)
        if listener is self._encrypted:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._sockets[sock.fileno()] = sock
        self._shared[CONNECTIONS] = len(self._sockets)
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _read(self, number: int, sock: socket.socket) -> None:
        data = _receive_tls(sock) if isinstance(sock, ssl.SSLSocket) else _receive(sock)
        if data is None:
            return
        if not data:
            self._close(number, sock)
            return
        if self._partial:
            data = self._partial.pop(number, b"") + data
        if data.endswith(b"}"):
            self._request(sock, data)
        else:
            self._partial[number] = data

    def _close(self, number: int, sock: socket.socket) -> None:
        del self._sockets[number]
        self._partial.pop(number, None)
        self._shared[CONNECTIONS] = len(self._sockets)
        sock.close()

    def _request(self, sock: socket.socket, data: bytes) -> None:
        plan, now = self._plan, time.monotonic()
        self._number += 1
        delay = plan.longest if plan.shortest == plan.longest else self._random.uniform(plan.shortest, plan.longest)
        request = _Request(now + delay, self._number, sock, self._answer(data, now), now, delay, data)
        if delay:
            heapq.heappush(self._waiting, request)
        else:
            self._send(request)

    def _answer(self, data: bytes, now: float) -> Answer:
        if any(each in data for each in self._failing):
            return Answer.UNAVAILABLE
        if self._plan.limit:
            if int(now) != self._window:
                self._window, self._taken = int(now), 0
            self._taken += 1
            if self._taken > self._plan.limit:
                return Answer.LIMITED
        return self._plan.faults.draw(self._random) if self._plan.faults else Answer.TAKEN

    def _send(self, request: _Request) -> None:
        if request.answer is Answer.TAKEN:
            self._shared[STORED] += 1
        if not self._plan.tally:
            self._log.append((request, time.monotonic()))
        elif request.answer is Answer.TAKEN:
            self._tally.add(request.data)
        if request.answer is Answer.RESET:
            self._reset(request.sock)
        elif request.answer is not Answer.SILENCE:
            with suppress(OSError):  # the client is gone; the contact is stored all the same
                request.sock.send(BYTES[request.answer])

    def _reset(self, sock: socket.socket) -> None:
        if (number := sock.fileno()) in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self._close(number, sock)


def _receive(sock: socket.socket) -> bytes | None:
    """Empty: the connection is at its end; None: there is nothing yet."""
    try:
        return sock.recv(65536)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


def _receive_tls(sock: ssl.SSLSocket) -> bytes | None:
    """Read all that is decrypted: epoll does not know of it. The first read makes the handshake."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ssl.SSLWantReadError:
        return data or None
    except OSError:
        return b""
    return data


def _entry(request: _Request, answered: float) -> Entry:
    email = orjson.loads(request.data.partition(b"\r\n\r\n")[2]).get("email", "")
    return Entry(request.arrived, answered, request.delay, int(request.answer), email)
