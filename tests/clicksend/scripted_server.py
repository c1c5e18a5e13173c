"""A server that sends scripted bytes: responses that no HTTP library would send."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Act = Callable[[socket.socket], socket.socket | None]
"""What is done on a connection once a request has been read from it; gives back the connection that goes on, if any."""


class ScriptedServer:
    """Listens on this machine. Each request takes the next act of the script, over whichever connection it comes."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        by: Callable[[ssl.SSLContext], Act] | None = None,
    ) -> None:
        self._secured = (by or secure)(tls) if tls else None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._script: list[Act] = []
        self.requests: list[bytes] = []  # as they came, heads and bodies
        self.connections = 0
        self.hung_up = threading.Event()  # a connection is closed
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def script(self, *acts: Act) -> None:
        """The next action."""
        self._script.extend(acts)

    @contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        """Serve until the end of the block."""
        self._start(self._accept)
        try:
            yield self
        finally:
            for sock in (self._listener, *self._open):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
            for thread in self._threads:
                thread.join()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError as error:
                if error.errno != errno.EMFILE:
                    return
                time.sleep(0.01)  # a test has taken all descriptors: accept asks for one before it waits
                continue
            self.connections += 1
            self._open.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket | None) -> None:
        with suppress(OSError):
            if self._secured and sock:
                sock = self._secured(sock)
            while sock and (request := read_request(sock)):
                self.requests.append(request)
                self._open.append(sock)
                sock = self._script.pop(0)(sock)
        if sock:
            sock.close()
        self.hung_up.set()


def read_request(sock: socket.socket) -> bytes:
    """Head and body of the next request; empty when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := sock.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *([0-9]+)", head)
    while length and len(body) < int(length[1]):
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(*pieces: bytes) -> Act:
    """Send the pieces, and keep the connection."""

    def act(sock: socket.socket) -> socket.socket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sock.sendall(piece)
        return sock

    return act


def reply_and_close(answer: bytes = b"") -> Act:
    """Send the answer, if any, and close the connection in good order."""

    def act(sock: socket.socket) -> None:
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    return act


def reply_and_reset(answer: bytes = b"") -> Act:
    """Send the answer, if any, and reset the connection (RST)."""

    def act(sock: socket.socket) -> None:
        sock.sendall(answer)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    return act


def reply_and_end_tls(answer: bytes) -> Act:
    """Send the answer, then TLS's own end of the connection (close_notify)."""

    def act(sock: socket.socket) -> None:
        assert isinstance(sock, ssl.SSLSocket)
        sock.sendall(answer)
        sock.unwrap().close()

    return act


def drip(head: bytes, piece: bytes) -> Act:
    """Send the head, then a piece every few milliseconds for ever."""

    def act(sock: socket.socket) -> None:
        sock.sendall(head)
        gone = threading.Event()
        while True:  # ends with an OSError when the client has gone
            sock.sendall(piece)
            gone.wait(0.005)

    return act


def hang(sock: socket.socket) -> None:
    """Say nothing until the client goes."""
    sock.recv(1)
    sock.close()


def secure(context: ssl.SSLContext) -> Callable[[socket.socket], socket.socket]:
    """Go on over TLS."""
    return lambda sock: context.wrap_socket(sock, server_side=True)


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A well-formed answer; give `headers` as `Name: value`."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


SUCCESS = b'{"http_code":200,"response_code":"SUCCESS","response_msg":"New contact has been created.","data":{}}'
OK = answer("200 OK", SUCCESS, "Content-Type: application/json")
