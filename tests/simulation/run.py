"""Run seeds, and print the command that repeats a failing one."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import structlog
from _pytest.mark.structures import ParameterSet

from tests.simulation.watch import Watching
from tests.simulation.world import Run, World

SEEDS = 2000  # that CI runs
CHUNK = 50  # in one test
QUICK_CHUNKS = 2  # of each half; the others are slow


def run_seed(seed: int) -> Run:
    """One run: a pure function of its seed. Inside `quiet`, else the engine's log takes most of the time."""
    return World(seed, Watching.PROMISES).run()


def replay_seed(seed: int) -> Run:
    """The same run with its history, which the engine's log lines are a part of."""
    world = World(seed, Watching.HISTORY)

    def note(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        world.watch.trace("log", line.pop("event"), dict(line))
        raise structlog.DropEvent

    with _logging(processors=[note]):
        return world.run()


def failure_report(run: Run) -> str:
    """Return the violations, and the command that repeats them."""
    lines = [f"{each.at:9.3f} s  {each.oracle}: {each.text}" for each in run.violations]
    lines += ["".join(traceback.format_exception(crash)) for crash in run.crashes]
    return "\n".join([*lines, f"make simulate ARGS='--seed {run.seed}'"])


def quiet() -> AbstractContextManager[None]:
    """Let the engine log nothing."""
    return _logging(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@contextmanager
def _logging(**how: Any) -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(**how)
    try:
        yield
    finally:
        structlog.configure(**before)


def chunks(half: range) -> list[ParameterSet]:
    """Return the first seed of each chunk of a half, the slow ones marked."""
    firsts = half[::CHUNK]
    slow = [pytest.param(first, marks=pytest.mark.slow) for first in firsts[QUICK_CHUNKS:]]
    return [*(pytest.param(first) for first in firsts[:QUICK_CHUNKS]), *slow]


def check(seeds: Iterable[int]) -> None:
    """For pytest: fails with the report of the first seed that breaks a promise."""
    with quiet():
        for seed in seeds:
            run = run_seed(seed)
            if run.violations:
                pytest.fail(failure_report(run), pytrace=False)
