"""The identity filter: which events enrol. Most of a real topic ends here, so this is the program's hottest code."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

IDENTIFY_NAMES = frozenset({"identify", "identified"})  # the preset's name for `type: identify`, in both spellings


def plain(name: str) -> str:
    """The name without case, white space, `_` and `-`: how names of events are compared."""
    return "".join(name.split()).replace("_", "").replace("-", "").casefold()


def enrolment_name(event: Mapping[str, Any], names: Set[str]) -> str | None:
    """The name under which this event enrols; None for an event that doesn't.

    Enrolment events are `type: identify`, which carry no name, and tracks with one of `names` (written plainly).
    An event without a type is neither, whatever its name. The name is the event's own, with single spaces.
    """
    kind = event.get("type")
    if kind == "track":
        name = event.get("event")
        return " ".join(name.split()) if isinstance(name, str) and plain(name) in names else None
    if not isinstance(kind, str):
        return None
    kind = plain(kind)
    if kind == "identify":
        return "Identify" if kind in names else None
    return enrolment_name({**event, "type": "track"}, names) if kind == "track" else None
