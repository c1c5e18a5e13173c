"""requests' own adapter, kept within bounds: a total deadline, a limit on what an answer may weigh, one connection."""

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

from consumer.clicksend.connecting import open_socket
from consumer.clicksend.deadline import Deadline
from consumer.clicksend.failure import ProxyUnauthorizedError, TunnelRefusedError
from consumer.clicksend.proxy import Proxy
from consumer.clicksend.transport import ANSWER_LIMIT

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

    from consumer.clicksend.transport import Trust


class BoundedAdapter(HTTPAdapter):
    """Carries one thread's requests over one keep-alive connection, each of them sent once, whatever happens.

    `send` takes urllib3's Timeout and holds its `total` as a deadline for everything from connecting to the answer's
    last byte. urllib3 doesn't: each recv gets the whole read timeout, so an answer that drips is read for ever. Here
    all that is read of an answer (status line, headers, body, the proxy's reply to CONNECT) goes through
    `_AnswerReader`, which gives each recv no more time than the deadline leaves. So no watchdog has to close a socket
    behind the back of its owner; the price is a look at the clock and one system call for each recv.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._distrusted = False  # the last request failed for the server's certificate
        self._deadline = Deadline()
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send it once; `timeout` is urllib3's. For what happens on the way, raises one of `failure.FAILURES`."""
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
        """requests' hook for a TLS context of one's own: requests would load the authorities for every connection."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._trust.context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: the context checks certificate and host name."""

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The login at the proxy, in UTF-8: requests raises UnicodeEncodeError for what Latin-1 lacks."""
        authorization = Proxy.of(proxy).authorization
        return {"Proxy-Authorization": authorization} if authorization else {}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The same context for a proxy that speaks TLS itself."""
        return super().proxy_manager_for(proxy, proxy_ssl_context=self._trust.context, **proxy_kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool for a request, with connections that know the deadline."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        kind = _BoundedTlsConnection if pool.scheme == "https" else _BoundedConnection
        pool.ConnectionCls = partial(kind, self._deadline)
        return pool


class _BoundedConnection(HTTPConnection):
    """urllib3's connection, no step of which takes longer than the deadline leaves."""

    timeout: float

    def __init__(self, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._deadline = deadline
        self._answer: type[_Answer] = _Answer

    def _new_conn(self) -> socket.socket:
        """As urllib3's, except that there each address of a name gets the whole connect timeout, which adds up."""
        return open_socket(self._dns_host.strip("[]"), self.port, self.timeout, self._deadline)

    def _tunnel(self) -> None:
        self._answer = _TunnelAnswer
        super()._tunnel()
        self._answer = _Answer

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._deadline.cut(self.timeout))  # the last request left it what it had left
        super().request(*args, **kwargs)

    def response_class(self, sock: socket.socket, method: str | None = None) -> _Answer:  # type: ignore[override]  # a
        # class there; http.client only calls it, to read the answer to a request or to CONNECT
        return self._answer(sock, method, _AnswerReader(sock, self.timeout, self._deadline))


class _BoundedTlsConnection(_BoundedConnection, HTTPSConnection):
    """The same over TLS, whose handshake and reads hold the socket's timeout as a deadline of their own."""


class _AnswerReader(io.RawIOBase):
    """What comes over the socket in answer to one request: no longer than the deadline, no more than ANSWER_LIMIT."""

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
        """Read up to the body, past any number of 1xx (RFC 9110, 15.2).

        http.client takes a 103 for the answer, and the real answer for that to the next request.
        """
        super().begin()
        while self.status < 200:
            self.headers = self.msg = None  # type: ignore[assignment]  # as http.client has it before it begins
            super().begin()
        if self._reader.ended:  # http.client takes headers that are cut for complete
            raise http.client.HTTPException("the headers are cut")
        try:
            assert_header_parsing(self.headers)
        except HeaderParsingError:  # urllib3 only logs it, and goes on without the headers after the broken one
            raise http.client.HTTPException("a header is malformed") from None

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:  # a chunk of negative size, for which http.client raises ValueError
            raise http.client.HTTPException("a chunk is malformed")
        return super()._safe_read(amt)  # type: ignore[misc,no-any-return]  # typeshed leaves it out


class _TunnelAnswer(_Answer):
    """The answer to CONNECT. http.client puts its status into an exception's text only."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        if status != 200:
            raise ProxyUnauthorizedError if status == 407 else TunnelRefusedError
        return version, status, reason
