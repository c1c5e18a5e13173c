"""A dashboard as a page, with its panels at Grafana's positions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from tests.deploy.drawing.graph import Series
from tests.deploy.drawing.panel import COLUMN, GAP, PADDING, ROW, TITLE, draw
from tests.deploy.drawing.scale import Window

STYLE = (Path(__file__).parent / "page.css").read_text("utf-8")
COLUMNS = 24
WIDTH = COLUMNS * (COLUMN + GAP) + GAP


def page(board: dict[str, Any], answers: Sequence[Sequence[Series]], window: Window) -> str:
    """HTML without anything from elsewhere. answers -- the series of each panel, in the dashboard's order"""
    sizes = {"column": COLUMN, "row": ROW, "gap": GAP, "padding": PADDING, "title": TITLE, "width": WIDTH}
    variables = "".join(f"--{name}: {pixels}px; " for name, pixels in sizes.items())
    start, end = (datetime.fromtimestamp(at, UTC).strftime("%H:%M") for at in (window.start, window.end))
    head = f"<h1>{escape(board['title'])}</h1><p>{escape(board['description'])}</p><time>{start} to {end} UTC</time>"
    panels = "".join(draw(panel, series, window) for panel, series in zip(board["panels"], answers, strict=True))
    style = f"<style>:root {{ {variables} }}\n{STYLE}</style>"
    return f'<!doctype html><meta charset="utf-8">{style}<body><header>{head}</header><main>{panels}</main>'
