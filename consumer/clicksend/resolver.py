"""Resolve names without blocking the loop."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

CACHED_FOR = 30.0  # seconds; about the TTL of ClickSend's records, and a burst needs one lookup
_MOST_THREADS = 4  # lookups that may hang at once; getaddrinfo(3) can't be interrupted

AddressInfo = tuple[int, int, int, str, Any]
"""As socket.getaddrinfo returns it."""


class _Cached(Struct):
    addresses: Sequence[AddressInfo]
    until: float


class Resolver:
    """Resolve names in daemon threads, so that a hanging lookup blocks neither the loop nor the exit.

    Concurrent requests for a name share one lookup. Addresses are cached, failures are not. For the loop's thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._cache: dict[tuple[str, int], _Cached] = {}
        self._lookups: dict[tuple[str, int], asyncio.Future[Sequence[AddressInfo]]] = {}  # those worth joining
        self._threads = asyncio.Semaphore(_MOST_THREADS)

    async def addresses(self, host: str, port: int) -> Sequence[AddressInfo]:
        """Return the addresses of a host. Raises socket.gaierror if there are none.

        After a cancelled caller, the next one starts a new lookup.
        """
        if _is_address(host):  # parsed, not looked up; the scope of fe80::1%eth0 as well
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        key = (host, port)
        cached = self._cache.get(key)
        if cached and cached.until > time.monotonic():
            return cached.addresses
        lookup = self._lookups.get(key)
        if lookup is None:
            await self._threads.acquire()
            lookup = self._lookups.get(key)  # another task may have started one
            if lookup is None:
                lookup = self._start(key)
            else:
                self._threads.release()
        try:
            return await asyncio.shield(lookup)
        except asyncio.CancelledError:
            if self._lookups.get(key) is lookup:
                del self._lookups[key]
            raise

    def _start(self, key: tuple[str, int]) -> asyncio.Future[Sequence[AddressInfo]]:
        lookup = self._lookups[key] = self._loop.create_future()
        thread = threading.Thread(target=self._resolve, args=(key, lookup), name="lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads
            self._finish(key, lookup, socket.gaierror(socket.EAI_MEMORY, str(error)))
        return lookup

    def _resolve(self, key: tuple[str, int], lookup: asyncio.Future[Sequence[AddressInfo]]) -> None:
        """Run a lookup, in its thread."""
        result: Sequence[AddressInfo] | socket.gaierror
        try:
            result = socket.getaddrinfo(*key, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            result = error
        except (OSError, UnicodeError):  # UnicodeError: no name at all, as in `https://a..b`
            result = socket.gaierror(socket.EAI_NONAME, "not found")
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(self._finish, key, lookup, result)

    def _finish(
        self,
        key: tuple[str, int],
        lookup: asyncio.Future[Sequence[AddressInfo]],
        result: Sequence[AddressInfo] | socket.gaierror,
    ) -> None:
        self._threads.release()
        if self._lookups.get(key) is lookup:
            del self._lookups[key]
        if isinstance(result, socket.gaierror):
            lookup.set_exception(result)
            lookup.exception()  # mark it retrieved, even if no task waits
        else:
            self._cache[key] = _Cached(result, time.monotonic() + CACHED_FOR)
            lookup.set_result(result)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
