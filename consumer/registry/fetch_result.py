"""The results of fetching a schema: the closed list of the metric's label."""

from __future__ import annotations

from enum import StrEnum


class FetchResult(StrEnum):
    """Result of one fetch."""

    FOUND = "found"
    UNKNOWN = "unknown"  # to the registry
    UNUSABLE = "unusable"  # found, and it can't be compiled
    FAILED = "failed"  # the registry is away
