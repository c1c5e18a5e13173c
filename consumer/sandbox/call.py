"""One request as the stand-in sees it: bytes taken off the wire, nothing decided yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITIES = ("email", "phone_number", "fax_number")
"""What ClickSend can know a contact by; one of them must be there."""

MOST_BRACKETS = 200
"""ClickSend's PHP stops reading at 512 levels, orjson stops writing at 254: what is logged has to be writable."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    method, path -- as sent, the path without its query, bytes that aren't UTF-8 escaped
    query -- what follows the `?`, else empty
    headers -- looked up without regard to case; body -- the bytes, empty when there is none
    payload -- the body as JSON, None when it is not JSON
    identities -- the contact's email, phone and fax as far as they are strings; lower case, in this order.
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
        """What the log calls the contact by: the email, else the phone, else the fax."""
        return self.identities[0] if self.identities else None


def decoded(body: bytes) -> object:
    """Return the body as JSON, or None when it is not JSON, or so nested that no contact could be."""
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
