"""The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the nearest known name within two edits, ignoring case; None if there is none.

    Not by difflib, which does not count edits: by its ratio, three more at the end are nearer than two replaced.
    """
    candidates = list(known)
    for edits in range(3):
        for candidate in candidates:
            if _within(name.lower(), candidate.lower(), edits):
                return candidate
    return None


def _within(one: str, other: str, edits: int) -> bool:
    """Return whether this many insertions, deletions and replacements turn one text into the other.

    Walk instead of filling a table: a cluster injects thousands of variables, and nearly all differ in their first
    characters.
    """
    if abs(len(one) - len(other)) > edits:
        return False
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    if not one or not other:
        return len(one) + len(other) <= edits
    if edits == 0:
        return False
    return any(_within(*rest, edits - 1) for rest in ((one[1:], other), (one, other[1:]), (one[1:], other[1:])))
