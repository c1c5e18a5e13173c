"""What the figures must not exceed.

`make bench ARGS=--ci` holds the worker to ratios of CPU to a baseline of the same run, never wall time. Generous: about
two thirds as much again as the worst that was measured when they were set: only a real loss fails.
The soak is held to its bounds wherever it runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.figures import Figure, Key

# The highest ratio to the baseline.
LIMITS: dict[Key, float] = {
    ("instant-sink", "CPU a contact", "Session.post"): 0.4,
    ("browsing", "CPU a record", "consume + orjson"): 1.8,
    ("engine", "CPU a record, 16 in flight", "pool"): 4.5,
    # The bound of 50 ms is for an idle machine: beside it, what is far below. What grows with the square takes seconds.
    ("large-field", "the longest decision", "orjson"): 2.0,
    ("large-field", "the longest record recorded", "bound"): 1.0,
    ("large-field", "the longest text shown", "bound"): 1.0,
}

# The highest value.
SOAK_LIMITS = {"contacts lost": 0, "descriptors leaked": 0, "exit status": 0}
SOAK_GROWTH = 1.1  # of the memory


def exceeded(figures: Iterable[Figure]) -> list[str]:
    """A line for each figure beyond its limit, and for each limit whose figure is missing."""
    ratios = {each.key: each.ratio for each in figures}
    complaints = []
    for (case, name, against), limit in LIMITS.items():
        ratio = ratios.get((case, name, against))
        if ratio is None or ratio > limit:
            measured = "was not measured" if ratio is None else f"is {ratio:.2f} times its baseline"
            complaints.append(f"{case}: {name} {measured}; the limit is {limit}")
    return complaints


def soak_failures(figures: Iterable[Figure]) -> list[str]:
    """A line for each figure of the soak that is beyond its limit."""
    complaints = []
    for each in figures:
        if each.case != "soak":
            continue
        if each.name in SOAK_LIMITS and each.value > SOAK_LIMITS[each.name]:
            complaints.append(f"soak: {each.name}: {each.value:g}; the limit is {SOAK_LIMITS[each.name]}")
        if each.name == "memory at the end" and each.ratio and each.ratio > SOAK_GROWTH:
            complaints.append(f"soak: memory grew {each.ratio:.2f} times; the limit is {SOAK_GROWTH}")
    return complaints
