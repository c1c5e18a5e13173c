"""The stand-in as a running server: one thread, one event loop, and an interface for test programs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar

from aiohttp import web

from consumer.errors import ConfigurationError, Problem
from consumer.sandbox.handler import Handler
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.sandbox.faults import Script
    from consumer.sandbox.log import Entry
    from consumer.sandbox.store import StoredContact

T = TypeVar("T")

ASK_AGAIN = 0.05
"""Seconds until `wait_for` checks again: another waiting thread may have cleared the event."""

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not listened on)
"""The local address of a server that listens on all interfaces."""


class Clock:
    """A monotonic clock in seconds since the epoch, even if the system's clock is set back."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._offset + time.monotonic()


class Sandbox:
    """Run a ClickSend on this machine.

    Use it as a context manager::

        with Sandbox(SandboxOptions(list_ids=(428,))) as sandbox:
            ...  # CLICKSEND_BASE_URL is sandbox.url
            sandbox.wait_for(lambda: len(sandbox.contacts()) == 3, timeout=5)

    The constructor binds the port; it serves from `start` to `stop`. Every method may be called from any thread.
    Raises ConfigurationError if it can't listen, can't write its files, or can't make its certificate.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self._tls = server_context(self.options)
        self._changed = threading.Event()
        self._clock = Clock()
        self._socket = listening_socket(self.options)
        self.port: int = self._socket.getsockname()[1]
        try:
            self._handler = Handler(self.options, self._clock, self._note_change)
        except OSError as error:
            self._socket.close()
            hint = "Name a file that can be written."
            raise ConfigurationError(Problem("request log", f"can't be opened: {error.strerror}", hint)) from error
        self._loop = asyncio.new_event_loop()
        self._web_server = web.Server(self._handler, loop=self._loop, access_log=None, handler_cancellation=True)
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)

    @property
    def page_url(self) -> str:
        """Return the address of the page."""
        host = ANYWHERE.get(self.options.host, self.options.host)
        scheme = "https" if self._tls is not None else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def url(self) -> str:
        """Return the value for CLICKSEND_BASE_URL."""
        return f"{self.page_url}v3"

    def start(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def stop(self) -> None:
        """Close every connection, answered or not, and the log file. Contacts and log stay readable."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        self._socket.close()
        self._handler.log.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def contacts(self) -> list[StoredContact]:
        """Return the contacts, the last changed one first."""
        app = self._handler.app
        return self._ask(lambda: app.store.recent(after=0, count=len(app.store)))

    def requests(self) -> list[Entry]:
        """Return the completed requests, in the order of completion."""
        return self._ask(self._handler.log.all)

    def set_faults(self, script: Script) -> None:
        """Replace the script; the clock of the new one starts now."""
        self._ask(lambda: self._handler.app.set_faults(script, self._clock()))

    def set_credentials(self, username: str, api_key: str) -> None:
        """Accept only these from now on."""
        self._ask(lambda: self._handler.app.set_credentials(username, api_key))

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds, checking after each request. Return whether it holds. timeout -- s."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= end:
                return False
            self._changed.wait(ASK_AGAIN)
            self._changed.clear()
        return True

    def _note_change(self) -> None:
        if not self._changed.is_set():  # checking costs less than setting, and mostly no thread waits
            self._changed.set()

    def _ask(self, question: Callable[[], T]) -> T:
        """Run the function in the server's thread, which owns the state; directly without one."""
        if not self._thread.is_alive():
            return question()

        async def answer() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result()

    async def _open(self) -> None:
        self._listener = await self._loop.create_server(
            self._web_server, sock=self._socket, ssl=self._tls, backlog=1024
        )

    async def _close(self) -> None:
        self._listener.close()
        for connection in self._web_server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        unfinished = asyncio.all_tasks() - {asyncio.current_task()}
        if unfinished:
            await asyncio.wait(unfinished)


def listening_socket(options: SandboxOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family)
    except OSError as error:
        what = f"can't listen on port {options.port}: {error.strerror or error}"
        raise ConfigurationError(Problem("sandbox", what, "Choose another host or port.")) from error
