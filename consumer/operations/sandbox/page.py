"""The page at `/`: the contacts as they arrive. Three files, no build step, nothing from another host."""

from __future__ import annotations

from importlib.resources import files

from consumer.operations.sandbox.answers import NO_SUCH_ROUTE, WRONG_METHOD, Answer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
ASSETS = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


class Page:
    """The page's files, read once."""

    def __init__(self) -> None:
        self._answers = {path: asset(name, content_type) for path, (name, content_type) in ASSETS.items()}

    def answer(self, method: str, path: str) -> Answer:
        found = self._answers.get(path)
        if found is None:
            return NO_SUCH_ROUTE
        return found if method == "GET" else WRONG_METHOD


def asset(name: str, content_type: str) -> Answer:
    body = files(__package__).joinpath(name).read_bytes()
    return Answer(200, body, (("Content-Type", content_type), *HEADERS))
