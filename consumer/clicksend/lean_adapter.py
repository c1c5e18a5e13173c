"""The adapter that carries contacts: one socket, one send, one receive."""

from __future__ import annotations

import io
import ssl
from typing import TYPE_CHECKING, Any

from requests import Response
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from consumer.clicksend.connecting import open_socket
from consumer.clicksend.connection import Connection
from consumer.clicksend.deadline import Deadline
from consumer.clicksend.request_head import Origin, RequestHead

if TYPE_CHECKING:
    import socket

    from requests import PreparedRequest

    from consumer.clicksend.answer_parser import Answer
    from consumer.clicksend.transport import Trust


class LeanAdapter(BaseAdapter):
    """Carries one thread's requests over one keep-alive connection, each of them sent once, whatever happens.

    It does what the path of a contact needs and no more, for a tenth of what requests' own adapter costs. Proxies are
    `BoundedAdapter`'s. It takes requests whose body is bytes or None, and whose method, URL and headers stay as they
    were when it first saw them: what it sends of those is built once for each request object.
    """

    def __init__(self, trust: Trust) -> None:
        super().__init__()
        self._trust = trust
        self._distrusted = False  # the last request failed for the server's certificate
        self._deadline = Deadline()
        self._request: PreparedRequest | None = None  # whose head is built
        self._head: RequestHead | None = None
        self._kept: Connection | None = None  # ready for the next request
        self._origin: Origin | None = None  # where it leads, and the TLS session belongs
        self._tls_session: ssl.SSLSession | None = None

    def send(self, request: PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> Response:
        """Send it once; `timeout` is urllib3's, its `total` a deadline for everything from connecting to the last byte.

        The answer has been read to its end, also where `stream` is asked for. For what happens on the way, raises one
        of `failure.FAILURES`.
        """
        self._deadline.start(timeout.total)
        head = self._head
        if head is None or request is not self._request:
            head = self._head = RequestHead.of(request)
            self._request = request
        connection = self._take(head.origin, timeout.connect_timeout)
        try:
            answer = connection.exchange(head.message(request.body), timeout.read_timeout, self._deadline)
            if answer.reusable:
                self._kept = connection
        finally:
            if self._kept is None:
                self._leave(connection)
        return _response(request, answer)

    def close(self) -> None:
        """Close the connection."""
        if self._kept is not None:
            self._leave(self._kept)
            self._kept = None

    def _take(self, origin: Origin, timeout: float) -> Connection:
        """A connection on which nothing can come but our answer. Until it is kept again, it is nobody's."""
        connection, self._kept = self._kept, None
        if connection is not None:
            if origin == self._origin and connection.quiet:
                return connection
            self._leave(connection)
        if origin != self._origin:
            self._origin, self._tls_session = origin, None
        sock = open_socket(origin.host, origin.port, timeout, self._deadline)
        return Connection(self._secure(sock, origin.host) if origin.scheme == "https" else sock)

    def _secure(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        """Go over to TLS. The handshake takes no longer than the socket's timeout; failing, it closes the socket."""
        if self._distrusted:
            self._distrusted = False
            self._trust.reload()
        session, self._tls_session = self._tls_session, None  # what a handshake fails with is not tried twice
        try:
            return self._trust.context.wrap_socket(sock, server_hostname=host, session=session)
        except ssl.SSLCertVerificationError:
            self._distrusted = True
            raise

    def _leave(self, connection: Connection) -> None:
        self._tls_session = connection.tls_session
        connection.close()


def _response(request: PreparedRequest, answer: Answer) -> Response:
    """The answer as requests has it, with its body in it."""
    response = Response()
    response.request = request
    response.url = request.url or ""
    response.status_code = answer.status
    response.headers = answer.headers
    if encoding := answer.headers.get("Content-Encoding"):  # not asked for; requests unpacks it, as the body is read
        headers = {"Content-Encoding": encoding}
        response.raw = HTTPResponse(io.BytesIO(answer.body), headers, preload_content=False)
    else:
        response._content, response._content_consumed = answer.body, True
    return response
