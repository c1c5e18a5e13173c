"""A server's side of TLS whose records can be cut, joined and spoilt."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clicksend.scripted_server import Act

Result = TypeVar("Result")


class RecordSocket(socket.socket):
    """A socket that encrypts what is sent, a record each time; `raw` sends bytes as they are."""

    def __init__(self, context: ssl.SSLContext, greeting: bytes, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._do(self.tls.do_handshake if not greeting else partial(self._greet, greeting))

    def recv(self, size: int, _: int = 0) -> bytes:
        """Decrypt what comes."""
        return self._do(partial(self.tls.read, size))

    def sendall(self, data: Any, _: int = 0) -> None:
        """Send it as one record."""
        self.raw(self.sealed(data))

    def raw(self, records: bytes) -> None:
        """Send these bytes as they are."""
        super().sendall(records)

    def sealed(self, *pieces: bytes) -> bytes:
        """The records that hold these pieces, one each."""
        for piece in pieces:
            self.tls.write(piece)
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """TLS's end of the connection: close_notify."""
        with suppress(ssl.SSLError):
            self.tls.unwrap()
        return self._outgoing.read()

    def alert(self) -> bytes:
        """A fatal alert, for a record that the client never sent."""
        self._incoming.write(bytes.fromhex("17 03 03 00 20") + bytes(32))
        with suppress(ssl.SSLError):
            self.tls.read(1)
        return self._outgoing.read()

    def _greet(self, greeting: bytes) -> None:
        self.tls.do_handshake()
        self.tls.write(greeting)

    def _do(self, act: Callable[[], Result]) -> Result:
        """Do it as soon as enough is received."""
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                pass
            finally:
                if self._outgoing.pending:
                    self.raw(self._outgoing.read())
            if data := super().recv(65536):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()


def by_records(greeting: bytes = b"") -> Callable[[ssl.SSLContext], Act]:
    """Go on over TLS, record by record; the greeting comes with the end of the handshake."""
    return lambda context: partial(RecordSocket, context, greeting)
