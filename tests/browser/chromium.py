"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# It sees our own pages only; its sandbox and much shared memory are what containers, and root, do not have.
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage"]


class UnavailableError(Exception):
    """There is no Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Raises UnavailableError."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise UnavailableError(f"no {NAMES[0]} on the PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
