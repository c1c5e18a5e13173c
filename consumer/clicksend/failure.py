"""What it means when a request ends without an answer."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

import requests
import urllib3

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Iterator


class UnreachableError(OSError):
    """No address of the host took a connection, or none in time."""


class TunnelRefusedError(OSError):
    """The proxy's answer to CONNECT was not 200."""


class ProxyUnauthorizedError(TunnelRefusedError):
    """The proxy's answer to CONNECT was 407."""


FAILURES = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError)
"""What an adapter may raise: requests' exceptions are OSErrors. Anything else is an error of this program."""

# The first row decides of which any exception in the chain is an instance, so what is closest to the cause comes first.
_KINDS: tuple[tuple[tuple[type[BaseException], ...], Fault | Cause], ...] = (
    ((ProxyUnauthorizedError,), Fault.PROXY_UNAUTHORIZED),
    ((TunnelRefusedError,), Cause.PROXY),
    ((ssl.SSLCertVerificationError,), Fault.TLS),
    ((socket.gaierror,), Cause.DNS),
    ((UnreachableError, requests.ConnectTimeout), Cause.CONNECT),
    ((TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout), Cause.TIMEOUT),
    ((ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError), Cause.RESET),
    ((ssl.SSLError, requests.exceptions.SSLError), Cause.TLS),
    (
        (
            http.client.HTTPException,
            urllib3.exceptions.ProtocolError,
            urllib3.exceptions.DecodeError,
            urllib3.exceptions.InvalidHeader,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
            requests.exceptions.InvalidHeader,
        ),
        Cause.MALFORMED,
    ),
)


def failed(error: BaseException) -> Outcome:
    """The outcome of a request that ended with this exception, by its type and those of its causes, never its text."""
    chain = tuple(_chain(error))
    rows = (meaning for kinds, meaning in _KINDS if any(isinstance(link, kinds) for link in chain))
    meaning = next(rows, Cause.OTHER)
    if isinstance(meaning, Fault):
        return Outcome(Result.CONFIGURATION_FAULT, fault=meaning)
    return Outcome(Result.TRANSIENT, cause=meaning)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that it stands for: its cause, and what urllib3 wraps without naming it as the cause."""
    seen: set[int] = set()  # Python can be made to chain exceptions in a ring
    following: list[object] = [error]
    while following:
        link = following.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            following += [*link.args, link.__cause__ or link.__context__]
