"""Classify requests that end without a response."""

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
    """No address of the host accepted a connection in time."""


class TunnelRefusedError(OSError):
    """The proxy's response to CONNECT was not 200."""


class ProxyUnauthorizedError(TunnelRefusedError):
    """The proxy's response to CONNECT was 407."""


FAILURES = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError)
"""The exceptions of an adapter: those of requests are OSErrors. Any other is an internal error."""

# The first row that matches any exception of the chain decides, so the most specific ones come first.
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
    """Return the outcome of a failed request, by the types of the exception and its causes, never its text."""
    chain = tuple(_chain(error))
    rows = (meaning for kinds, meaning in _KINDS if any(isinstance(link, kinds) for link in chain))
    meaning = next(rows, Cause.OTHER)
    if isinstance(meaning, Fault):
        return Outcome(Result.CONFIGURATION_FAULT, fault=meaning)
    return Outcome(Result.TRANSIENT, cause=meaning)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate over the exception and its causes, including those that urllib3 wraps in `args`."""
    seen: set[int] = set()  # exceptions can be chained in a ring
    following: list[object] = [error]
    while following:
        link = following.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            following += [*link.args, link.__cause__ or link.__context__]
