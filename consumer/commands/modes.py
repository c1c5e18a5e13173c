"""Options that `replay` and `dead-letters redrive` share."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """Whether the command changes anything."""

    DRY_RUN = "dry_run"
    EXECUTE = "execute"


class Begin(Enum):
    """The start of a run."""

    CHECKPOINT = "checkpoint"  # where the last run of the same name stopped
    ANEW = "anew"


class Stale(Enum):
    """The treatment of a record whose contact has a newer one."""

    SKIP = "skip"
    INCLUDE = "include"
