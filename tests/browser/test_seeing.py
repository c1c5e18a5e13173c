"""The helpers of `seeing` detect what they are for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import violations
from tests.browser.seeing import weakest_border, weakest_contrast

pytestmark = pytest.mark.usefixtures("axe_core")

PAGE = """<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>
<div style="opacity: {outer}; background: #fff"><p style="color: #000; opacity: {inner}">text</p></div>
<input aria-label="Name" style="border: 1px solid {border}; background: #fff; color: #000"></main>"""


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_page()


def draw(page: Page, outer: str = "1", inner: str = "1", border: str = "#000") -> None:
    page.set_content(PAGE.format(outer=outer, inner=inner, border=border))


def test_a_sound_page_has_no_fault(page: Page) -> None:
    draw(page)
    assert violations(page) == []
    assert weakest_contrast(page, "p") == pytest.approx(21)
    assert weakest_border(page, "input") == pytest.approx(21)


@pytest.mark.parametrize(
    "dimmed",
    [
        pytest.param({"inner": "0.4"}, id="the-text"),
        pytest.param({"outer": "0.4"}, id="what-it-is-in"),
        pytest.param({"outer": "0.6", "inner": "0.6"}, id="both"),
    ],
)
def test_text_dimmed_by_opacity_is_found(page: Page, dimmed: dict[str, str]) -> None:
    draw(page, **dimmed)
    assert weakest_contrast(page, "p") < 4.5
    assert any(line.startswith("color-contrast") for line in violations(page))


@pytest.mark.parametrize("border", ["#dfe4ea", "rgb(0 0 0 / 10%)"])
def test_a_faint_border_is_found(page: Page, border: str) -> None:
    draw(page, border=border)
    assert weakest_border(page, "input") < 3
