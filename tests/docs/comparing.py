"""Comparison of documented and actual output."""

from __future__ import annotations

import re

ELLIPSIS = "...\n"
"""A line of a document that stands for any number of lines."""

# What differs from run to run.
_VARYING = [
    (r"\d+ (?:s|min|h|d)\b(?: \d+ (?:s|min|h|d)\b)?", "AGE"),
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r" +", " "),
]


def comparable(output: str) -> str:
    """Return an output without times, ages, ports and widths."""
    for pattern, word in _VARYING:
        output = re.sub(pattern, word, output)
    return output


def agrees(shown: str, printed: str) -> bool:
    """Return whether the documented output matches the actual output."""
    parts = re.split(rf"(?m)^{re.escape(ELLIPSIS)}", comparable(shown))
    pattern = r"(?:.*\n)*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, comparable(printed)) is not None
