"""The simulation itself: equal seeds have equal histories, and worlds have the intended contents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.simulation.batches import MOST_BATCHED, Batches
from tests.simulation.run import quiet, run_seed
from tests.simulation.scenario import Deed, Scenario
from tests.simulation.sink import Weather

ROOT = Path(__file__).parent.parent.parent


def test_a_run_is_a_function_of_its_seed_whatever_the_hash_seed() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "68"]
    histories = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, text=True)
        histories.append(done.stdout)
    assert histories[0] == histories[1]
    assert histories[0].count("\n") > 100


def test_a_run_leaves_no_trace_in_the_next() -> None:
    with quiet():
        alone = run_seed(7)
        run_seed(8)
        assert run_seed(7) == alone


def test_a_few_hundred_worlds_hold_everything_that_can_happen() -> None:
    observation = Counter(event.what for seed in range(300) for event in Scenario.of(Random(seed)).events)
    assert set(observation) >= {*Deed, *Weather} - {Weather.FINE}


def test_a_part_of_the_worlds_has_batches() -> None:
    sizes = [[batches.size() for _ in range(100)] for batches in map(Batches, range(300))]
    with_some = [each for each in sizes if any(each)]
    assert 90 < len(with_some) < 150
    assert all(sum(each) <= MOST_BATCHED for each in with_some)
    assert {0, 1, 3, 12} <= {size for each in with_some for size in each}


@pytest.mark.slow
def test_records_are_delivered_and_mostly_once() -> None:
    with quiet():
        runs = [run_seed(seed) for seed in range(100)]
    posts, duplicates = sum(run.posts for run in runs), sum(run.duplicates for run in runs)
    assert posts > 5000
    assert 0 < duplicates < posts / 20
