"""What the commands that bring records back can be told."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """Whether anything is done."""

    DRY_RUN = "dry_run"
    EXECUTE = "execute"


class Begin(Enum):
    """Where to begin."""

    CHECKPOINT = "checkpoint"  # where the last run of the same name stopped
    ANEW = "anew"


class Stale(Enum):
    """What to do with a record whose contact has a newer one."""

    SKIP = "skip"
    INCLUDE = "include"
