"""A requests adapter with a total deadline, a limit on the response's size, and one connection."""

from __future__ import annotations

import http.client
import io
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

from consumer.clicksend.blocking_connection import Deadline, open_socket
from consumer.clicksend.failure import ProxyUnauthorizedError, TunnelRefusedError
from consumer.clicksend.proxy import Proxy
from consumer.clicksend.transport import ANSWER_LIMIT

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

    from consumer.clicksend.transport import Trust


class BoundedAdapter(HTTPAdapter):
    """Send one thread's requests over one keep-alive connection, each at most once.

    `send` takes urllib3's Timeout and enforces its `total` from connecting to the response's last byte. urllib3 does
    not: each recv has the whole read timeout, so a slow drip never times out. Here all reads (status line, headers,
    body, the proxy's response to CONNECT) go through `_AnswerReader`, which limits each recv to the time left. So no
    other thread has to close the socket; the price is one clock read and one system call per recv.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._distrusted = False  # the last request failed at the server's certificate
        self._deadline = Deadline()
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send it once; `timeout` is urllib3's. Raises one of `failure.FAILURES`."""
        if self._distrusted:
            self._distrusted = False
            self._trust.reload()
        self._deadline.start(kwargs["timeout"].total)
        try:
            return super().send(request, *args, **kwargs)
        except requests.exceptions.SSLError:
            self._distrusted = True
            raise

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        """Set the TLS context: requests would load the authorities for every connection."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._trust.context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the context checks certificate and host name."""

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return the proxy's credentials, in UTF-8: requests fails at characters that Latin-1 lacks."""
        authorization = Proxy.of(proxy).authorization
        return {"Proxy-Authorization": authorization} if authorization else {}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Use the same TLS context for an https proxy."""
        return super().proxy_manager_for(proxy, proxy_ssl_context=self._trust.context, **proxy_kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool for a request, with connections that enforce the deadline."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        kind = _BoundedTlsConnection if pool.scheme == "https" else _BoundedConnection
        pool.ConnectionCls = partial(kind, self._deadline)
        return pool


class _BoundedConnection(HTTPConnection):
    """urllib3's connection with a deadline for every step."""

    timeout: float

    def __init__(self, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._deadline = deadline
        self._answer: type[_Answer] = _Answer

    def _new_conn(self) -> socket.socket:
        """Connect within the deadline: urllib3 allows each address the whole connect timeout."""
        return open_socket(self._dns_host.strip("[]"), self.port, self.timeout, self._deadline)

    def _tunnel(self) -> None:
        self._answer = _TunnelAnswer
        super()._tunnel()
        self._answer = _Answer

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._deadline.cut(self.timeout))  # the last request shortened it
        super().request(*args, **kwargs)

    def response_class(self, sock: socket.socket, method: str | None = None) -> _Answer:  # type: ignore[override]  # a
        # class there; http.client only calls it, to read the answer to a request or to CONNECT
        return self._answer(sock, method, _AnswerReader(sock, self.timeout, self._deadline))


class _BoundedTlsConnection(_BoundedConnection, HTTPSConnection):
    """The same over TLS; the socket's timeout limits the handshake and each read."""


class _AnswerReader(io.RawIOBase):
    """The raw stream of one response, limited by the deadline and ANSWER_LIMIT."""

    def __init__(self, sock: socket.socket, timeout: float, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)  # keeps the socket open after `Connection: close`
        self._timeout = timeout
        self._deadline = deadline
        self._room = ANSWER_LIMIT
        self.ended = False  # the server has closed its side

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._sock.settimeout(self._deadline.cut(self._timeout))
        count = self._stream.readinto(buffer) or 0
        self.ended = not count
        self._room -= count
        if self._room < 0:
            raise http.client.HTTPException("the answer is too long")
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, method: str | None, reader: _AnswerReader) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(reader)
        self._reader = reader

    def begin(self) -> None:
        """Read up to the body, skipping all 1xx (RFC 9110, 15.2).

        http.client would treat a 103 as the response, and the real response as that to the next request.
        """
        super().begin()
        while self.status < 200:
            self.headers = self.msg = None  # type: ignore[assignment]  # as http.client has it before it begins
            super().begin()
        if self._reader.ended:  # http.client accepts truncated headers
            raise http.client.HTTPException("the headers are cut")
        try:
            assert_header_parsing(self.headers)
        except HeaderParsingError:  # urllib3 only logs it and ignores the headers after the broken one
            raise http.client.HTTPException("a header is malformed") from None

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:  # a chunk of negative size, for which http.client raises ValueError
            raise http.client.HTTPException("a chunk is malformed")
        return super()._safe_read(amt)  # type: ignore[misc,no-any-return]  # typeshed leaves it out


class _TunnelAnswer(_Answer):
    """The response to CONNECT. http.client has its status only in an exception's text."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        if status != 200:
            raise ProxyUnauthorizedError if status == 407 else TunnelRefusedError
        return version, status, reason
