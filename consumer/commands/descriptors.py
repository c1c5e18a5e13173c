"""Compare the limit on open files with the files and sockets that the settings need."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from consumer.errors import Problem

# For descriptors beside ClickSend's connections: librdkafka opens a socket and two pipe ends per broker and client.
# The monitor, name servers, CA files and the event loop open a few more.
RESERVE = 256


def descriptors_needed(concurrency: int) -> int:
    """Return the number of file descriptors that a worker may have open. concurrency -- its requests in flight."""
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
