"""The event debugger in a real Chromium, with a real worker and the sandbox."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from consumer.sandbox.faults import Rule
from tests.browser.axe import violations
from tests.browser.conftest import Look
from tests.browser.seeing import brightness, overflow, weakest_border, weakest_contrast
from tests.support.events import Event, page_view, sign_up
from tests.support.stage import Stage
from tests.support.worker_process import WorkerProcess

PHONE = ViewportSize(width=390, height=844)
TABLET = ViewportSize(width=1000, height=800)
LAPTOP = ViewportSize(width=1280, height=800)
JANE: Event = {
    "type": "track",
    "event": "Signed Up",
    "traits": {
        "email": "jane.roe@example.com",
        "phone": "+1 415 555 0132",
        "first_name": "Janette",
        "last_name": "Roe",
    },
}
REJECTED: Event = {"type": "identify", "traits": {"email": "rejected@example.com"}}
TEXTS = (
    "td:visible, th:visible, .badge:visible, dt:visible, dd:visible, h2:visible, h3:visible, button:visible, p:visible"
)


@pytest.fixture
def page(look: Look, worker: WorkerProcess) -> Page:
    """The page, open before anything happens."""
    return look(f"{worker.address()}/")


def fire(stage: Stage) -> None:
    """One record of each kind."""
    stage.faults(Rule(contact=("rejected@example.com",), status=400))
    stage.produce(JANE, page_view(), REJECTED, raw=[b"oops"])


def row(page: Page, text: str) -> str:
    """A row's text, once it is there."""
    found = page.locator("#rows tr", has_text=text)
    expect(found).to_have_count(1)
    return found.inner_text()


def open_row(page: Page, text: str) -> None:
    page.locator("#rows tr", has_text=text).locator("button").click()
    expect(page.locator("#opened")).to_be_visible()


def test_what_is_fired_arrives_without_reloading(page: Page, stage: Stage) -> None:
    expect(page.locator("#condition")).to_have_text("Ready")
    expect(page.locator("#none")).to_contain_text("No records yet")
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    expect(page.locator("#rows")).not_to_contain_text("in progress")
    assert re.search(r"Signed Up\s+j\*\*\*@example.com\s+delivered\s+200 SUCCESS\s+1", row(page, "j***@"))
    assert "not enrolment" in row(page, "page")
    assert re.search(r"dead-lettered\s+rejected\s+400 BAD_REQUEST", row(page, "r***@"))
    assert "undecodable" in row(page, "undecodable")
    expect(page.locator("#delivered-total")).to_have_text("1 in total")
    expect(page.locator("#partition-rows tr")).to_have_count(4)
    expect(page.locator("#delivered-plot svg")).to_have_attribute(
        "aria-label", re.compile("^delivered per second: now")
    )


def test_filters_narrow_it_down_and_stay_in_the_address(page: Page, stage: Stage, look: Look) -> None:
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    expect(page.locator("#rows")).not_to_contain_text("in progress")
    page.locator("#disposition").select_option("dead_lettered")
    expect(page.locator("#rows tr")).to_have_count(2)
    page.locator("#reason").select_option("rejected")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#shown")).to_have_text("1 of 4")
    again = look(page.url.partition("#")[0] + "#reason=undecodable")
    expect(again.locator("#rows tr")).to_have_count(1)
    expect(again.locator("#rows")).to_contain_text("undecodable")
    page.locator("#filters").evaluate("form => form.reset()")
    page.locator("#text").fill("j***@")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.locator("#text").fill("nobody")
    expect(page.locator("#none")).to_contain_text("No records match")
    page.locator("#text").fill("")
    partition = row(page, "page").split()
    page.locator("#partition").select_option(next(each for each in partition if "@" in each).partition("@")[0])
    expect(page.locator("#rows tr", has_text="page")).to_have_count(1)


def test_a_record_opens_to_its_way(page: Page, stage: Stage) -> None:
    stage.faults(Rule(first=1, status=503))
    stage.produce(JANE)
    expect(page.locator("#rows")).to_contain_text("delivered")
    open_row(page, "j***@")
    way = page.locator(".way")
    for step in ("Written to Kafka", "Consumed", "Mapped: 5 contact fields", "Attempt 1: temporary failure"):
        expect(way).to_contain_text(step)
    expect(way).to_contain_text("503 SERVICE_UNAVAILABLE, in ")
    expect(way).to_contain_text("Next attempt at")
    expect(way).to_contain_text("Attempt 2: delivered")
    expect(way.locator("li").last).to_contain_text("Delivered")
    contact = page.locator(".contact")
    for shown in ("j***@example.com", "+1415***0132", "J***", "R***", "/traits/first_name"):
        expect(contact).to_contain_text(shown)


