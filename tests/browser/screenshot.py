"""The README's picture of the event debugger, taken from a running demo.

    python -m tests.browser.screenshot .github/event-debugger.png

Taken in the demo's second outage: the breaker is open, records wait, and one that was refused is opened.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.chromium import chromium

WINDOW = ViewportSize(width=1440, height=960)
WAIT_MS = 240_000  # a round of the demo's chapters


def main(target: Path) -> None:
    """Start the demo, look, end it."""
    command = [sys.executable, "-m", "consumer", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            with chromium() as browser:
                page = browser.new_page(viewport=WINDOW, reduced_motion="reduce")
                page.goto(_address(demo))
                _pose(page)
                page.screenshot(path=target)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def _address(demo: subprocess.Popen[str]) -> str:
    for line in demo.stdout or ():
        if found := re.search(r"event debugger +(\S+)", line):
            return found[1]
    raise SystemExit("the demo has ended before it said where to look")


def _pose(page: Page) -> None:
    for state in ("limited", "breaker"):  # the rush that follows the first outage, then the second outage
        expect(page.locator("#gate")).to_have_text(state, timeout=WAIT_MS)
    page.wait_for_timeout(2500)
    page.locator("#rows tr", has_text="SERVICE_UNAVAILABLE").first.locator("button").click()
    expect(page.locator("#opened")).to_be_visible()
    page.evaluate("scrollTo(0, 0); document.querySelector('#record-scroll').scrollTo(0, 0)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
