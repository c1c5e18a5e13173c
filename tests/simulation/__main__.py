"""`make simulate`: replay one seed with its whole history, or search for failing seeds."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from itertools import count

from tests.simulation.run import failure_report, quiet, replay_seed, run_seed


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one and print its history")
    parser.add_argument("--seeds", help="run these: 0-1999")
    parser.add_argument("--minutes", type=float, help="run new seeds for so long")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _replay(given.seed)
    with quiet():
        if given.minutes is not None:
            began = int(time.time())
            return _search(count(began * 1000), time.monotonic() + given.minutes * 60)
        first, _, last = (given.seeds or "0-1999").partition("-")
        return _search(range(int(first), int(last or first) + 1), float("inf"))


def _replay(seed: int) -> int:
    run = replay_seed(seed)
    print("\n".join(run.history))  # noqa: T201 -- what it is for
    print(failure_report(run) if run.violations else "no promise was broken", file=sys.stderr)  # noqa: T201
    return 1 if run.violations else 0


def _search(seeds: Iterable[int], until: float) -> int:
    began, runs, failed = time.monotonic(), 0, 0
    for seed in seeds:
        if time.monotonic() > until:
            break
        run = run_seed(seed)
        runs += 1
        if run.violations:
            failed += 1
            print(failure_report(run), flush=True)  # noqa: T201 -- as it is found
    seconds = time.monotonic() - began
    print(f"{runs} seeds, {failed} failed, {runs / max(seconds, 0.001):.1f} a second", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
