"""axe-core's findings on a page: WCAG 2.2 A and AA, and axe-core's best practices."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.support import npm

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ["violations"]})).violations.flatMap(
  ({id, help, nodes}) => nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}`)
)"""


def violations(page: Page) -> list[str]:
    """Return one line per rule and element that fails it. The test must use the fixture `axe_core`."""
    page.evaluate((npm.NODE / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found: list[str] = page.evaluate(RUN, list(TAGS))
    return found
