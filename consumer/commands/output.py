"""The output of a command: data on stdout, as a table or one JSON object a line, and a progress bar on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum

from consumer.terminal import escaped, show, show_json

Row = Mapping[str, str | int | float | None]
Advance = Callable[[int], None]


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


@contextmanager
def progress(what: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """Yield a bar as `bar` shows it, for commands that write rows while it runs.

    There is none where stdout is a terminal, as it would run through them.
    """
    if sys.stdout.isatty():
        yield lambda _step: None
        return
    with bar(what, total, unit) as advance:
        yield advance


@contextmanager
def bar(what: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """Show a bar on stderr while the block runs. Call the yielded function with the size of each step.

    Shows nothing where stderr is no terminal. total -- the sum of all steps; None: unknown
    """
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415 -- takes 0.1 s, only needed on a terminal
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TextColumn(f"{{task.completed:,}} {unit}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda step: bar.advance(task, step)
