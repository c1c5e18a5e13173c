"""Open a connection: addresses, TCP, a proxy's tunnel, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import aiohappyeyeballs

from consumer.clicksend.failure import UnreachableError
from consumer.clicksend.http_connection import State
from consumer.clicksend.proxy import Tunnel
from consumer.clicksend.resolver import Resolver

if TYPE_CHECKING:
    from consumer.clicksend.http_connection import HttpConnection
    from consumer.clicksend.proxy import Proxy
    from consumer.clicksend.request_head import Origin
    from consumer.clicksend.transport import Timeouts, Trust

_NEXT_ADDRESS = 0.25  # seconds after which the next address is tried beside the last (RFC 8305, section 5)


class ConnectPhase(IntEnum):
    """The phases of opening a connection."""

    LOOKUP = 0
    CONNECT = 1
    TUNNEL = 2
    TLS = 3

    def timed_out(self) -> OSError:
        """Return the error for a timeout in this phase."""
        match self:
            case ConnectPhase.LOOKUP:
                return socket.gaierror(socket.EAI_AGAIN, "no address in time")
            case ConnectPhase.CONNECT:
                return UnreachableError("no connection in time")
            case _:
                return TimeoutError("no answer in time")


class Opening:
    """One connection that is being opened."""

    def __init__(self, connection: HttpConnection) -> None:
        self.connection = connection
        self.stage = ConnectPhase.LOOKUP


class Connector:
    """Open connections to one origin, through a proxy if one is set. For the loop's thread only.

    The connect timeout applies to lookup and TCP together, to the proxy's response, and to each TLS handshake. The
    total timeout applies to all of them.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        origin: Origin,
        proxy: Proxy | None,
        trust: Trust,
        timeouts: Timeouts,
    ) -> None:
        self._loop = loop
        self._origin = origin
        self._proxy = proxy if origin.scheme == "https" else None  # plain http is for this machine only
        self._trust = trust
        self._distrusted = False  # the last handshake failed for the server's certificate
        self._timeouts = timeouts
        self._resolver = Resolver(loop)

    async def open(self, opening: Opening) -> None:
        """Open the connection and notify its owner. Raises one of `failure.FAILURES`."""
        try:
            async with asyncio.timeout(self._timeouts.total):
                sock = await self._reach(self._proxy.origin if self._proxy else self._origin, opening)
                await self._go_on(sock, opening)
        except TimeoutError:
            raise opening.stage.timed_out() from None
        except ssl.SSLCertVerificationError:
            self._distrusted = True
            raise

    async def _reach(self, origin: Origin, opening: Opening) -> socket.socket:
        """Connect to the host's fastest address (Happy Eyeballs)."""
        async with asyncio.timeout(self._timeouts.connect):
            addresses = await self._resolver.addresses(origin.host, origin.port)
            opening.stage = ConnectPhase.CONNECT
            try:
                sock = await aiohappyeyeballs.start_connection(
                    addresses, happy_eyeballs_delay=_NEXT_ADDRESS, loop=self._loop
                )
            except (OSError, RuntimeError) as error:  # RuntimeError is uvloop's
                raise UnreachableError("no connection") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock

    async def _go_on(self, sock: socket.socket, opening: Opening) -> None:
        connection = opening.connection
        if self._proxy:
            await self._tunnel(self._proxy, sock, opening)
            return
        opening.stage = ConnectPhase.TLS
        async with asyncio.timeout(self._timeouts.connect):
            await self._hand_over(sock, connection, self._origin)
            if self._origin.scheme == "https":
                connection.begin()  # no timeout can come between

    async def _tunnel(self, proxy: Proxy, sock: socket.socket, opening: Opening) -> None:
        opening.stage = ConnectPhase.TUNNEL
        tunnel = Tunnel(self._loop, proxy.connect_message(self._origin))
        try:
            async with asyncio.timeout(self._timeouts.connect):
                await self._hand_over(sock, tunnel, proxy.origin)
            async with asyncio.timeout(self._timeouts.connect):
                transport = await tunnel.opened()
            opening.stage = ConnectPhase.TLS
            async with asyncio.timeout(self._timeouts.connect):
                secured = await self._loop.start_tls(
                    transport,
                    opening.connection,
                    self._trusted_context(),
                    server_hostname=_server_name(self._origin),
                    ssl_handshake_timeout=self._timeouts.total,
                )
                if secured is None or opening.connection.state is State.CLOSED:  # the server sent data before a request
                    raise ConnectionResetError("closed during the handshake")
                opening.connection.connection_made(secured)
                opening.connection.begin()
        except BaseException:
            tunnel.abort()
            raise

    async def _hand_over(self, sock: socket.socket, protocol: HttpConnection | Tunnel, origin: Origin) -> None:
        """Hand the socket to the loop, with TLS for https. Close it on failure."""
        try:
            await self._loop.create_connection(lambda: protocol, sock=sock, **self._security(origin))
        except BaseException:
            protocol.abort()  # first: its transport may be open already, and reads from the socket
            if isinstance(self._loop, asyncio.BaseEventLoop):
                sock.close()
            raise
        finally:
            # uvloop's transports own the descriptor, but one that closes early does not detach it from the socket
            # object. That object would then close a descriptor which may be reused.
            if not isinstance(self._loop, asyncio.BaseEventLoop):
                sock.detach()

    def _security(self, origin: Origin) -> dict[str, Any]:
        """Return asyncio's TLS arguments for the origin; none for plain http."""
        if origin.scheme != "https":
            return {}
        return {
            "ssl": self._trusted_context(),
            "server_hostname": _server_name(origin),
            "ssl_handshake_timeout": self._timeouts.total,  # no sooner than our own; asyncio's default is 60 s
        }

    def _trusted_context(self) -> ssl.SSLContext:
        if self._distrusted:
            self._distrusted = False
            self._trust.reload()
        return self._trust.context


def _server_name(origin: Origin) -> str:
    return origin.host.rstrip(".")  # certificates name no root
