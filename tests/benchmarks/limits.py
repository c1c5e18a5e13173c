"""What `make bench ARGS=--ci` holds the worker to: ratios of CPU to a baseline of the same run, never wall time.

Generous: about two thirds as much again as the worst that was measured when they were set: only a real loss fails.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.figures import Figure

# By case and figure, the highest ratio to the baseline.
LIMITS = {
    ("instant-sink", "CPU a contact"): 0.4,
    ("browsing", "CPU a record"): 1.8,
    ("engine", "CPU a record, 16 threads"): 4.5,
}


def exceeded(figures: Iterable[Figure]) -> list[str]:
    """A line for each figure beyond its limit, and for each limit whose figure is missing."""
    ratios = {(each.case, each.name): each.ratio for each in figures}
    complaints = []
    for (case, name), limit in LIMITS.items():
        ratio = ratios.get((case, name))
        if ratio is None or ratio > limit:
            measured = "was not measured" if ratio is None else f"is {ratio:.2f} times its baseline"
            complaints.append(f"{case}: {name} {measured}; the limit is {limit}")
    return complaints
