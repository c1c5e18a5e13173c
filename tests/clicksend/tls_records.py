"""A server's side of TLS whose records can be cut, joined and spoilt."""

from __future__ import annotations

import hmac
import socket
import ssl
from contextlib import suppress
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clicksend.scripted_server import Act

Result = TypeVar("Result")


class Kind(IntEnum):
    """What a record of TLS 1.3 holds (RFC 8446, 5.1)."""

    HANDSHAKE = 22
    DATA = 23


KEY_UPDATE = bytes([24, 0, 0, 1, 0])  # of the sender's keys (RFC 8446, 4.6.3)
TICKET = bytes([4, 0, 0, 30]) + bytes(8) + b"\1\0" + b"\0\x10" + bytes(16) + b"\0\0"  # of a session (4.6.1)


class RecordMaker:
    """Makes the server's records of TLS 1.3 after the handshake, of any kind, with the keys that its log holds.

    Only for a server that writes nothing itself, and sends no tickets.
    """

    def __init__(self, key_log: Path) -> None:
        secret = bytes.fromhex(key_log.read_text().rpartition("SERVER_TRAFFIC_SECRET_0 ")[2].split()[1])
        self._cipher = AESGCM(_expanded(secret, b"key", 32))
        self._iv = int.from_bytes(_expanded(secret, b"iv", 12))
        self._number = 0

    def record(self, kind: Kind, content: bytes) -> bytes:
        """Return one record (RFC 8446, 5.2)."""
        header = bytes([Kind.DATA, 3, 3]) + (len(content) + 17).to_bytes(2)
        nonce = (self._iv ^ self._number).to_bytes(12)
        self._number += 1
        return header + self._cipher.encrypt(nonce, content + bytes([kind]), header)


def _expanded(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label, for at most 48 bytes (RFC 8446, 7.1)."""
    label = b"tls13 " + label
    info = length.to_bytes(2) + bytes([len(label)]) + label + b"\0"
    return hmac.digest(secret, info + b"\1", "sha384")[:length]


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
