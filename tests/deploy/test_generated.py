"""What is generated in `deploy/` is as its sources have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.generate import files
from tests.deploy.programs import DEPLOY

FILES = dict(files())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == FILES[path], "make manifests"


def test_no_dashboard_is_left_over() -> None:
    assert set((DEPLOY / "grafana").glob("*.json")) == {path for path in FILES if path.suffix == ".json"}
