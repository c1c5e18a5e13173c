"""How a command ended, for scripts."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Each command returns one of these."""

    DONE = 0
    FAILED = 1  # it ran and something failed
    WRONG_USAGE = 2
    WRONG_SETTINGS = 3
    PARTLY_DONE = 4
    FATAL = 70  # of Kafka or of the program (EX_SOFTWARE of sysexits.h)
