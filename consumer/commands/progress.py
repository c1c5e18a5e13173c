"""A progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]


@contextmanager
def progress(what: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """Show `bar` for a command that prints rows; nothing where stdout is a terminal, as the two would mix."""
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
