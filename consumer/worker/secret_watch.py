"""Read secrets again when their files change."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from consumer.log import cause_of

INTERVAL = 10.0  # seconds between two looks


log = structlog.get_logger()


class SecretWatch:
    """Look at the versions of the files every `INTERVAL` seconds; at a change call `reload`. One thread of its own.

    versions -- returns the versions of all files
    reload   -- reads them again; a file that is being written is read once more, as its version changes again
    """

    def __init__(self, versions: Callable[[], object], reload: Callable[[], None]) -> None:
        self._versions = versions
        self._reload = reload
        self._known: object = None  # none: the first look reloads what changed since the settings were read
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="secret-watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. A look in progress may hang with the file system, and is not waited for."""
        self._stopped.set()

    def look(self) -> None:
        """Reload if a file has changed since the last look."""
        found = self._versions()
        if found != self._known:
            self._known = found
            self._reload()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            try:
                self.look()
            except Exception as error:
                log.error("secrets not reloaded", **cause_of(error), hint="check the secret files and their directory")
