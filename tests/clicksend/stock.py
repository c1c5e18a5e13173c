"""Unmodified requests as the reference: its reading of a response's bytes."""

from __future__ import annotations

import io
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

REFUSALS = (requests.RequestException, HTTPError, OSError, ValueError)
"""What reading a response may raise, http.client's exceptions wrapped or not."""


class _Played:
    """A socket that plays bytes, and then the end of the connection."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def sendall(self, data: bytes) -> None:
        """Take the request."""

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """Return what there is to be read."""
        return io.BufferedReader(io.BytesIO(self._data))

    def settimeout(self, seconds: float | None) -> None:
        """Do without."""

    def shutdown(self, how: int) -> None:
        """Do without."""

    def close(self) -> None:
        """Do without."""


def stock_response(data: bytes) -> tuple[int, bytes] | None:
    """Status and body that requests reads from these bytes and the connection's end; None where it raises."""
    connection = HTTPConnection("127.0.0.1")
    connection.sock = _Played(data)
    request = requests.Request("POST", "http://127.0.0.1/", data=b"{}").prepare()
    try:
        connection.request("POST", "/", body=b"{}", preload_content=False, decode_content=False)
        response = HTTPAdapter().build_response(request, connection.getresponse())
        return response.status_code, response.content
    except REFUSALS:
        return None
    except Exception as error:
        if type(error).__module__ != "http.client":
            raise
        return None
