"""Access control of the event debugger.

Only expected host names (against DNS rebinding), only GET, and with the token if one is set. The token is sent as
`Authorization: Bearer`, or as the password of HTTP Basic (RFC 7617) with any user name. A browser then asks for it and
sends it to this address only, so it is in no URL, no cookie and no proxy's log.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection
from hmac import compare_digest
from typing import TYPE_CHECKING

from msgspec import Struct

from consumer.web.page import is_expected_host, is_own_origin

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


class Refusal(Struct, frozen=True):
    """A refused request. `status` is HTTP's, with its phrase."""

    status: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


WRONG_HOST = Refusal(
    "403 Forbidden",
    "Open this page as http://127.0.0.1 or http://localhost, or name the host in MONITOR_ALLOWED_HOSTS.",
)
WRONG_ORIGIN = Refusal("403 Forbidden", "Pages of other origins may not read this.")
WRONG_METHOD = Refusal("405 Method Not Allowed", "Only GET is allowed.", (("Allow", "GET"),))
NO_TOKEN = Refusal(
    "401 Unauthorized",
    "Send MONITOR_TOKEN as the password, with any user name, or as Authorization: Bearer.",
    (("WWW-Authenticate", 'Basic realm="event debugger", charset="UTF-8"'),),
)


class Guard:
    """Check requests.

    allowed_hosts -- names besides loopback, case-insensitive
    token         -- None: not required
    """

    def __init__(self, allowed_hosts: Collection[str], token: str | None) -> None:
        self._allowed_hosts = frozenset(name.lower() for name in allowed_hosts)
        self._token = token.encode() if token is not None else None

    def use_token(self, token: str) -> None:
        """Require this token from now on. Thread-safe."""
        self._token = token.encode()

    def refusal(self, environ: WSGIEnvironment) -> Refusal | None:
        """Return why the request is refused; None if it is allowed."""
        host = environ.get("HTTP_HOST", "")
        if not is_expected_host(host, self._allowed_hosts):
            return WRONG_HOST
        if not is_own_origin(environ.get("HTTP_ORIGIN"), host):
            return WRONG_ORIGIN
        if environ["REQUEST_METHOD"] != "GET":
            return WRONG_METHOD
        if self._token is not None and not compare_digest(_given(environ), self._token):
            return NO_TOKEN
        return None


def _given(environ: WSGIEnvironment) -> bytes:
    """Return the request's token; empty if it has none."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, credentials = header.partition(" ")
    given = credentials.strip().encode("latin-1")  # as WSGI decodes header bytes
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(given, validate=True).partition(b":")[2]
    except NotBase64:
        return b""
