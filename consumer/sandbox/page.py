"""The page at `/`, which shows arriving contacts."""

from __future__ import annotations

from consumer.sandbox.answers import NO_SUCH_ROUTE, WRONG_METHOD, SandboxResponse
from consumer.web.assets import HEADERS, read_assets


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
