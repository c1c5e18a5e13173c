"""One request as the stand-in received it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITIES = ("email", "phone_number", "fax_number")
"""The fields that identify a contact; one of them is required."""

MOST_BRACKETS = 200
"""ClickSend's PHP reads at most 512 levels, orjson writes at most 254: the log has to be writable."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    method, path -- as sent, the path without its query, bytes that aren't UTF-8 escaped
    query -- what follows the `?`, else empty
    headers -- case-insensitive; body -- the bytes, empty if there is none
    payload -- the body as JSON, None if it is not JSON
    identities -- the contact's email, phone and fax, in this order: those that are strings, in lower case
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    payload: object
    identities: tuple[str, ...]

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Read a request. target -- the request target as sent: path and query."""
        path, _, query = target.encode("utf-8", "backslashreplace").decode().partition("?")
        payload = decoded(body) if body else None
        return cls(method, path, query, headers, body, payload, identities(payload))

    @property
    def contact_key(self) -> str | None:
        """Return the contact's key in the log: the email, else the phone, else the fax."""
        return self.identities[0] if self.identities else None


def decoded(body: bytes) -> object:
    """Return the body as JSON, or None if it is not JSON or nested too deeply."""
    if body.count(b"{") + body.count(b"[") > MOST_BRACKETS:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def identities(payload: object) -> tuple[str, ...]:
    if not isinstance(payload, dict):
        return ()
    values = [payload.get(name) for name in IDENTITIES]
    return tuple([value.strip().lower() for value in values if isinstance(value, str) and value.strip()])
