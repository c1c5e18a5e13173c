"""Fuzz the adapters: whatever a server answers, nothing breaks, nothing hangs, and the next answer is its own.

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
from typing import TYPE_CHECKING, Any

import requests
from urllib3 import Timeout

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.failure import FAILURES, failed
from consumer.clicksend.lean_adapter import LeanAdapter
from consumer.clicksend.outcome import classify
from consumer.clicksend.transport import Trust
from tests.clicksend.expected import NOW
from tests.clicksend.mutations import Ending, FuzzedAnswer
from tests.clicksend.scripted_server import answer, read_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests.adapters import BaseAdapter

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


def exchange(adapter: BaseAdapter, server: FuzzServer, plan: FuzzedAnswer, timeout: Any) -> tuple[int, bytes] | None:
    """Status and body of the answer; None where the exchange ended without one."""
    server.plan = plan
    server.done.clear()
    request = requests.Request("POST", server.url, data=b"{}").prepare()
    try:
        with adapter.send(request, stream=True, timeout=timeout) as response:
            body = response.content
    except FAILURES as error:
        failed(error)
        return None
    finally:
        server.done.wait(60)  # longer: the request has not even come
    classify(response.status_code, response.headers, body, NOW)
    return response.status_code, body


def fuzz(adapter: BaseAdapter, server: FuzzServer, seed: str) -> bool:
    """One case; tells whether the fuzzed exchange gave an answer. Raises AssertionError if the honest one is wrong."""
    fuzzed = FuzzedAnswer.of(seed)
    body = f'{{"response_code":"HONEST","seed":"{seed}"}}'.encode()
    try:
        first = exchange(adapter, server, fuzzed, SILENCE)
        second = exchange(adapter, server, FuzzedAnswer((answer("299 Honest", body),), Ending.KEEP), PATIENCE)
        assert second == (299, body), f"not the answer: {second}"
    except BaseException as error:
        error.add_note(f"{type(adapter).__name__}, seed {seed!r}: {fuzzed}")
        raise
    return first is not None


def main(seconds: float, seed: str) -> None:
    """Fuzz each adapter in turn for its share of the time."""
    sys.stdout.write(f"seed {seed}\n")
    for adapter in (LeanAdapter(Trust()), BoundedAdapter(Trust())):
        ends = time.monotonic() + seconds / 2
        cases = answered = 0
        with FuzzServer().running() as server, closing(adapter):
            while time.monotonic() < ends:
                answered += fuzz(adapter, server, f"{seed}-{cases}")
                cases += 1
        sys.stdout.write(f"{type(adapter).__name__}: {cases} cases, {answered} fuzzed answers were taken for one\n")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(float(given.get(1, 60)), given.get(2) or str(random.randrange(10**9)))
