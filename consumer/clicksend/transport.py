"""The parameters of requests to ClickSend: endpoint, trust, timeouts and limits."""

from __future__ import annotations

import ssl
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from consumer.errors import ConfigurationError, Problem
from consumer.extras import hidden
from consumer.loopback import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_LIMIT = 128 * 1024  # bytes of one response on the wire, with headers; ClickSend's have less than 1 KiB
BODY_LIMIT = 64 * 1024  # bytes of a response's body, decoded


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the contact list.

    base_url  -- of the API, without a trailing slash; https, or http on loopback only
    list_id   -- the contact list's number
    proxy_url -- an explicit proxy for https; may contain its password

    Raises ConfigurationError if credentials would be sent unencrypted.
    """

    base_url: str
    list_id: int
    proxy_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
            what = "is neither https nor http on this machine, and the API key must not travel in the open"
            raise ConfigurationError(Problem("CLICKSEND_BASE_URL", what, "Write it as https://host/path."))


class Timeouts(Struct, frozen=True):
    """The timeouts of a request, in seconds; `total` limits the others.

    connect -- of each address of the host, and of each TLS step
    read    -- between two bytes of the response; sending is limited by the longer of the two
    total   -- from the start to the response's last byte, without the DNS lookup: that can't be interrupted and has
               the system's limits (resolv.conf(5))
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0


def load_requests() -> None:
    """Load requests, which is a tenth of a worker's imports, when it is needed. Thread-safe.

    Without the packages that guess the encoding of a text, which nobody asks for: they take as long, and 4 MiB.
    """
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
    with hidden("chardet", "charset_normalizer"):
        import requests  # noqa: F401, PLC0415 -- as above


class Trust:
    """The trusted certificates. One for the whole process: loading the public authorities takes 40 ms of CPU.

    ca_file -- PEM certificates that are trusted instead of the public authorities

    Raises ConfigurationError if the file can't be read. Thread-safe.
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # certificate and host name are checked
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._lock = threading.Lock()
        self._complete = ca_file is not None  # guarded by the lock
        if ca_file:
            hint = "Give the path of a file that can be read and holds certificates in PEM."
            self._add(str(ca_file), "holds no certificates", hint)

    @property
    def context(self) -> ssl.SSLContext:
        """Return the context of every connection. Raises ConfigurationError as `load` does."""
        self.load()
        return self._context

    def load(self) -> None:
        """Load the public authorities if they are trusted, once. Raises ConfigurationError if they can't be read."""
        with self._lock:
            if not self._complete:
                load_requests()
                from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 -- as there

                what = f"is not set, and the public authorities can't be read: {DEFAULT_CA_BUNDLE_PATH}"
                self._add(DEFAULT_CA_BUNDLE_PATH, what, "Install certifi again, or set it.")
                self._complete = True

    def _add(self, path: str, fault: str, hint: str) -> None:
        try:
            self._context.load_verify_locations(path)
        except OSError:
            raise ConfigurationError(Problem("CLICKSEND_CA_FILE", fault, hint)) from None

    def reload(self) -> None:
        """Load certificates added to `ca_file`, so that fixing it ends a halt without a restart."""
        if self._ca_file:
            with suppress(OSError):
                self._context.load_verify_locations(self._ca_file)
