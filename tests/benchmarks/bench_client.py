"""What one request costs the worker: `Client.post` against the ways of requests itself, on loopback, in one thread.

    python tests/benchmarks/bench_client.py [requests]

CPU of this process for each request (the server is another process), the best of several rounds that take turns, so
that a busy machine disturbs all alike.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.client import Client
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.transport import Endpoint, Timeouts, Trust

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
BODY = b'{"http_code":200,"response_code":"SUCCESS","response_msg":"New contact has been created.","data":{}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PAYLOAD = b'{"email":"jane.doe@example.com","phone_number":"+14155550132","custom_1":"marketing_opt_in"}'
CREDENTIALS = Credentials("jane", "key")


def main(count: int) -> None:
    """Measure and print."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        report(measure(ways(f"http://127.0.0.1:{listener.getsockname()[1]}"), count), count)
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


def ways(url: str) -> dict[str, Callable[[], object]]:
    """The ways to send one contact; the first is the baseline."""
    contacts = f"{url}/lists/42/contacts"
    login = ("jane", "key")
    json = {"Content-Type": "application/json"}
    session = requests.Session()
    timeout = Timeout(connect=3, read=10, total=20)
    prepared = requests.Request("POST", contacts, data=PAYLOAD, headers=json, auth=login).prepare()
    stock, bounded = HTTPAdapter(), BoundedAdapter(Trust())
    client = Client(Endpoint(url, 42), Timeouts(), lambda: CREDENTIALS, BoundedAdapter(Trust()))
    now = datetime.now(UTC)
    return {
        "Session.post": lambda: session.post(contacts, PAYLOAD, headers=json, auth=login, timeout=(3, 10)),
        "HTTPAdapter.send, prepared": lambda: stock.send(prepared, timeout=(3, 10)).content,
        "BoundedAdapter.send, prepared": lambda: bounded.send(prepared, timeout=timeout).content,
        "Client.post": lambda: client.post(PAYLOAD, now),
    }


def measure(ways: dict[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Seconds of CPU for each request, by way."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, send in ways.items():
            send()  # connects
            start = time.process_time()
            for _ in range(count):
                send()
            best[name] = min(best[name], (time.process_time() - start) / count)
    return best


def report(best: dict[str, float], count: int) -> None:
    """A table, with the ratio of each way to the baseline."""
    baseline = next(iter(best.values()))
    sys.stdout.write(f"CPU a request, best of {ROUNDS} rounds of {count}\n")
    for name, seconds in best.items():
        sys.stdout.write(f"{name:32}{seconds * 1e6:8.0f} us{seconds / baseline:8.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
