"""A page's files: no build step, nothing from another host, nothing inline, and a policy that enforces it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

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
"""Headers of every response that a browser may show, data included. None allows other origins to read."""

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its content type."""

    content_type: str
    body: bytes


def read_assets(package: str) -> dict[str, Asset]:
    """Return by path the page's files in this package, and the shared ones."""
    places = {
        "/": (package, "page.html"),
        "/page.css": (package, "page.css"),
        "/page.js": (package, "page.js"),
        "/icon.svg": (package, "icon.svg"),
        "/look.css": (__package__, "look.css"),
        "/shared.js": (__package__, "shared.js"),
    }
    return {
        path: Asset(TYPES[name.rpartition(".")[2]], files(folder).joinpath(name).read_bytes())
        for path, (folder, name) in places.items()
    }
