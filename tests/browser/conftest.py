"""A browser, and a worker with its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.chromium import UnavailableError, chromium
from tests.support import npm
from tests.support.programs import Promise, absent
from tests.support.stage import Stage, stage_fixture
from tests.support.worker_process import WorkerProcess

WAIT_MS = 60_000  # a guard against hanging

# What Chromium, and the page with it, says of a server that has gone, also in the middle of an answer.
GONE = (
    *("net::ERR_CONNECTION", "net::ERR_EMPTY_RESPONSE", "net::ERR_SOCKET_NOT_CONNECTED", "net::ERR_CONTENT_LENGTH"),
    ": Failed to fetch",
    "'json' on 'Response': Unexpected end of JSON input",  # it was killed amid a response
    ": signal timed out",  # its process was stopped for a while, or the machine is busy
)

DESK = {"width": 1440, "height": 900}

Look = Callable[..., Page]

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a test without it is skipped, or fails where a run has promised one."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(chromium())
        except UnavailableError as why:
            absent(str(why), Promise.CHROMIUM)
        yield found


@pytest.fixture(scope="session")
def axe_core() -> None:
    """Install axe-core before a page is open: a page whose test waits for npm complains of the silence."""
    npm.install()


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Opens a page, with what `Browser.new_context` takes. It may load nothing from elsewhere, and nothing may fail in
    it: what the browser refuses for the policy's sake is among that. Only the server may go away before the page does.
    """
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(url: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)

        def requested(request: Request) -> None:
            if not request.url.startswith(url.partition("#")[0]):
                faults.append(f"asked for {request.url}")

        def logged(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(word in message.text for word in GONE):
                faults.append(message.text)

        page.on("request", requested)
        page.on("pageerror", lambda error: faults.append(f"raised {error}"))
        page.on("console", logged)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


stage = stage_fixture("in_process_broker-consumer")


@pytest.fixture
def worker(stage: Stage) -> Iterator[WorkerProcess]:
    """A worker that finds out quickly when ClickSend is back."""
    with stage.worker(DELIVERY_PROBE_INTERVAL="0.5", RETRY_MAX_DELAY="1") as process:
        yield process
