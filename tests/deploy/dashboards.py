"""The dashboards of `deploy/grafana` as data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.programs import DEPLOY

FILES = sorted((DEPLOY / "grafana").glob("*.json"))

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """One query of a panel."""

    panel: str
    expression: str

    def __str__(self) -> str:
        return f"{self.panel}: {self.expression}"

    def filled_in(self) -> str:
        """With the variables as Grafana fills them in."""
        return self.expression.replace("$namespace", ".*").replace("$__rate_interval", "5m")


def dashboard(path: Path) -> Json:
    """One dashboard."""
    return dict(json.loads(path.read_text("utf-8")))


def panels() -> list[Json]:
    """The panels of all dashboards."""
    return [panel for path in FILES for panel in dashboard(path)["panels"]]


def queries() -> list[Query]:
    """The queries of all panels."""
    return [Query(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
