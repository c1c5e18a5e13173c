"""What counts as this machine: where plain http is allowed, and where no token is needed."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine, without asking a name server. IPv6 may have brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
