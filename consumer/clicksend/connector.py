"""Open a connection: addresses, TCP, a proxy's tunnel, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from enum import IntEnum
from typing import TYPE_CHECKING

import aiohappyeyeballs

from consumer.clicksend.failure import UnreachableError
from consumer.clicksend.proxy import Tunnel
from consumer.clicksend.resolver import Resolver
from consumer.clicksend.tls import Tls

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
    HANDSHAKE = 2  # of TLS, and with a proxy

    def timed_out(self) -> OSError:
        """Return the error for a timeout in this phase."""
        match self:
            case ConnectPhase.LOOKUP:
                return socket.gaierror(socket.EAI_AGAIN, "no address in time")
            case ConnectPhase.CONNECT:
                return UnreachableError("no connection in time")
            case ConnectPhase.HANDSHAKE:
                return TimeoutError("no answer in time")


class Opening:
    """One connection that is being opened."""

    def __init__(self, connection: HttpConnection) -> None:
        self.connection = connection
        self.stage = ConnectPhase.LOOKUP
        self.transport: asyncio.Transport | None = None  # of TCP


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
                await self._open(opening)
                if self._origin.scheme == "https":
                    opening.connection.begin()  # no timeout can come between
        except BaseException as error:
            if opening.transport is not None:
                opening.transport.abort()
            if isinstance(error, TimeoutError):
                raise opening.stage.timed_out() from None
            self._distrusted |= isinstance(error, ssl.SSLCertVerificationError)
            raise

    async def _open(self, opening: Opening) -> None:
        if self._proxy is None:
            await self._connect(self._origin, opening.connection, opening)
            return
        tunnel = Tunnel(self._loop, self._proxy.connect_message(self._origin))
        await self._connect(self._proxy.origin, tunnel, opening)
        async with asyncio.timeout(self._timeouts.connect):
            stream = await tunnel.opened()
        tls = self._tls(self._origin)
        tls.begin(stream)
        await self._secure(tls, opening.connection)

    async def _connect(self, origin: Origin, protocol: asyncio.Protocol, opening: Opening) -> None:
        """Connect the protocol to the origin, over TLS for https."""
        sock = await self._reach(origin, opening)
        opening.stage = ConnectPhase.HANDSHAKE
        if origin.scheme == "https":
            tls = self._tls(origin)
            opening.transport = await self._hand_over(sock, tls)
            await self._secure(tls, protocol)
        else:
            opening.transport = await self._hand_over(sock, protocol)

    async def _secure(self, tls: Tls, protocol: asyncio.Protocol) -> None:
        async with asyncio.timeout(self._timeouts.connect):
            await tls.handshake()
        tls.carry(protocol)

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

    async def _hand_over(self, sock: socket.socket, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Hand the socket to the loop. Close it on failure."""
        try:
            transport, _ = await self._loop.create_connection(lambda: protocol, sock=sock)
            return transport
        except BaseException:
            if isinstance(self._loop, asyncio.BaseEventLoop):
                sock.close()
            raise
        finally:
            # uvloop's transports own the descriptor, but one that closes early does not detach it from the socket
            # object. That object would then close a descriptor which may be reused.
            if not isinstance(self._loop, asyncio.BaseEventLoop):
                sock.detach()

    def _tls(self, origin: Origin) -> Tls:
        if self._distrusted:
            self._distrusted = False
            self._trust.reload()
        return Tls(self._loop, self._trust.context, origin)
