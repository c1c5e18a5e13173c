"""The simulation detects every mutant."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.run import failure_report, quiet, run_seed

SEEDS = 800  # within which each has to be noticed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_notices(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.apply(monkeypatch)
    with quiet():
        broken = next((run for seed in range(SEEDS) if (run := run_seed(seed)).violations), None)
    assert broken is not None, "nothing was noticed"
    assert broken.violations[0].oracle in mutant.oracles, failure_report(broken)
