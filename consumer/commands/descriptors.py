"""Whether the process may open as many files and sockets as the settings ask for."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from consumer.errors import Problem

# What is open beside ClickSend's connections: librdkafka's (a socket and two pipe ends a broker and client, hundreds
# with many brokers), the monitor's, name servers, CA files, the event loop's own.
RESERVE = 256


def descriptors_needed(concurrency: int) -> int:
    """Return the file descriptors that a worker with so many requests in flight may have open at once."""
    return concurrency + RESERVE


def descriptor_warnings(concurrency: int, allowed: int | None = None) -> Iterator[Problem]:
    """Yield a warning where the process may open fewer files than it needs.

    allowed -- the limit on open files; by default this process's own (RLIMIT_NOFILE)
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if allowed is None else allowed
    needed = descriptors_needed(concurrency)
    if limit not in (resource.RLIM_INFINITY, -1) and limit < needed:
        what = f"needs up to {needed} open files, and this process may open {limit}"
        hint = f"Raise the limit (ulimit -n {needed}, LimitNOFILE= of systemd, --ulimit nofile= of Docker), or lower it"
        yield Problem("DELIVERY_CONCURRENCY", what, hint)
