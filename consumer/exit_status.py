"""The exit statuses of the commands."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit status of a command."""

    DONE = 0
    FAILED = 1  # the command failed or was refused
    WRONG_USAGE = 2
    WRONG_SETTINGS = 3
    PARTLY_DONE = 4
    FATAL = 70  # Kafka or the program failed (EX_SOFTWARE of sysexits.h)
