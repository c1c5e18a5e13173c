"""How the cost of a text grows with its length: CPU time of this thread, so that a busy machine changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_GROWTH = 2.5  # times the CPU time for twice the input: linear, with some room
LARGEST = 1_000_000
MEASURABLE = 0.005  # seconds; what costs less at every size does not grow

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


def growth(work: Callable[[str], object], text_of: Callable[[int], str]) -> float:
    """Return the CPU time for a text divided by that for half of it, at the first size where both can be measured.

    0 where even the largest text costs next to nothing. Sizes begin small: what grows with the square is found before
    it takes minutes.
    """
    size = 1000
    half = _cost(work, text_of(size))
    while True:
        size *= 2
        whole = _cost(work, text_of(size))
        if half >= MEASURABLE:
            return whole / half
        if size >= LARGEST:
            return 0.0 if whole < MEASURABLE else whole / max(half, MEASURABLE / 2)
        half = whole


def _cost(work: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - began)
    return best
