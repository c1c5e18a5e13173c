"""Cost of one request: the delivery loop's transport compared with requests, on loopback, by requests in flight.

    python tests/benchmarks/bench_client.py [requests]

CPU of this process for each request (the server is another process), the best of several rounds that take turns, so
that a busy machine disturbs all alike. requests' ways take a thread, with a connection of its own, for each request in
flight; the transport takes one thread for all.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import requests
from urllib3 import Timeout

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.contact_sender import ContactSender
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.http_transport import HttpTransport
from consumer.clicksend.outcome import Result
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.conftest import LOOPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.adapters import BaseAdapter

    from consumer.clicksend.outcome import Outcome
    from tests.clicksend.blocking import LoopFactory

    Send = Callable[[], object]

    class Way(Protocol):
        """A way to send one contact after another."""

        def start(self, in_flight: int) -> None:
            """Make what is kept between rounds, and connect."""

        def run(self, each: int) -> None:
            """Send so many contacts for each request in flight."""

        def close(self) -> None:
            """Close the connections."""


ROUNDS = 5
IN_FLIGHT = (1, 16, 64)
BODY = b'{"http_code":200,"response_code":"SUCCESS","response_msg":"New contact has been created.","data":{}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PAYLOAD = b'{"email":"jane.doe@example.com","phone_number":"+14155550132","custom_1":"marketing_opt_in"}'
CREDENTIALS = Credentials("jane", "key")
NOW = datetime.now(UTC)
TIMEOUT: Any = Timeout(connect=3, read=10, total=20)


def main(count: int) -> None:
    """Measure and print."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=max(IN_FLIGHT))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        report({in_flight: measure(ways_to(url), in_flight, count) for in_flight in IN_FLIGHT}, count)
    finally:
        server.terminate()


def serve(listener: socket.socket) -> None:
    """Answer every request on every connection, as cheaply as can be."""
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def answer(sock: socket.socket) -> None:
    """Head and body of a request may come as two segments; only the body ends with a brace."""
    while data := sock.recv(65536):
        if data.endswith(b"}"):
            sock.sendall(ANSWER)


class InThreads:
    """A thread for each request in flight, with a connection of its own."""

    def __init__(self, new_sender: Callable[[], Send]) -> None:
        self._new_sender = new_sender
        self._senders: list[Send] = []

    def start(self, in_flight: int) -> None:
        """Connect them all."""
        self._senders = [self._new_sender() for _ in range(in_flight)]
        for send in self._senders:
            send()

    def run(self, each: int) -> None:
        """Send all, and wait."""
        threads = [threading.Thread(target=self._repeat, args=(send, each)) for send in self._senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        """The connections go with their senders."""
        self._senders.clear()

    @staticmethod
    def _repeat(send: Send, count: int) -> None:
        for _ in range(count):
            send()


class OnLoop:
    """All in one thread: each outcome sends the next contact."""

    def __init__(self, new_loop: LoopFactory, url: str) -> None:
        self._loop = new_loop()
        endpoint, timeouts = Endpoint(url, 42), Timeouts()
        transport = HttpTransport(self._loop, endpoint, Trust(), timeouts)
        self._sender = ContactSender(endpoint, lambda: CREDENTIALS, transport, lambda: NOW)
        self._in_flight = self._left = self._missing = 0

    def start(self, in_flight: int) -> None:
        """Connect them all."""
        self._in_flight = in_flight
        self.run(2)

    def run(self, each: int) -> None:
        """Send all, and wait."""
        self._missing = each * self._in_flight
        self._left = self._missing - self._in_flight
        for _ in range(self._in_flight):
            self._sender.send(PAYLOAD, self._next)
        self._loop.run_forever()

    def close(self) -> None:
        """Close the connections and the loop."""
        self._sender.close()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    def _next(self, outcome: Outcome) -> None:
        assert outcome.result is Result.DELIVERED
        self._missing -= 1
        if self._left:
            self._left -= 1
            self._sender.send(PAYLOAD, self._next)
        elif not self._missing:
            self._loop.stop()


def ways_to(url: str) -> dict[str, Way]:
    """The ways to send contacts; the first is the baseline."""
    contacts = f"{url}/lists/42/contacts"
    json = {"Content-Type": "application/json"}
    trust = Trust()

    def session_post() -> Send:
        session = requests.Session()
        login = (CREDENTIALS.username, CREDENTIALS.api_key)
        return lambda: session.post(contacts, PAYLOAD, headers=json, auth=login, timeout=(3, 10))

    def sent_by(adapter: BaseAdapter) -> Send:
        login = {**json, "Authorization": CREDENTIALS.authorization}
        prepared = requests.Request("POST", contacts, data=PAYLOAD, headers=login).prepare()
        return lambda: adapter.send(prepared, timeout=TIMEOUT).content

    return {
        "Session.post": InThreads(session_post),
        "BoundedAdapter.send, prepared": InThreads(lambda: sent_by(BoundedAdapter(trust))),
        **{f"ContactSender.send, {name}": OnLoop(new_loop, url) for name, new_loop in LOOPS.items()},
    }


def measure(ways: dict[str, Way], in_flight: int, count: int) -> dict[str, float]:
    """Seconds of CPU for each request, by way."""
    each = count // in_flight
    for way in ways.values():
        way.start(in_flight)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.process_time()
            way.run(each)
            best[name] = min(best[name], (time.process_time() - start) / (each * in_flight))
    for way in ways.values():
        way.close()
    return best


def report(best: dict[int, dict[str, float]], count: int) -> None:
    """A table for each number of requests in flight, with the ratio of each way to the baseline."""
    for in_flight, by_way in best.items():
        baseline = next(iter(by_way.values()))
        sys.stdout.write(f"CPU a request with {in_flight} in flight, best of {ROUNDS} rounds of {count}\n")
        for name, seconds in by_way.items():
            sys.stdout.write(f"{name:32}{seconds * 1e6:8.0f} us{seconds / baseline:8.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
