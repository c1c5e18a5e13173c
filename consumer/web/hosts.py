"""Check the host and origin of requests to a page.

A page on another site can make a visitor's browser send requests to 127.0.0.1, and by DNS rebinding read the answers:
the Host header reveals the second, the Origin header the first.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from consumer.loopback import is_loopback


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
