"""Data on stdout: a table for an operator, or one JSON object a line for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum

from consumer.terminal import escaped, show, show_json

Row = Mapping[str, str | int | float | None]


class Format(StrEnum):
    """--format."""

    TABLE = "table"
    JSON = "json"


def rendered(rows: Sequence[Row], form: Format) -> str:
    """Return the rows as text that ends with a newline. All rows have the same keys.

    A key `log_end_offset` becomes the column LOG-END-OFFSET, as in Kafka's own tools.
    """
    if form is Format.JSON:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if not rows:
        return ""
    cells = [[key.upper().replace("_", "-") for key in rows[0]]]
    cells += [["-" if value is None else escaped(str(value)) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "".join(line.rstrip() + "\n" for line in lines)


def put(text: str, form: Format) -> None:
    """Print rendered text and flush stdout."""
    (show_json if form is Format.JSON else show)(text)
    sys.stdout.flush()
