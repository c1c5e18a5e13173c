"""The shared options of `replay` and `dead-letters redrive`, which deliver records again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,60}", re.ASCII)


class Mode(Enum):
    """The effect of a command: none, or a change."""

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


@dataclass(frozen=True, slots=True)
class Repeat:
    """The options of a command that delivers records again.

    name -- of the checkpoint; None: made of the other options, so that the same command continues where it stopped
    """

    mode: Mode
    begin: Begin = Begin.CHECKPOINT
    stale: Stale = Stale.SKIP
    name: str | None = None

    @classmethod
    def parse(cls, *, execute: bool, restart: bool, include_stale: bool, name: str | None) -> Repeat:
        """Read the options. Raises ValueError as `checked_name` does."""
        return cls(
            Mode.EXECUTE if execute else Mode.DRY_RUN,
            Begin.ANEW if restart else Begin.CHECKPOINT,
            Stale.INCLUDE if include_stale else Stale.SKIP,
            checked_name(name) if name else None,
        )


def checked_name(text: str) -> str:
    """Return a checkpoint's name as it was typed. Raises ValueError, with what to write instead."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a valid name. Use letters, digits, dots, dashes or underscores, at most 60")
    return text
