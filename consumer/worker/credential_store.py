"""The ClickSend credentials of a running worker, which follow their files."""

from __future__ import annotations

import threading

import structlog

from consumer.clicksend.credentials import Credentials
from consumer.clicksend.transport import Trust
from consumer.errors import ConfigurationError
from consumer.log import cause_of
from consumer.settings import Settings, reload_credentials

log = structlog.get_logger()


class CredentialStore:
    """The current credentials: reloaded when a file changes, and before each probe. Thread-safe.

    trust -- the trusted certificates, reloaded with them
    """

    def __init__(self, settings: Settings, trust: Trust) -> None:
        self._settings = settings
        self.trust = trust
        self._reloading = threading.Lock()  # an older reading must not replace a newer one
        clicksend = settings.clicksend
        self._credentials = Credentials(clicksend.username, clicksend.api_key.reveal())

    def current(self) -> Credentials:
        """Return the credentials for the next request."""
        return self._credentials

    def reload(self) -> None:
        """Reload the secret files. If that fails, the old credentials stay."""
        with self._reloading:
            self.trust.reload()
            try:
                read = reload_credentials(self._settings)
            except ConfigurationError as error:
                for problem in error.problems:
                    fields = {"name": problem.name, "what": problem.what, "hint": problem.hint, **cause_of(error)}
                    log.warning("credentials not reloaded", **fields)
                return
            if read != self._credentials:
                self._credentials = read
                log.info("credentials reloaded")
