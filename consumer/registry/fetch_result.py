"""How fetching a schema has ended. The closed list that the metric shows."""

from __future__ import annotations

from enum import StrEnum


class FetchResult(StrEnum):
    """How a fetch has ended."""

    FOUND = "found"
    UNKNOWN = "unknown"  # to the registry
    UNUSABLE = "unusable"  # found, and it can't be compiled
    FAILED = "failed"  # the registry is away
