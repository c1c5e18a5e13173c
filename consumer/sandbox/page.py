"""The page at `/`, and the guard of page and control routes: a loopback host name, and requests from the page itself.

ClickSend's own routes need no guard: they require credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.sandbox.answers import NO_SUCH_ROUTE, WRONG_METHOD, SandboxResponse, failure
from consumer.web.page import HEADERS, is_expected_host, is_own_origin, read_assets

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


class Page:
    """The page's files, read once."""

    def __init__(self) -> None:
        self._answers = {
            path: SandboxResponse(200, asset.body, (("Content-Type", asset.content_type), *HEADERS))
            for path, asset in read_assets(__package__).items()
        }

    def answer(self, method: str, path: str) -> SandboxResponse:
        found = self._answers.get(path)
        if found is None:
            return NO_SUCH_ROUTE
        return found if method == "GET" else WRONG_METHOD
