"""The files of a page: its own and the shared ones."""

from __future__ import annotations

ASSETS = [
    ("/", "text/html; charset=utf-8"),
    ("/look.css", "text/css; charset=utf-8"),
    ("/page.css", "text/css; charset=utf-8"),
    ("/page.js", "text/javascript; charset=utf-8"),
    ("/shared.js", "text/javascript; charset=utf-8"),
    ("/icon.svg", "image/svg+xml"),
]
