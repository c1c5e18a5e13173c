"""Open a TCP connection within a deadline."""

from __future__ import annotations

import math
import socket
import time
from typing import Any

from consumer.clicksend.failure import UnreachableError


class Deadline:
    """A deadline shared by an adapter and its connection, restarted with every request. For one thread."""

    def __init__(self) -> None:
        self._at = math.inf

    def start(self, seconds: float) -> None:
        """Set the deadline to so many seconds from now."""
        self._at = time.monotonic() + seconds

    def cut(self, timeout: float) -> float:
        """Return the timeout in seconds, limited to the time left.

        Raises TimeoutError when nothing is left.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total timeout has run out")
        return min(timeout, left)


def open_socket(host: str, port: int, timeout: float, deadline: Deadline) -> socket.socket:
    """Connect to the host's first reachable address. Each has the timeout, all of them the deadline.

    timeout -- seconds; the returned socket has it, too, limited by the deadline, for the TLS handshake

    Raises socket.gaierror if the name is not found, UnreachableError if no address accepts.
    """
    failure: OSError | None = None
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # not a name, as in `https://a..b`
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
    for family, kind, protocol, _, address in addresses:
        try:
            return _connected(socket.socket(family, kind, protocol), address, timeout, deadline)
        except OSError as error:
            failure = error
    raise UnreachableError("no connection") from failure


def _connected(sock: socket.socket, address: Any, timeout: float, deadline: Deadline) -> socket.socket:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(deadline.cut(timeout))
        sock.connect(address)
        sock.settimeout(deadline.cut(timeout))
    except BaseException:
        sock.close()
        raise
    return sock
