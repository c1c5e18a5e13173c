"""`clicksend-consumer demo`: runs the complete pipeline on this machine, without configuration."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from consumer.demo.formatting import Lines, open_lines
from consumer.demo.runner import DemoRun, DemoRunner, Programme
from consumer.demo.scenario import Chapter, Scenario
from consumer.exit_status import ExitStatus
from consumer.sandbox.faults import Script

READABLE_SECONDS = 0.2  # between two records
QUICK_SECONDS = 0.02
OUTAGE_SECONDS = 5.0
QUICK_OUTAGE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """events -- the user's file, one per line, `-` for stdin; None for the demo's scenario."""

    run: DemoRun = DemoRun.ENDLESS
    events: Path | None = None


def run_demo(options: DemoOptions, out: TextIO, err: TextIO) -> ExitStatus:
    """Run until all records are settled, or until Ctrl-C or SIGTERM. Call from the main thread.

    out -- receives the narration and the summary; err -- receives messages about the demo itself

    Raises ConfigurationError where the events can't be read.
    """
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="replace")  # a terminal may lack a character
    with ExitStack() as stack:
        stopping = stack.enter_context(_signals())
        lines = Lines(options.events, open_lines(options.events)) if options.events else None
        ended = DemoRunner(_programme(options, lines), out, stopping, stack).play()
    if lines is None or not lines.too_long:
        return ended
    err.write(f"Lines skipped, too large for a record: {lines.too_long}\n")
    return ExitStatus.PARTLY_DONE if ended is ExitStatus.DONE else ended


def _programme(options: DemoOptions, lines: Lines | None) -> Programme:
    once = options.run is DemoRun.ONCE
    if lines is not None:
        chapter = Chapter(f"Events from {lines.name}", Script(), lines)
        return Programme(options.run, [chapter], 0.0 if once else READABLE_SECONDS)
    if once:
        return Programme(options.run, Scenario(QUICK_OUTAGE_SECONDS).once(), QUICK_SECONDS)
    return Programme(options.run, Scenario(OUTAGE_SECONDS).endless(), READABLE_SECONDS)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; a second signal ends the process at once."""
    stopping = threading.Event()

    def stop(*_: object) -> None:
        if stopping.is_set():
            os._exit(ExitStatus.FAILED)
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
