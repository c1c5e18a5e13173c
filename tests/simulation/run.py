"""Runs seeds, and says how to run a failing one again."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from tests.simulation.world import Run, World

SEEDS = 2000  # that CI runs
CHUNK = 100


def run_seed(seed: int, traced: bool = False) -> Run:  # noqa: FBT002 -- the one switch that there is
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


def check(seeds: Iterable[int]) -> None:
    """For pytest: fails with the report of the first seed that breaks a promise."""
    with quiet():
        for seed in seeds:
            run = run_seed(seed)
            if run.violations:
                pytest.fail(failure_report(run), pytrace=False)
