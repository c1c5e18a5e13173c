"""Requests to servers of the tests, all on this machine."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request

HANG_SECONDS = 120.0  # a guard against hanging


def get(address: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    """Return status and body, whatever the status is."""
    try:
        with urllib.request.urlopen(address, timeout=HANG_SECONDS, context=context) as response:  # noqa: S310 -- our own
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def series(exposition: str) -> dict[str, float]:
    """Return the samples of Prometheus's text format, by name with labels."""
    pairs = (line.rsplit(" ", 1) for line in exposition.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
