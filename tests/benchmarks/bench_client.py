"""What one request costs the worker: `Client.post` against requests' own ways, on loopback, by number of threads.

    python tests/benchmarks/bench_client.py [requests]

CPU of this process for each request (the server is another process), the best of several rounds that take turns, so
that a busy machine disturbs all alike. Each thread has a connection of its own, as in the worker.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from urllib3 import Timeout

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.client import Client
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.lean_adapter import LeanAdapter
from consumer.clicksend.transport import Endpoint, Timeouts, Trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.adapters import BaseAdapter

    Send = Callable[[], object]

ROUNDS = 5
THREADS = (1, 16, 64)
BODY = b'{"http_code":200,"response_code":"SUCCESS","response_msg":"New contact has been created.","data":{}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PAYLOAD = b'{"email":"jane.doe@example.com","phone_number":"+14155550132","custom_1":"marketing_opt_in"}'
CREDENTIALS = Credentials("jane", "key")
NOW = datetime.now(UTC)
TIMEOUT: Any = Timeout(connect=3, read=10, total=20)


def main(count: int) -> None:
    """Measure and print."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=max(THREADS))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        ways = ways_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
        report({threads: measure(ways, threads, count) for threads in THREADS}, count)
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


def ways_to(url: str) -> dict[str, Callable[[], Send]]:
    """The ways to send one contact, each made anew for a thread; the first is the baseline."""
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

    def posted_over(adapter: BaseAdapter) -> Send:
        client = Client(Endpoint(url, 42), Timeouts(), lambda: CREDENTIALS, adapter)
        return lambda: client.post(PAYLOAD, NOW)

    return {
        "Session.post": session_post,
        "BoundedAdapter.send, prepared": lambda: sent_by(BoundedAdapter(trust)),
        "LeanAdapter.send, prepared": lambda: sent_by(LeanAdapter(trust)),
        "Client.post, BoundedAdapter": lambda: posted_over(BoundedAdapter(trust)),
        "Client.post, LeanAdapter": lambda: posted_over(LeanAdapter(trust)),
    }


def measure(ways: dict[str, Callable[[], Send]], threads: int, count: int) -> dict[str, float]:
    """Seconds of CPU for each request, by way."""
    each = count // threads
    sends = {name: [way() for _ in range(threads)] for name, way in ways.items()}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, senders in sends.items():
            best[name] = min(best[name], cpu_of(senders, each) / (each * threads))
    return best


def cpu_of(senders: list[Send], each: int) -> float:
    """Seconds of CPU in which all the senders, a thread for each, send so many requests each."""
    for send in senders:
        send()  # connects
    workers = [threading.Thread(target=repeat, args=(send, each)) for send in senders]
    start = time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.process_time() - start


def repeat(send: Send, count: int) -> None:
    """Send so many."""
    for _ in range(count):
        send()


def report(best: dict[int, dict[str, float]], count: int) -> None:
    """A table for each number of threads, with the ratio of each way to the baseline."""
    for threads, by_way in best.items():
        baseline = next(iter(by_way.values()))
        sys.stdout.write(f"CPU a request with {threads} threads, best of {ROUNDS} rounds of {count}\n")
        for name, seconds in by_way.items():
            sys.stdout.write(f"{name:32}{seconds * 1e6:8.0f} us{seconds / baseline:8.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
