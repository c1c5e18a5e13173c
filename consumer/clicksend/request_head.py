"""Prepare requests: the Session, and the part of a request that is the same for all contacts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from requests import PreparedRequest, Session

from consumer import __version__

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from consumer.clicksend.transport import Endpoint

_PORTS = {"http": 80, "https": 443}
_OWN = {"host", "content-length"}  # set here, not by the prepared request


class Origin(Struct, frozen=True):
    """The origin of a connection. Connections are never shared between origins."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """Return the header `Host` (RFC 9110, 7.2): IPv6 in brackets, no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Request line and headers, built once; `message` adds the body and its length."""

    origin: Origin
    lines: bytes = field(repr=False)  # up to the last header's end; the credentials are among them

    @classmethod
    def of(cls, request: PreparedRequest) -> RequestHead:
        """Build the head of a request that requests has prepared and checked."""
        url = urlsplit(request.url or "")
        origin = Origin(url.scheme, url.hostname or "", url.port or _PORTS[url.scheme])
        given = ((name, str(value)) for name, value in request.headers.items())
        headers = [f"{name}: {value}" for name, value in given if name.lower() not in _OWN]
        lines = [f"{request.method} {request.path_url} HTTP/1.1", f"Host: {origin.name}", *headers, ""]
        return cls(origin, "\r\n".join(lines).encode("latin-1"))

    def message(self, body: object) -> bytes:
        """Return the whole request. Raises TypeError if the body is neither bytes nor None."""
        if body is None:
            return self.lines + b"\r\n"
        if not isinstance(body, bytes):
            raise TypeError("a body is bytes or None")
        return b"%bContent-Length: %d\r\n\r\n%b" % (self.lines, len(body), body)


def open_session(endpoint: Endpoint, adapter: BaseAdapter | None = None) -> Session:
    """Open a Session that ignores the environment and has only this adapter.

    adapter -- None if requests are only prepared
    """
    session = Session()
    session.trust_env = False  # ignore proxies, CAs and .netrc, which would override the API key
    if endpoint.proxy_url:
        session.proxies = {"https": endpoint.proxy_url}
    if adapter is not None:
        session.mount("https://", adapter)
        session.mount("http://", adapter)
    session.headers.clear()
    session.headers.update(
        {
            "User-Agent": f"clicksend-consumer/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # compression does not pay for 300 bytes
        }
    )
    return session
