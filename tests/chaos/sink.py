"""ClickSend's part: a sandbox with permanent small faults, and its scripted failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from consumer.sandbox.faults import ConnectionFault, Rule, Script
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from tests.chaos.history import REFUSED, UNLUCKY

MOST_WORKERS = 60  # in one run; each is known by the list it writes to

PACE = Rule(name="pace", delay=0.02)
"""Answers take a moment, so that there is always something in flight."""
REFUSAL = Rule(name="refused", contact=(REFUSED,), status=400, code="BAD_REQUEST")
"""One contact is rejected, always: its records end as dead letters."""
BAD_LUCK = Rule(name="unlucky", contact=(UNLUCKY,), status=503)
"""One contact is never answered while the run lasts: its records hold the committable offset back while others are
settled."""

SLOW = Rule(name="slow", delay=0.4)
"""Slower than the events come: what waits in the workers grows."""
HANG = Rule(name="hang", every=4, connection=ConnectionFault.HANG)
RESET = Rule(name="reset before the answer", every=3, connection=ConnectionFault.RESET)
RESET_AFTER = Rule(name="reset after the answer", every=3, connection=ConnectionFault.RESET_AFTER)
CUT = Rule(name="cut", every=3, connection=ConnectionFault.CUT)
SLOW_DRIP = Rule(name="slow drip", every=4, drip=0.02)
STORM = Rule(name="429", probability=0.8, status=429)
STORM_WITH_RETRY_AFTER = Rule(name="429 with Retry-After", probability=0.8, status=429, retry_after=1)
OUTAGE = Rule(name="503", status=503)
KINDS = (HANG, RESET, RESET_AFTER, CUT, SLOW_DRIP, STORM, OUTAGE)


def random_faults(random: Random) -> list[Rule]:
    """A mix of several, each seldom enough for the rest to get through."""
    kinds = random.sample(KINDS, random.randint(2, len(KINDS)))
    return [replace(kind, every=None, probability=random.uniform(0.01, 0.1)) for kind in kinds]


class Sink:
    """The sandbox with its log file. `faults` are in force until `hint`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.log_file = folder / "sandbox.log"
        self._seed = seed
        lists = tuple(range(1, MOST_WORKERS + 1))
        self.sandbox = Sandbox(SandboxOptions(log_file=self.log_file, list_ids=lists))
        self.sandbox.start()
        self.faults()

    def faults(self, *rules: Rule) -> None:
        """Let these things happen, beside those that always do."""
        self.sandbox.set_faults(Script(rules=(REFUSAL, BAD_LUCK, *rules, PACE), seed=self._seed))

    def hint(self) -> None:
        """Let everybody through, the unlucky one too."""
        self.sandbox.set_faults(Script(rules=(REFUSAL, PACE)))

    def refuse_credentials(self) -> None:
        """Answer 401 to everybody."""
        self.sandbox.set_credentials(self.sandbox.options.username, "another")

    def accept_credentials(self) -> None:
        """Know the workers' credentials again."""
        self.sandbox.set_credentials(self.sandbox.options.username, self.sandbox.options.api_key)

    def delivered(self) -> int:
        """Return the number of completed requests."""
        return self.log_file.read_bytes().count(b"\n")

    def stop(self) -> None:
        """End it."""
        self.sandbox.stop()
