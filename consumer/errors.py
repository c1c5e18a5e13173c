"""What this program raises on purpose.

::

    ConsumerError
    ├── ConfigurationError      a person can mend it: every problem at once, each with its mend (exit status 3)
    ├── RefusedError            a command can't do what it was asked for, and has changed nothing (exit status 1)
    └── FatalStreamError        Kafka or the program itself can't go on: the process ends (exit status 70)

The outcome of a delivery is a value (`consumer.clicksend.outcome`), never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass


class ConsumerError(Exception):
    """The base of everything raised on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration.

    name -- the setting or thing it is about, as the operator writes it (`CLICKSEND_LIST_ID`, `topic orders`)
    what -- what is wrong, never with the value itself
    mend -- what to do about it
    """

    name: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. {self.hint}"


class ConfigurationError(ConsumerError):
    """The configuration can't be worked with; carries every problem found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class RefusedError(ConsumerError):
    """A command can't do what it was asked for, and has changed nothing. The text is for a person, with the mend."""


class FatalStreamError(ConsumerError):
    """Kafka, or this program, is in a state from which only a restart leads out."""
