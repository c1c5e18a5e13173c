"""The workers: started, killed, frozen and stopped. Any other exit is a finding."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.worker_process import WorkerProcess


@dataclass(frozen=True, slots=True)
class Member:
    """One worker process. number -- also of the list it writes to, by which its requests are known."""

    number: int
    process: WorkerProcess


class Fleet:
    """All workers of a run, by `members` those that should be alive."""

    def __init__(self, variables: Mapping[str, str], folder: Path) -> None:
        self._variables = variables
        self._folder = folder
        self._started = 0
        self.members: list[Member] = []
        self.findings: list[str] = []

    def start(self) -> Member:
        """Start one more."""
        self._started += 1
        variables = {**self._variables, "CLICKSEND_LIST_ID": str(self._started)}
        log = self._folder / f"worker-{self._started}.log"
        member = Member(self._started, WorkerProcess(variables, log))
        self.members.append(member)
        return member

    def wait_ready(self) -> None:
        """Wait until all are ready."""
        for member in self.members:
            member.process.wait_ready()

    def kill(self, member: Member) -> float:
        """SIGKILL. Gives the time by which it was dead."""
        self._still_lives(member)
        self.members.remove(member)
        member.process.kill()
        return time.time()

    def freeze(self, member: Member) -> float:
        """SIGSTOP. Gives the time."""
        at = time.time()
        member.process.send(signal.SIGSTOP)
        return at

    def thaw(self, member: Member) -> float:
        """SIGCONT. Gives the time."""
        at = time.time()
        member.process.send(signal.SIGCONT)
        return at

    def stop(self, *members: Member) -> None:
        """SIGTERM to all of them, and wait. Each is expected to end with exit status 0."""
        for member in members:
            self._still_lives(member)
            self.members.remove(member)
            member.process.send(signal.SIGTERM)
        for member in members:
            status = member.process.ended()
            if status:
                self.findings.append(f"worker {member.number} ended with {status}")

    def close(self) -> None:
        """End whoever is left, however."""
        for member in self.members:
            member.process.kill()
        self.members.clear()

    def _still_lives(self, member: Member) -> None:
        status = member.process.process.poll()
        if status is not None:
            self.findings.append(f"worker {member.number} died by itself with {status}")
