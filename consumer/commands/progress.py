"""A progress bar, for people who wait at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]


@contextmanager
def progress(what: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """Yield a bar as `bar` shows it, for commands that write rows while it runs.

    There is none where stdout is a terminal, as
    it would run through them.
    """
    if sys.stdout.isatty():
        yield lambda _step: None
        return
    with bar(what, total, unit) as advance:
        yield advance


@contextmanager
def bar(what: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """Yield a bar on stderr while the block runs, with an estimate; call what it gives with each step.

    There is none where stderr is no terminal. total -- of all steps; None where nobody knows
    """
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415 -- a tenth of a second that only people at a terminal pay
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TextColumn(f"{{task.completed:,}} {unit}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda step: bar.advance(task, step)
