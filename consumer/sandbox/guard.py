"""Guard the page and the control routes: browsers must use a loopback name and the page's own origin.

ClickSend's own routes need no guard: they require credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.sandbox.answers import SandboxResponse, failure
from consumer.web.hosts import is_expected_host, is_own_origin

if TYPE_CHECKING:
    from collections.abc import Collection

    from consumer.sandbox.call import Call

WRONG_HOST = failure(403, "Open this page as http://127.0.0.1 or http://localhost, or allow the host by an option.")
WRONG_ORIGIN = failure(403, "Another site's page may not do this.")
NOT_JSON = failure(415, "Send JSON, with the header Content-Type: application/json.")


def refusal(call: Call, allowed_hosts: Collection[str]) -> SandboxResponse | None:
    """Return the refusal, None if allowed. allowed_hosts -- names beside loopback, lower case, without port."""
    host = call.headers.get("Host", "")
    if not is_expected_host(host, allowed_hosts):
        return WRONG_HOST
    if not is_own_origin(call.headers.get("Origin"), host):
        return WRONG_ORIGIN
    if call.method == "POST" and call.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        return NOT_JSON
    return None
