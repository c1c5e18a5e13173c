"""Cost of one sign-up decision (recognise, decode, map, validate), compared with other source trees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.bench_enrolment import SIGN_UP, parsed
from tests.benchmarks.contenders import Contender, worker_of
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians

SCRIPT = Path("tests", "benchmarks", "bench_enrolment.py")
RECORDS = 3000


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Each tree decides in processes of its own, by its own script, in turns."""
    trees = [worker_of(tree, name) for name, tree in rig.trees.items()]

    def decide(contender: Contender) -> float:
        return _microseconds(rig.trees[contender.name], size.of(RECORDS))

    costs = medians(alternate(trees, size.rounds, decide), lambda cost: cost)
    return beside("enrolment", "a plain sign-up decided", "us", costs)


def _microseconds(tree: Path, records: int) -> float:
    command = [sys.executable, "-P", str(tree / SCRIPT), str(records)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return parsed(done.stdout)[SIGN_UP]
