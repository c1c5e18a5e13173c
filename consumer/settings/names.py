"""The names of settings, and what a misspelt one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `key` under `[section]` in the file, `SECTION_KEY` everywhere else."""

    section: str
    key: str

    @property
    def variable(self) -> str:
        return f"{self.section}_{self.key}".upper()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name with the fewest edits from this one, at most two, without case; None if there is none.

    Not by difflib, which counts no edits: by its ratio, three more at the end are nearer than two replaced.
    """
    candidates = list(known)
    for edits in range(3):
        for candidate in candidates:
            if _within(name.lower(), candidate.lower(), edits):
                return candidate
    return None


def _within(one: str, other: str, edits: int) -> bool:
    """Whether so many insertions, deletions and replacements turn one text into the other.

    Walks instead of filling a table: a cluster puts thousands of variables into the environment, and nearly all differ
    in how they begin.
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
