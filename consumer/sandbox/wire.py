"""The bytes of an answer, and the faults of its connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from consumer.sandbox.answers import http_date
from consumer.sandbox.faults import ConnectionFault
from consumer.sandbox.log import RequestEnding

if TYPE_CHECKING:
    from consumer.sandbox.answers import SandboxResponse

LENGTH = "Content-Length"
GARBAGE = b"\x16\x03\x01 this is not HTTP \x00\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 s

ENDINGS = {
    ConnectionFault.RESET: RequestEnding.RESET,
    ConnectionFault.GARBAGE: RequestEnding.GARBAGE,
    ConnectionFault.CUT: RequestEnding.CUT,
    ConnectionFault.TRUNCATE: RequestEnding.CUT,
}
"""The ending of a request by connection fault, unless the client disconnects; the others are answered."""

RESETTING = frozenset({ConnectionFault.RESET, ConnectionFault.CUT, ConnectionFault.RESET_AFTER})


def on_the_wire(answer: SandboxResponse, connection: ConnectionFault, method: str, now: float) -> bytes:
    """Return the bytes to send, with the answer's own, maybe wrong, Content-Length. now -- seconds since the epoch."""
    if connection is ConnectionFault.RESET:
        return b""
    if connection is ConnectionFault.GARBAGE:
        return GARBAGE
    body = answer.body if method != "HEAD" else b""
    if ENDINGS.get(connection) is RequestEnding.CUT:
        body = body[: len(body) // 2]
    lines = head(answer.status, answer.headers, connection, int(now))
    length = dict(answer.headers).get(LENGTH, str(len(answer.body)))
    return b"%s%s: %s\r\n\r\n%s" % (lines, LENGTH.encode(), length.encode(), body)


@lru_cache(maxsize=32)
def head(status: int, headers: tuple[tuple[str, str], ...], connection: ConnectionFault, now: int) -> bytes:
    """Return the status line and the headers without the length, cached for equal answers of one second."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    closing = (("Connection", "close"),) if connection is ConnectionFault.CLOSE else ()
    dated = any(name.title() == "Date" for name, _ in headers)  # a fault script may set the clock
    date = () if dated else (("Date", http_date(now)),)
    pairs = (("Server", "clicksend-sandbox"), *date, *headers, *closing)
    lines = (f"{name}: {value}\r\n" for name, value in pairs if name != LENGTH)
    return "".join((f"HTTP/1.1 {status} {phrase}\r\n", *lines)).encode()


async def drip(transport: asyncio.Transport, data: bytes, interval: float) -> bytes:
    """Send byte by byte, `interval` seconds apart. Return the last byte, still to be sent."""
    for index in range(len(data) - 1):
        transport.write(data[index : index + 1])
        await asyncio.sleep(interval)
    return data[-1:]


def reset(transport: asyncio.Transport) -> None:
    """Close with a TCP reset instead of an orderly end; bytes already sent by the kernel still arrive."""
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