def test_no_full_identity_is_anywhere_on_it(page: Page, stage: Stage) -> None:
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    open_row(page, "j***@")
    text = page.content()
    data = page.evaluate(
        "async () => (await fetch('/debugger/records')).text() + (await fetch('/debugger/state')).text()"
    )
    for value in (
        "jane.roe",
        "4155550132",
        "415 555 0132",
        "Janette",
        "rejected@",
    ):
        assert value not in text + data


def test_the_keyboard_is_enough(page: Page, stage: Stage) -> None:
    stage.produce(*[sign_up(number) for number in range(3)])
    expect(page.locator("#rows tr")).to_have_count(3)
    page.locator("#rows button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("#rows tr").first).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#rows tr").nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator("#rows button").nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#opened")).to_be_hidden()
    expect(page.locator("#rows button").nth(1)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()


def test_a_search_right_after_closing_keeps_the_focus(page: Page, stage: Stage) -> None:
    stage.produce(sign_up(0))
    page.locator("#rows button").first.click()
    expect(page.locator("#opened")).to_be_visible()
    focused = page.evaluate(
        """async () => {
            for (const key of ["Escape", "/"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }));
            await new Promise((done) => setTimeout(done, 200)); // the dialog's close event has come
            return document.activeElement.id;
        }"""
    )
    assert focused == "text"


def test_the_help_explains_the_words(page: Page) -> None:
    expect(page.locator("#condition")).to_have_text("Ready")
    page.get_by_role("button", name="Help").click()
    help_text = page.locator("#help")
    expect(help_text).to_contain_text("the original record is on the dead-letter topic")
    expect(help_text).to_contain_text("Signal's own Event Debugger")
    page.keyboard.press("Escape")
    expect(help_text).to_be_hidden()


def test_a_halt_is_seen_with_its_hint_and_so_is_its_end(page: Page, stage: Stage) -> None:
    expect(page.locator("#condition")).to_have_text("Ready")
    key = stage.sandbox.options.api_key
    stage.sandbox.set_credentials(stage.sandbox.options.username, "another")
    stage.produce(JANE)
    expect(page.locator("#condition")).to_have_text("Not ready: halted")
    expect(page.locator("#condition-detail")).to_contain_text("the password is the API key from the dashboard")
    expect(page.locator("#gate")).to_have_text("halted")
    expect(page.locator("#gate-detail")).to_contain_text("Next probe")
    expect(page).to_have_title("Halted · Event debugger")
    expect(page.locator("#waiting")).to_have_text("1")
    open_row(page, "j***@")
    expect(page.locator(".verdict")).to_contain_text("Delivery is halted")
    stage.sandbox.set_credentials(stage.sandbox.options.username, key)
    expect(page.locator("#condition")).to_have_text("Ready")
    expect(page.locator("#opened .way li").last).to_contain_text("Delivered")


def test_a_worker_that_is_gone_is_reported(page: Page, worker: WorkerProcess) -> None:
    expect(page.locator("#live")).to_have_text("live")
    worker.kill()
    expect(page.locator("#live")).to_have_text(re.compile(r"no response since \d\d:\d\d:\d\d"))


def test_a_worker_that_is_frozen_is_reported_as_silent_until_it_continues(page: Page, worker: WorkerProcess) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    expect(page.locator("#live")).to_have_text("live")
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        expect(page.locator("#live")).to_have_text(re.compile(r"no response since \d\d:\d\d:\d\d"))
        assert any("timed out" in text for text in messages)
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)
    expect(page.locator("#live")).to_have_text("live")


def test_pausing_holds_the_page_still(page: Page, stage: Stage) -> None:
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live")).to_have_text("paused")
    assert page.locator("#pause").get_attribute("aria-pressed") is None  # its label says what it does now
    stage.produce(JANE)
    assert stage.sandbox.wait_for(lambda: len(stage.sandbox.contacts()) == 1, timeout=60)
    page.wait_for_timeout(1500)
    expect(page.locator("#rows tr")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#rows tr")).to_have_count(1)


@pytest.mark.usefixtures("axe_core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_at_any_width_with_or_without_a_record_open(
    look: Look, worker: WorkerProcess, stage: Stage, scheme: str
) -> None:
    page = look(f"{worker.address()}/", color_scheme=scheme, reduced_motion="reduce")
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    expect(page.locator("#rows")).not_to_contain_text("in progress")
    for width in (320, 640, 1000, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations(page) == [], width
        assert weakest_border(page, "button:not(#rows *), input, select") >= 3, width
        for text in ("j***@", "r***@"):
            open_row(page, text)
            assert violations(page) == [], (width, text)
            page.keyboard.press("Escape")
            expect(page.locator("#opened")).to_be_hidden()
    page.get_by_role("button", name="Help").click()
    assert violations(page) == []


def test_a_record_over_the_page_keeps_the_focus_to_itself(look: Look, worker: WorkerProcess, stage: Stage) -> None:
    page = look(f"{worker.address()}/", viewport=TABLET)
    stage.produce(JANE)
    expect(page.locator("#rows")).to_contain_text("delivered")
    page.locator("#rows button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close the record")).to_be_focused()
    behind = "!document.activeElement.closest('#opened') && document.activeElement !== document.body"
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 12 + ["/"]:
        page.keyboard.press(key)
        assert not page.evaluate(behind)
    page.keyboard.press("Escape")
    expect(page.locator("#opened")).to_be_hidden()
    expect(page.locator("#rows button")).to_be_focused()


def test_a_record_beside_the_list_is_announced_and_can_be_gone_to(
    look: Look, worker: WorkerProcess, stage: Stage
) -> None:
    page = look(f"{worker.address()}/", viewport=LAPTOP)
    stage.produce(JANE)
    expect(page.locator("#rows")).to_contain_text("delivered")
    page.locator("#rows button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="opened beside the list")).to_contain_text("Signed Up")
    expect(page.locator("#rows button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close the record")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#opened")).to_be_hidden()
    expect(page.locator("#rows button")).to_be_focused()


def test_an_open_record_follows_the_width_of_the_window(look: Look, worker: WorkerProcess, stage: Stage) -> None:
    page = look(f"{worker.address()}/", viewport=LAPTOP)
    stage.produce(JANE)
    expect(page.locator("#rows")).to_contain_text("delivered")
    open_row(page, "j***@")
    expect(page.locator("#opened:modal")).to_have_count(0)
    for size, modal in ((TABLET, 1), (LAPTOP, 0)):
        page.set_viewport_size(size)
        expect(page.locator("#opened:modal")).to_have_count(modal)
        expect(page.locator("#opened")).to_be_visible()


def test_the_list_of_partitions_is_scrolled_by_keyboard(page: Page) -> None:
    expect(page.locator("#partition-rows tr")).to_have_count(4)
    partitions = page.get_by_role("region", name="Table of partitions")
    partitions.evaluate(
        "region => { region.style.maxHeight = '4rem'; region.onscroll = () => { region.dataset.at = 'on'; }; }"
    )
    partitions.focus()
    expect(partitions).to_be_focused()
    page.keyboard.press("End")
    expect(partitions).to_have_attribute("data-at", "on")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_all_is_there_and_a_record_fills_the_screen(
    look: Look, worker: WorkerProcess, stage: Stage, scheme: str
) -> None:
    page = look(f"{worker.address()}/", viewport=PHONE, color_scheme=scheme, has_touch=True)
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    assert overflow(page) == 0
    page.locator("#rows tr", has_text="j***@").tap()
    box = page.locator("#opened").bounding_box()
    assert box == {"x": 0, "y": 0, **PHONE}
    expect(page.get_by_role("button", name="Close the record")).to_be_focused()
    assert weakest_contrast(page, ".opened p, .opened span, .opened h2, .opened h3, .opened dd, .opened time") >= 4.5
    page.get_by_role("button", name="Close the record").tap()
    expect(page.locator("#opened")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "darkest", "brightest"), [("light", 200, 255), ("dark", 0, 60)])
def test_all_text_can_be_read_in_both_schemes(
    look: Look, worker: WorkerProcess, stage: Stage, scheme: str, darkest: int, brightest: int
) -> None:
    page = look(f"{worker.address()}/", color_scheme=scheme, reduced_motion="reduce")
    fire(stage)
    expect(page.locator("#rows tr")).to_have_count(4)
    open_row(page, "r***@")
    assert darkest <= brightness(page) <= brightest
    assert weakest_contrast(page, TEXTS) >= 4.5


def test_reduced_motion_disables_animations(look: Look, worker: WorkerProcess, stage: Stage) -> None:
    page = look(f"{worker.address()}/", reduced_motion="reduce")
    stage.produce(JANE)
    expect(page.locator("#rows tr")).to_have_count(1)
    assert page.evaluate("document.getAnimations().length") == 0


def test_off_loopback_a_browser_gives_the_token_as_a_password(look: Look, stage: Stage) -> None:
    open_to_all = {"MONITOR_HOST": "0.0.0.0", "MONITOR_DEBUGGER": "on", "MONITOR_TOKEN": "t0ken"}  # noqa: S104
    with stage.worker(**open_to_all) as worker:
        url = worker.address().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 -- the same
        page = look(f"{url}/", http_credentials={"username": "", "password": "t0ken"})
        stage.produce(JANE)
        expect(page.locator("#rows")).to_contain_text("delivered")
        assert "t0ken" not in page.content() + worker.output()
