"""A worker as an operator runs it: a process of its own, set up by its environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

COMMAND = (sys.executable, "-m", "consumer", "run")
HANG_SECONDS = 120.0  # a guard against hanging: ten times as long as anything takes on a slow machine


class WorkerProcess:
    """`clicksend-consumer run` with these variables and no others. Ended with the `with` block, however it goes.

    command -- another program that takes the same variables
    """

    def __init__(self, variables: Mapping[str, str], log: Path, command: Sequence[str] = COMMAND) -> None:
        self._log = log
        self._out = log.open("wb")
        # COVERAGE_*: what coverage.py hands to child processes, so that the worker's lines count.
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_")
        keep = {name: value for name, value in os.environ.items() if name.startswith(kept)}
        self.process = subprocess.Popen(
            command,
            env={**keep, "MONITOR_PORT": "0", "LOG_FORMAT": "json", **variables},
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._out.close()

    def output(self) -> str:
        """All that it has said."""
        return self._log.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Its log, line by line; not the last line while it is being written."""
        return [json.loads(line) for line in self.output().split("\n")[:-1] if line.startswith("{")]

    def events(self) -> list[str]:
        """What its log lines say."""
        return [str(line["event"]) for line in self.lines()]

    def address(self) -> str:
        """Where its monitor listens."""
        found = self.wait(lambda: next((line["address"] for line in self.lines() if "address" in line), None))
        return str(found)

    def wait(self, what: Callable[[], Any], timeout: float = HANG_SECONDS) -> Any:
        """Wait until something is true, and give it; fails with the worker's log."""
        deadline = time.monotonic() + timeout
        while not (result := what()):
            over = self.process.poll() is not None
            assert not over, f"the worker has ended with {self.process.returncode}:\n{self.output()}"
            assert time.monotonic() < deadline, f"not within {timeout} s:\n{self.output()}"
            time.sleep(0.02)
        return result

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The answer of /readyz."""
        return self._get("/readyz")

    def liveness(self) -> tuple[int, dict[str, Any]]:
        """The answer of /livez."""
        return self._get("/livez")

    def wait_ready(self) -> Self:
        """Wait until it is ready."""
        self.wait(lambda: self.readiness()[0] == 200)
        return self

    def metrics(self) -> dict[str, float]:
        """Its series by name with labels."""
        with urllib.request.urlopen(self.address() + "/metrics", timeout=HANG_SECONDS) as answer:  # noqa: S310 -- our own loopback
            text = answer.read().decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def total(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return sum(value for series, value in self.metrics().items() if series.split("{")[0] == name)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end; gives the exit status."""
        return self.process.wait(HANG_SECONDS)

    def stop(self) -> int:
        """SIGTERM, and wait; gives the exit status."""
        self.send(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(self.address() + path, timeout=HANG_SECONDS) as answer:  # noqa: S310 -- our own loopback
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
