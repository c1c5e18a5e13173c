"""Runs seeds, and says how to run a failing one again."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tests.simulation.world import Run, World


def run_seed(seed: int, traced: bool = False) -> Run:  # noqa: FBT001, FBT002 -- the one switch that there is
    """One run: a pure function of its seed."""
    return World(seed, traced).run()


def failure_report(run: Run) -> str:
    """What was broken, and the one command that shows it again."""
    lines = [f"{each.at:9.3f} s  {each.oracle}: {each.text}" for each in run.violations]
    lines += ["".join(traceback.format_exception(crash)) for crash in run.crashes]
    return "\n".join([*lines, f"make simulate ARGS='--seed {run.seed}'"])


@contextmanager
def quiet() -> Iterator[None]:
    """Let the engine log nothing: it would take most of the time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
