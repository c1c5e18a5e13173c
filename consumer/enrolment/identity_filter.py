"""The identity filter selects the events that enrol. It is the hottest code: it filters most of a real topic."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache

IDENTIFY_NAMES = frozenset({"identify", "identified"})  # the preset's name for `type: identify`, in both spellings
_SHORT = 64  # characters; longer names are not cached, to bound the memory


def normalised_name(name: str) -> str:
    """Return the name without case, white space, `_` and `-`, for comparison."""
    return _plain_short(name) if len(name) <= _SHORT else _plain(name)


def _plain(name: str) -> str:
    return "".join(name.split()).replace("_", "").replace("-", "").casefold()


_plain_short = lru_cache(maxsize=1024)(_plain)  # a topic repeats some dozens of names


def enrolment_name(kind: object, name: object, names: Set[str]) -> str | None:
    """Return the name under which an event enrols; None for one that doesn't.

    Enrolment events are `type: identify`, which carry no name, and tracks with one of `names` (normalised).
    An event without a type is neither, whatever its name. The name is the event's own, with single spaces.

    kind, name -- the event's `type` and `event`, of any JSON type
    """
    if not isinstance(kind, str):
        return None
    if kind != "track":  # as nearly all are written
        kind = normalised_name(kind)
    if kind == "track":
        return " ".join(name.split()) if isinstance(name, str) and normalised_name(name) in names else None
    return "Identify" if kind == "identify" and kind in names else None
