"""How requests reach ClickSend: where to, whom to trust, how long to wait and to read, and the Session that does it."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from consumer import __version__
from consumer.errors import ConfigurationError, Problem
from consumer.loopback import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

    from requests.adapters import BaseAdapter

ANSWER_LIMIT = 128 * 1024  # bytes of one answer on the wire, headers included; ClickSend's weigh less than one
BODY_LIMIT = 64 * 1024  # bytes of an answer's body, unpacked


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the contact list is.

    base_url  -- address of the API, without a slash at its end; https, or http on this machine only
    list_id   -- the contact list's number
    proxy_url -- an explicit proxy for https, which may carry its password

    Raises ConfigurationError where credentials would travel unprotected.
    """

    base_url: str
    list_id: int
    proxy_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
            what = "is neither https nor http on this machine, and the API key must not travel in the open"
            raise ConfigurationError(Problem("CLICKSEND_BASE_URL", what, "Write it as https://host/path."))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take, in seconds; `total` cuts the others.

    connect -- until a connection is there, for each address of the host; also each step of TLS
    read    -- without a byte of the answer; sending takes no longer than the longer of the two
    total   -- from the beginning to the answer's last byte. Only looking up the host's name comes on top: that can't
               be interrupted, and the system's resolver has limits of its own (resolv.conf(5)).
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0


class Trust:
    """Whose certificates are believed. One for the whole program: loading the public authorities takes 40 ms of CPU.

    ca_file -- a file of certificates in PEM that are believed instead of the public authorities

    Raises ConfigurationError where the file can't be read.
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # certificate and host name are checked
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
        except OSError:
            hint = "Give the path of a file that can be read and holds certificates in PEM."
            raise ConfigurationError(Problem("CLICKSEND_CA_FILE", "holds no certificates", hint)) from None

    def reload(self) -> None:
        """Believe what has been added to `ca_file` meanwhile, so that mending it ends a halt without a restart."""
        if self._ca_file:
            with suppress(OSError):
                self.context.load_verify_locations(self._ca_file)


def open_session(endpoint: Endpoint, adapter: BaseAdapter | None = None) -> requests.Session:
    """A Session that takes nothing from the environment, prepares the requests, and knows no adapter but this one.

    adapter -- None where the requests are only prepared
    """
    session = requests.Session()
    session.trust_env = False  # no proxy and no CA of the environment's, and no .netrc: it would override the API key
    if endpoint.proxy_url:
        session.proxies = {"https": endpoint.proxy_url}
    if adapter is not None:
        session.mount("https://", adapter)
        session.mount("http://", adapter)
    session.headers.clear()
    session.headers.update(
        {
            "User-Agent": f"clicksend-consumer/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # an answer of 300 bytes isn't worth unpacking
        }
    )
    return session
