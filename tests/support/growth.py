"""Growth of the cost of a text with its length, in CPU time of this thread, independent of the machine's load."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

MOST_GROWTH = 2.5  # times the CPU time for twice the input: linear, with some room
DOUBLINGS = 3  # that are measured at once: what is due to caches and pages evens out
LARGEST = 524_288
MEASURABLE = 0.001  # seconds
MEASUREMENTS = 10  # at most: a neighbour may slow several down, and only what fails pays for all

_PATTERNS = {
    "letters": "a",
    "words": "ab ",
    "spaces": " ",
    "no-break-spaces": "\u00a0",
    "digits": "1",
    "digits-and-letters": "1a",
    "digits-and-brackets": "1((((((",
    "numbers": "+1 (415) ",
    "dots": "1.",
    "at-signs": "@",
    "addresses": "a@b ",
    "dotted-addresses": "a.@",
    "brackets": "(",
    "combining-marks": "\u0301",
    "marks-of-two-classes": "\u0301\u0316",
    "ligatures": "\ufdfa",
    "hangul": "\u1100\u1161",
    "surrogates": "\ud800",
    "escapes": "\x1b[2J",
    "null-characters": "\x00",
    "line-breaks": "\n",
    "backslashes": "\\",
    "quotes": '"',
}
PATTERNS = list(_PATTERNS.values())
PATTERN_IDS = list(_PATTERNS)


def growth(work: Callable[[Input], object], prepared: Callable[[int], Input]) -> float:
    """Return how many times the CPU time twice the input takes.

    The mean over several doublings, from the first size on that takes measurable time: what grows with the square is
    found before it takes minutes. The least of several measurements: memory is slow now and then, a square each time.

    prepared -- an input of that size; its making does not count
    """
    least = float("inf")
    for _ in range(MEASUREMENTS):
        least = min(least, _growth(work, prepared))
        if least <= MOST_GROWTH:
            break
    return least


def repeated(pattern: str, size: int) -> str:
    """Return so many characters of a pattern."""
    return (pattern * size)[:size]


def _growth(work: Callable[[Input], object], prepared: Callable[[int], Input]) -> float:
    size = LARGEST >> 9
    while (cost := _cost(work, prepared, size)) < MEASURABLE and size << DOUBLINGS < LARGEST:
        size *= 2
    ratio = _cost(work, prepared, size << DOUBLINGS) / max(cost, MEASURABLE)
    return float(ratio ** (1 / DOUBLINGS))


def _cost(work: Callable[[Input], object], prepared: Callable[[int], Input], size: int) -> float:
    best = float("inf")
    for _ in range(3):
        given = prepared(size)
        began = time.thread_time()
        work(given)
        best = min(best, time.thread_time() - began)
    return best
