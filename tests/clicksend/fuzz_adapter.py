"""Fuzz the HTTP clients: no response breaks or hangs them, or is taken for another request's.

    python -m tests.clicksend.fuzz_adapter [SECONDS [SEED]]

Each case is two exchanges. The first is answered with a valid answer's mutation; it may end as anything but a crash.
The second is answered honestly, in words that only this answer has, and must come back exactly. What a server may do in
the same moment as the second request goes out is left out: nobody could tell that from its answer. A case depends on
nothing but its seed, which is printed when it fails.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import requests
from urllib3 import Timeout

from consumer.clicksend.failure import FAILURES, failed
from consumer.clicksend.outcome import Cause, classify
from consumer.clicksend.request_head import RequestHead
from consumer.clicksend.response_reader import HttpResponse
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.blocking import BlockingTransport
from tests.clicksend.conftest import ADAPTERS, LOOPS
from tests.clicksend.expected import NOW
from tests.clicksend.mutations import Ending, FuzzedAnswer
from tests.clicksend.scripted_server import answer, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clicksend.blocking import LoopFactory
    from tests.clicksend.conftest import AdapterFactory

SILENCE: Any = Timeout(connect=60, read=0.03, total=120)  # for fuzzed answers, many of which never end
PATIENCE: Any = Timeout(connect=60, read=60, total=120)


class FuzzServer:
    """Answers each request with what was planned last; one connection at a time."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = self._listener  # the connection that is served
        self._thread = threading.Thread(target=self._accept)
        self.plan = FuzzedAnswer((), Ending.KEEP)
        self.done = threading.Event()  # the plan is carried out: nothing more comes
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator[FuzzServer]:
        """Serve until the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            for sock in (self._listener, self._open):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._open, _ = self._listener.accept()
                self._serve(self._open)

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ending = Ending.KEEP
        with sock, suppress(OSError):
            while ending is Ending.KEEP and read_request(sock):
                ending = self.plan.ending
                try:
                    for piece in self.plan.pieces:
                        sock.sendall(piece)
                finally:
                    if ending is Ending.RESET:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if ending is not Ending.KEEP:
                        sock.close()
                    self.done.set()


class Fuzzed(Protocol):
    """The fuzzed clients."""

    def exchange(self, *, patient: bool) -> tuple[int, bytes] | None:
        """Send a request; return status and body of its response, None where it ends without one."""

    def close(self) -> None:
        """Close the connection."""


class FuzzedAdapter:
    """An adapter of requests'."""

    def __init__(self, adapter_of: AdapterFactory, url: str) -> None:
        self._adapter = adapter_of(Trust())
        self._request = requests.Request("POST", url, data=b"{}").prepare()

    def exchange(self, *, patient: bool) -> tuple[int, bytes] | None:
        """Send a request."""
        timeout = PATIENCE if patient else SILENCE
        try:
            with self._adapter.send(self._request, stream=True, timeout=timeout) as response:
                body = response.content
        except FAILURES as error:
            failed(error)
            return None
        classify(response.status_code, response.headers, body, NOW)
        return response.status_code, body

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()


class FuzzedTransport:
    """The delivery loop's transport. Its timeouts are one for all, so patience means to try again."""

    def __init__(self, new_loop: LoopFactory, url: str) -> None:
        timeouts = Timeouts(connect=60, read=SILENCE.read_timeout, total=120)
        self._carrier = BlockingTransport(new_loop, Endpoint(url, 42), Trust(), timeouts)
        self._head = RequestHead.of(requests.Request("POST", url).prepare())

    def exchange(self, *, patient: bool) -> tuple[int, bytes] | None:
        """Send a request."""
        for _ in range(100 if patient else 1):
            result = self._carrier.send(self._head, b"{}")
            assert not self._carrier.errors
            if isinstance(result, HttpResponse):
                classify(result.status, result.headers, result.body, NOW)
                return result.status, result.body
            assert isinstance(result, FAILURES)
            if failed(result).cause is not Cause.TIMEOUT:
                break
        return None

    def close(self) -> None:
        """Close the connection."""
        self._carrier.close()


FUZZED: dict[str, Callable[[str], Fuzzed]] = {
    **{name: partial(FuzzedAdapter, adapter_of) for name, adapter_of in ADAPTERS.items()},
    **{name: partial(FuzzedTransport, new_loop) for name, new_loop in LOOPS.items()},
}
"""What is fuzzed, made for a server's address."""


def exchange(fuzzed: Fuzzed, server: FuzzServer, plan: FuzzedAnswer, *, patient: bool) -> tuple[int, bytes] | None:
    """Status and body of the answer; None where the exchange ended without one."""
    server.plan = plan
    server.done.clear()
    try:
        return fuzzed.exchange(patient=patient)
    finally:
        server.done.wait(60)  # longer: the request has not even come


def fuzz(fuzzed: Fuzzed, server: FuzzServer, seed: str) -> bool:
    """One case; tells whether the fuzzed exchange gave an answer. Raises AssertionError if the honest one is wrong."""
    plan = FuzzedAnswer.of(seed)
    body = f'{{"response_code":"HONEST","seed":"{seed}"}}'.encode()
    try:
        first = exchange(fuzzed, server, plan, patient=False)
        second = exchange(fuzzed, server, FuzzedAnswer((answer("299 Honest", body),), Ending.KEEP), patient=True)
        assert second == (299, body), f"not the answer: {second}"
    except BaseException as error:
        error.add_note(f"{fuzzed}, seed {seed!r}: {plan}")
        raise
    return first is not None


def main(seconds: float, seed: str) -> None:
    """Fuzz each in turn for its share of the time."""
    sys.stdout.write(f"seed {seed}\n")
    for name, new in FUZZED.items():
        ends = time.monotonic() + seconds / len(FUZZED)
        cases = answered = 0
        with FuzzServer().running() as server, closing(new(server.url)) as fuzzed:
            while time.monotonic() < ends:
                answered += fuzz(fuzzed, server, f"{seed}-{cases}")
                cases += 1
        sys.stdout.write(f"{name}: {cases} cases, {answered} fuzzed answers were taken for one\n")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(float(given.get(1, 60)), given.get(2) or str(random.randrange(10**9)))
