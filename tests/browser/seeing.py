"""Visible properties of a page, beyond its text."""

from __future__ import annotations

from playwright.sync_api import Page

# WCAG 2.2, "relative luminance" and "contrast ratio". Opacity counts: an element with all that is in it lies over what
# is behind it. A border has the ground outside its element beside it.
CONTRASTS = """(elements, property) => elements.filter((element) => element.checkVisibility()).map((element) => {
  const parts = (colour) => {
    const [r, g, b, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return [r, g, b, alpha];
  };
  const over = ([r, g, b, alpha], below) => [r, g, b].map((part, index) => alpha * part + (1 - alpha) * below[index]);
  const luminance = (colour) => {
    const [x, y, z] = colour.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const chain = [];
  for (let at = element; at; at = at.parentElement) chain.unshift(at);
  const paint = ([first, ...rest], behind) => {
    const style = getComputedStyle(first);
    const isBorder = !rest.length && property !== "color";
    const ground = isBorder ? behind : over(parts(style.backgroundColor), behind);
    const shown = rest.length ? paint(rest, ground) : [ground, over(parts(style[property]), ground)];
    return shown.map((colour) => over([...colour, Number(style.opacity)], behind));
  };
  const [one, other] = paint(chain, [255, 255, 255]).map(luminance);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
})"""  # noqa: E501 -- a formula


def weakest_contrast(page: Page, selector: str) -> float:
    """Return the lowest contrast between text and ground among what is visible of these elements, at one moment."""
    found: list[float] = page.locator(selector).evaluate_all(CONTRASTS, "color")
    return min(found)


def weakest_border(page: Page, selector: str) -> float:
    """Return the lowest contrast between a border and the ground around it among what is visible of these elements."""
    found: list[float] = page.locator(selector).evaluate_all(CONTRASTS, "borderTopColor")
    return min(found)


def brightness(page: Page) -> float:
    """Return the brightness of the page's background, 0 (black) to 255."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    return float(sum(ground) / 3)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
