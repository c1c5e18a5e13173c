"""A connection to ClickSend's server, kept between requests."""

from __future__ import annotations

import select
import ssl
from typing import TYPE_CHECKING

from consumer.clicksend.answer_parser import Answer, AnswerParser

if TYPE_CHECKING:
    import socket

    from consumer.clicksend.deadline import Deadline

_PIECE = 16 * 1024  # bytes read at once: a whole record of TLS, so that nothing is left where `quiet` does not look


class Connection:
    """Carries one request after another, each to the end of its answer. For one thread.

    After anything but a reusable answer it is of no use: close it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._arrivals = select.poll()
        self._arrivals.register(sock, select.POLLIN)
        self._parser = AnswerParser()

    @property
    def quiet(self) -> bool:
        """Nothing has come since the last answer: neither the connection's end nor bytes that nobody has asked for."""
        return not self._arrivals.poll(0)

    def exchange(self, message: bytes, timeout: float, deadline: Deadline) -> Answer:
        """Send a request, once, and read its answer.

        timeout -- seconds for sending it, and for silence while the answer is read

        Raises OSError or http.client.HTTPException where no answer comes of it.
        """
        self._allow(deadline.cut(timeout))
        self._sock.sendall(message)
        self._parser.begin()
        while True:
            self._allow(deadline.cut(timeout))
            if answer := self._parser.feed(self._sock.recv(_PIECE)):
                return answer

    @property
    def tls_session(self) -> ssl.SSLSession | None:
        """What the next connection may resume."""
        return self._sock.session if isinstance(self._sock, ssl.SSLSocket) else None

    def close(self) -> None:
        """Close it; as often as you like."""
        self._sock.close()

    def _allow(self, timeout: float) -> None:
        """Give the next operation so many seconds. Told to the socket only when it changes: that is a system call."""
        if timeout != self._timeout:
            self._sock.settimeout(timeout)
            self._timeout = timeout
