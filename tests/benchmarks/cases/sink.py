"""Cost of one request in the sink, measured with plain sockets: it must be negligible."""

from __future__ import annotations

import socket
import time

from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import cpu_seconds
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink_plan import Plan

CONNECTIONS = 64
ROUNDS = 1000
WANTED = 25_000  # requests for each CPU second
BODY = b'{"email":"jane.doe@example.com","phone_number":"+14155550132","custom_1":"marketing_opt_in"}'
REQUEST = b"POST /lists/42/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Requests for each CPU second of the sink, and requests a second."""
    rig.sink.follow(Plan())
    sockets = [socket.create_connection(("127.0.0.1", rig.sink.port)) for _ in range(CONNECTIONS)]
    start, cpu = time.monotonic(), cpu_seconds(rig.sink.pid)
    for _ in range(ROUNDS):
        for each in sockets:
            each.send(REQUEST)
        for each in sockets:
            each.recv(4096)
    count = CONNECTIONS * ROUNDS
    cpu, seconds = cpu_seconds(rig.sink.pid) - cpu, time.monotonic() - start
    for each in sockets:
        each.close()
    return [
        Figure("sink", "requests a CPU second", count / cpu, "/s", WANTED, "needed"),
        Figure("sink", "requests a second", count / seconds, "/s"),
    ]
