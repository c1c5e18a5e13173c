"""Recognise loopback hosts, which may use plain HTTP and need no token."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether the host name or address is loopback, without a DNS lookup. IPv6 may have brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
