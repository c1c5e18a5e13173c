"""The sandbox's page in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import expect

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.server import Sandbox
from tests.browser.axe import violations
from tests.browser.conftest import Look
from tests.browser.seeing import brightness, overflow, weakest_border, weakest_contrast

TEXTS = "td, th, .badge, dt, dd, h2, button, p, .quiet"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def send(sandbox: Sandbox, name: str) -> None:
    contact = {"email": f"{name}@example.com", "first_name": name.capitalize()}
    answer = requests.post(
        f"{sandbox.url}/lists/428/contacts",
        json={**contact, "custom_1": "marketing_opt_in"},
        auth=(sandbox.options.username, sandbox.options.api_key),
        timeout=60,
    )
    assert answer.status_code == 200


def test_contacts_arrive_without_reloading_and_can_be_searched(look: Look, sandbox: Sandbox) -> None:
    page = look(sandbox.page_url)
    expect(page.locator("#no-contacts")).to_contain_text("No contacts yet")
    send(sandbox, "jane")
    send(sandbox, "joe")
    expect(page.locator("#contact-rows tr")).to_have_count(2)
    expect(page.locator("#contact-rows tr").first).to_contain_text("joe@example.com")
    page.locator("#filter").fill("jane")
    expect(page.locator("#contact-rows tr:visible")).to_have_count(1)


@pytest.mark.parametrize(("scheme", "darkest", "brightest"), [("light", 200, 255), ("dark", 0, 60)])
def test_all_text_can_be_read_in_both_schemes_and_on_a_phone(
    look: Look, sandbox: Sandbox, scheme: str, darkest: int, brightest: int
) -> None:
    send(sandbox, "jane")
    page = look(sandbox.page_url, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 390, "height": 844})
    expect(page.locator("#contact-rows tr")).to_have_count(1)
    assert darkest <= brightness(page) <= brightest
    assert weakest_contrast(page, TEXTS) >= 4.5
    assert overflow(page) == 0


@pytest.mark.usefixtures("axe_core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_at_any_width(look: Look, sandbox: Sandbox, scheme: str) -> None:
    page = look(sandbox.page_url, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("#settings")).to_contain_text("CLICKSEND_BASE_URL")
    assert violations(page) == []
    sandbox.set_faults(Script(rules=(Rule(nth=(2,), status=503), Rule(until=0.001, status=500))))
    send(sandbox, "jane")
    expect(page.locator("#contact-rows tr")).to_have_count(1)
    expect(page.locator(".faults .over")).to_have_count(1)
    for width in (320, 640, 1000, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations(page) == [], width
        assert weakest_contrast(page, f"{TEXTS}, strong, time, small") >= 4.5, width
        assert weakest_border(page, "button, input") >= 3, width


def test_the_number_of_matches_is_announced(look: Look, sandbox: Sandbox) -> None:
    page = look(sandbox.page_url)
    send(sandbox, "jane")
    send(sandbox, "joe")
    expect(page.locator("#contact-rows tr")).to_have_count(2)
    page.locator("#filter").fill("jane")
    expect(page.get_by_role("status").filter(has_text="match")).to_have_text("1 of 2 contacts match")
