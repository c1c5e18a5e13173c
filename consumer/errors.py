"""The exceptions of this program.

::

    ConsumerError
    ├── ConfigurationError      an operator can fix it: every problem at once, each with a hint (exit status 3)
    ├── UsageError              the command line is wrong (exit status 2)
    ├── RefusedError            a command refuses, and has changed nothing (exit status 1)
    └── FatalStreamError        only a restart helps: the process ends (exit status 70)

The outcome of a delivery is a value (`consumer.clicksend.outcome`), never an exception.
"""

from __future__ import annotations

from msgspec import Struct


class ConsumerError(Exception):
    """The base of this program's exceptions."""


class Problem(Struct, frozen=True):
    """One problem of the configuration.

    name -- the setting or object, as the operator writes it (`CLICKSEND_LIST_ID`, `topic orders`)
    what -- what is wrong, never with the value itself
    hint -- how to fix it
    """

    name: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. {self.hint}"


class ConfigurationError(ConsumerError):
    """The configuration is unusable. Carries every problem found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class UsageError(ConsumerError):
    """The command line is wrong. The text tells how."""


class RefusedError(ConsumerError):
    """A command refuses, and has changed nothing. The text tells the operator why, and the fix."""


class FatalStreamError(ConsumerError):
    """Kafka or this program failed, and only a restart helps."""
