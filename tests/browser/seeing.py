"""What can be seen on a page, beyond its text."""

from __future__ import annotations

from playwright.sync_api import Page

# WCAG 2.2, "relative luminance" and "contrast ratio"; the nearest ground that is not transparent counts.
CONTRASTS = """elements => elements.filter((element) => element.checkVisibility()).map((element) => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  let at = element;
  const ground = (each) => parts(getComputedStyle(each).backgroundColor);
  while (at.parentElement && ground(at)[3] === 0) at = at.parentElement;
  const [one, other] = [luminance(parts(getComputedStyle(element).color)), luminance(ground(at))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
})"""  # noqa: E501 -- a formula


def weakest_contrast(page: Page, selector: str) -> float:
    """The lowest contrast between text and ground among what is visible of these elements, at one moment."""
    found: list[float] = page.locator(selector).evaluate_all(CONTRASTS)
    return min(found)


def brightness(page: Page) -> float:
    """Of the page's ground, 0 for black to 255."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    return float(sum(ground) / 3)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
