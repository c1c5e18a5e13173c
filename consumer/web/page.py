"""The files of a page, its security headers, and the host names under which it may be requested.

No build step, nothing from another host, nothing inline. A page on another site can make a visitor's browser send
requests to 127.0.0.1, and read the responses by DNS rebinding: the Origin header reveals the first, the Host header the
second.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files
from urllib.parse import urlsplit

from msgspec import Struct

from consumer.loopback import is_loopback

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
"""Headers of every response that a browser may show, data included. None allows other origins to read."""

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class Asset(Struct, frozen=True):
    """A file with its content type."""

    content_type: str
    body: bytes


def read_assets(package: str) -> dict[str, Asset]:
    """Return by path the page's files in this package, and the shared ones."""
    places = {
        "/": (package, "page.html"),
        "/page.css": (package, "page.css"),
        "/page.js": (package, "page.js"),
        "/icon.svg": (package, "icon.svg"),
        "/look.css": (__package__, "look.css"),
        "/shared.js": (__package__, "shared.js"),
    }
    return {
        path: Asset(TYPES[name.rpartition(".")[2]], files(folder).joinpath(name).read_bytes())
        for path, (folder, name) in places.items()
    }


def is_expected_host(host: str, allowed_hosts: Collection[str]) -> bool:
    """Return whether a Host header names this machine, or one of these: lower case, without port."""
    name = host_name(host)
    return name in allowed_hosts or is_loopback(name)


def is_own_origin(origin: str | None, host: str) -> bool:
    """Return whether an Origin header is absent or names the page's own address."""
    return origin is None or origin.partition("://")[2] == host


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port, in lower case; empty if invalid."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
