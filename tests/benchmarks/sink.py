"""A ClickSend stand-in that costs next to nothing: one process, one thread, one epoll; some 10 us of CPU a request.

It knows only what the worker and the baselines send: a flat JSON object, so a request is complete with its last brace.
The sandbox is the faithful stand-in; this one is made so that a benchmark measures the worker.
"""

from __future__ import annotations

import heapq
import multiprocessing
import random
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any, NamedTuple, Self

import orjson


def _answer(status: str, code: str) -> bytes:
    body = b'{"http_code":%b,"response_code":"%b","response_msg":"Here is your data.","data":{}}'
    body %= status[:3].encode(), code.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


ANSWERS = {
    200: _answer("200 OK", "SUCCESS"),
    429: _answer("429 Too Many Requests", "TOO_MANY_REQUESTS"),
    503: _answer("503 Service Unavailable", "UNAVAILABLE"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How the sink answers.

    shortest, longest -- seconds until the answer, drawn evenly between the two (seeded)
    limit             -- requests taken in each second of the clock, the others get 429 without Retry-After; 0: all
    failing           -- contacts whose email begins so get 503
    """

    shortest: float = 0.0
    longest: float = 0.0
    limit: int = 0
    failing: str = ""

    @classmethod
    def of(cls, delay: float) -> Self:
        """Every answer after so many seconds."""
        return cls(delay, delay)


class Entry(NamedTuple):
    """One request that was answered; times are monotonic seconds."""

    arrived: float
    answered: float
    delay: float  # what the sink itself meant to wait
    status: int
    email: str


class Sink:
    """The sink's process, for a `with` block."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        context = multiprocessing.get_context("fork")
        self._stored = RawArray("q", 1)
        self._control, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(listener, theirs, self._control, self._stored))
        self._process.start()
        listener.close()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.join()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid or 0

    @property
    def stored(self) -> int:
        """Contacts that were answered with success since the last plan. Costs the sink nothing: memory is shared."""
        return int(self._stored[0])

    def follow(self, plan: Plan) -> None:
        """Answer so from now on, with an empty log."""
        self._control.send(plan)
        self._control.recv()

    def log(self) -> list[Entry]:
        """What was answered since the last plan, in that order."""
        self._control.send(None)
        return [Entry(*each) for each in self._control.recv()]


def _serve(listener: socket.socket, control: Connection, parents: Connection, stored: Any) -> None:
    parents.close()  # else this process would keep it open, and never see that the parent has gone
    _Server(listener, control, stored).run()


class _Request(NamedTuple):
    due: float
    number: int
    sock: socket.socket
    status: int
    arrived: float
    delay: float
    data: bytes


class _Server:
    def __init__(self, listener: socket.socket, control: Connection, stored: Any) -> None:
        self._listener = listener
        self._control = control
        self._stored = stored
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self._waiting: list[_Request] = []  # a heap
        self._log: list[tuple[_Request, float]] = []
        self._number = 0
        self._window, self._taken = 0, 0
        self._adopt(Plan())

    def _adopt(self, plan: Plan) -> None:
        self._plan = plan
        self._failing = [f'"email":{space}"{plan.failing}'.encode() for space in ("", " ")] if plan.failing else []
        self._random = random.Random(1)
        self._waiting.clear()  # of clients that were killed
        self._log.clear()
        self._stored[0] = 0

    def run(self) -> None:
        listener, control = self._listener.fileno(), self._control.fileno()
        for number in (listener, control):
            self._epoll.register(number, select.EPOLLIN)
        while True:
            for number, _ in self._events():
                if sock := self._sockets.get(number):
                    self._read(number, sock)
                elif number == listener:
                    self._accept()
                elif not self._obey():
                    return
            while self._waiting and self._waiting[0].due <= time.monotonic():
                self._send(heapq.heappop(self._waiting))

    def _events(self) -> list[tuple[int, int]]:
        """Waits to the microsecond where an answer is due; epoll alone would round to milliseconds."""
        if not self._waiting:
            return self._epoll.poll()
        left = self._waiting[0].due - time.monotonic()
        if left > 0 and not select.select([self._epoll], [], [], left)[0]:
            return []
        return self._epoll.poll(0)

    def _accept(self) -> None:
        sock = self._listener.accept()[0]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets[sock.fileno()] = sock
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _read(self, number: int, sock: socket.socket) -> None:
        try:
            data = sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            del self._sockets[number]
            self._partial.pop(number, None)
            sock.close()
            return
        if self._partial:
            data = self._partial.pop(number, b"") + data
        if data.endswith(b"}"):
            self._request(sock, data)
        else:
            self._partial[number] = data

    def _request(self, sock: socket.socket, data: bytes) -> None:
        plan, now = self._plan, time.monotonic()
        self._number += 1
        delay = plan.longest if plan.shortest == plan.longest else self._random.uniform(plan.shortest, plan.longest)
        request = _Request(now + delay, self._number, sock, self._status(data, now), now, delay, data)
        if delay:
            heapq.heappush(self._waiting, request)
        else:
            self._send(request)

    def _status(self, data: bytes, now: float) -> int:
        if any(each in data for each in self._failing):
            return 503
        if self._plan.limit:
            if int(now) != self._window:
                self._window, self._taken = int(now), 0
            self._taken += 1
            if self._taken > self._plan.limit:
                return 429
        return 200

    def _send(self, request: _Request) -> None:
        if request.status == 200:
            self._stored[0] += 1
        self._log.append((request, time.monotonic()))
        with suppress(OSError):  # whoever asked was killed meanwhile; the contact is stored all the same
            request.sock.send(ANSWERS[request.status])

    def _obey(self) -> bool:
        try:
            plan = self._control.recv()
        except EOFError:
            return False
        if plan is None:
            self._control.send([tuple(_entry(*each)) for each in self._log])
        else:
            self._adopt(plan)
            self._control.send(plan)
        return True


def _entry(request: _Request, answered: float) -> Entry:
    email = orjson.loads(request.data.partition(b"\r\n\r\n")[2]).get("email", "")
    return Entry(request.arrived, answered, request.delay, request.status, email)
