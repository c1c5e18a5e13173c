"""Who may use the page and the control routes: browsers that call them by a loopback name, from their own page.

A page on another site can make a visitor's browser send requests to 127.0.0.1, and by DNS rebinding read the answers:
the Host header gives the second away, the Origin header the first. ClickSend's own routes need no guard, they ask for
the credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consumer.loopback import is_loopback
from consumer.operations.sandbox.answers import Answer, failure

if TYPE_CHECKING:
    from collections.abc import Collection

    from consumer.operations.sandbox.call import Call

WRONG_HOST = failure(403, "Open this page as http://127.0.0.1 or http://localhost, or allow the host by an option.")
WRONG_ORIGIN = failure(403, "Another site's page may not do this.")
NOT_JSON = failure(415, "Send JSON, with the header Content-Type: application/json.")


def refusal(call: Call, allowed_hosts: Collection[str]) -> Answer | None:
    """None if the request may go on. allowed_hosts -- host names beside loopback, lower case, without port."""
    host = call.headers.get("Host", "")
    name = host_name(host)
    if name not in allowed_hosts and not is_loopback(name):
        return WRONG_HOST
    origin = call.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != host:
        return WRONG_ORIGIN
    if call.method == "POST" and call.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        return NOT_JSON
    return None


def host_name(host: str) -> str:
    """The name in a Host header, without its port; empty if it makes no sense."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
