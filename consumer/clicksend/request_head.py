"""The part of a request that stays the same while contacts change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import PreparedRequest

_PORTS = {"http": 80, "https": 443}
_OWN = {"host", "content-length"}  # told by the head, whatever the request says


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: what is sent to one origin never goes over a connection to another."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """As the header `Host` has it (RFC 9110, 7.2): an IPv6 address in brackets, a port unless it is the usual."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Request line and headers, built once; `message` adds the body and its length."""

    origin: Origin
    lines: bytes = field(repr=False)  # up to the last header's end; the credentials are among them

    @classmethod
    def of(cls, request: PreparedRequest) -> RequestHead:
        """The head of a request that requests has prepared, and so checked."""
        url = urlsplit(request.url or "")
        origin = Origin(url.scheme, url.hostname or "", url.port or _PORTS[url.scheme])
        given = ((name, str(value)) for name, value in request.headers.items())
        headers = [f"{name}: {value}" for name, value in given if name.lower() not in _OWN]
        lines = [f"{request.method} {request.path_url} HTTP/1.1", f"Host: {origin.name}", *headers, ""]
        return cls(origin, "\r\n".join(lines).encode("latin-1"))

    def message(self, body: object) -> bytes:
        """The whole request. Raises TypeError where the body is neither bytes nor None."""
        if body is None:
            return self.lines + b"\r\n"
        if not isinstance(body, bytes):
            raise TypeError("a body is bytes or None")
        return b"%bContent-Length: %d\r\n\r\n%b" % (self.lines, len(body), body)
