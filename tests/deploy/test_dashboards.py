"""The dashboards: each panel has a description and links. test_prometheus.py runs their queries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import dashboards
from tests.docs.documents import RUNBOOK, anchors


@pytest.mark.parametrize("panel", dashboards.panels(), ids=lambda panel: panel["title"])
def test_each_panel_has_a_description_and_uses_the_chosen_source_and_namespace(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > len("A second")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all("$namespace" in target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("path", dashboards.FILES, ids=lambda path: path.stem)
def test_each_link_leads_to_a_section_of_the_runbook(path: Path) -> None:
    links = re.findall(r"/deploy/RUNBOOK\.md#([\w-]+)", path.read_text("utf-8"))
    assert links
    assert set(links) <= anchors(RUNBOOK)


@pytest.mark.parametrize("path", dashboards.FILES, ids=lambda path: path.stem)
def test_each_dashboard_has_source_and_namespace_variables_and_no_overlapping_panels(path: Path) -> None:
    board = dashboards.dashboard(path)
    assert [each["name"] for each in board["templating"]["list"]] == ["datasource", "namespace"]
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_no_two_dashboards_have_one_identity() -> None:
    boards = [dashboards.dashboard(path) for path in dashboards.FILES]
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(boards)
