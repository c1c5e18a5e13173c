"""The dashboards of `deploy/grafana` as data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.programs import DEPLOY

FILES = sorted((DEPLOY / "grafana").glob("*.json"))

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    legend -- how its series are named: text with labels, as in `{{reason}}`
    """

    panel: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.panel}: {self.expression}"

    def filled_in(self, rate_interval: str = "5m") -> str:
        """With the variables as Grafana fills them in when all namespaces are chosen."""
        return self.expression.replace("$namespace", ".*").replace("$__rate_interval", rate_interval)

    def name(self, labels: Mapping[str, str]) -> str:
        """Return the legend of a series with these labels."""
        return re.sub(r"{{ *(\w+) *}}", lambda found: labels.get(found[1], ""), self.legend)


def dashboard(path: Path) -> Json:
    """One dashboard."""
    return dict(json.loads(path.read_text("utf-8")))


def panels() -> list[Json]:
    """The panels of all dashboards."""
    return [panel for path in FILES for panel in dashboard(path)["panels"]]


def queries_of(panel: Json) -> list[Query]:
    """The queries of one panel."""
    return [Query(panel["title"], target["expr"], target["legendFormat"]) for target in panel["targets"]]


def queries() -> list[Query]:
    """The queries of all panels."""
    return [query for panel in panels() for query in queries_of(panel)]
