"""An explicit proxy, and the tunnel that it opens (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
import http.client
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from consumer.clicksend.failure import ProxyUnauthorizedError, TunnelRefusedError
from consumer.clicksend.request_head import Origin
from consumer.clicksend.response_head import read_status_line
from consumer.clicksend.response_reader import HeadReader
from consumer.clicksend.tls import fail

if TYPE_CHECKING:
    from consumer.clicksend.tls import Stream

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address and credentials.

    authorization -- the header `Proxy-Authorization`; None without a user name
    """

    origin: Origin
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Parse a proxy URL. User name and password are percent-decoded and sent in UTF-8 (RFC 7617, 2.1)."""
        parts = urlsplit(url)
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        if not parts.username:
            return cls(origin)
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(origin, "Basic " + b64encode(login.encode()).decode("ascii"))

    def connect_message(self, target: Origin) -> bytes:
        """Return the CONNECT request for an origin."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Tunnel(asyncio.Protocol):
    """Request a tunnel as soon as the proxy is connected."""

    def __init__(self, loop: asyncio.AbstractEventLoop, message: bytes) -> None:
        self._message = message
        self._stream: Stream | None = None  # None before the connection and after its end
        self._reader = HeadReader()
        self._answered: asyncio.Future[None] = loop.create_future()

    async def opened(self) -> Stream:
        """Wait for the tunnel and return it. Raises one of `failure.FAILURES` if the proxy refuses.

        Data after the proxy's 200 is an error: in TLS the client speaks first.
        """
        await self._answered
        if self._reader.rest:
            raise TunnelRefusedError
        if self._stream is None:
            raise http.client.RemoteDisconnected("the proxy hung up")
        return self._stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the CONNECT request."""
        self._stream = cast("Stream", transport)
        self._stream.write(self._message)

    def data_received(self, data: bytes) -> None:
        """Read the proxy's response."""
        if self._answered.done():
            self._reader.rest += data
            return
        try:
            head = self._reader.feed(data)
            if head is None:
                return
            status, _ = read_status_line(head.partition(b"\n")[0].decode("latin-1"))  # no field means anything here
        except http.client.HTTPException as error:
            fail(self._answered, error)
            return
        if status == 200:
            self._answered.set_result(None)
        else:
            fail(self._answered, ProxyUnauthorizedError() if status == 407 else TunnelRefusedError())

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if the proxy closed the connection before its response."""
        self._stream = None
        fail(self._answered, exc or http.client.RemoteDisconnected("the proxy hung up"))
