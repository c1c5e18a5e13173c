"""A worker as an operator runs it: a separate process, configured by its environment."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.support.command import CONSUMER, environment
from tests.support.http import get, series
from tests.support.waiting import HANG_SECONDS, wait_until

COMMAND = (*CONSUMER, "run")


class WorkerProcess:
    """`clicksend-consumer run` with these variables and no others. Ended with the `with` block, however it goes.

    command -- another program that takes the same variables
    """

    def __init__(self, variables: Mapping[str, str], log: Path, command: Sequence[str] = COMMAND) -> None:
        self._log = log
        self._out = log.open("wb")
        self.process = subprocess.Popen(
            command,
            env=environment({"MONITOR_PORT": "0", "LOG_FORMAT": "json", **variables}),
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
        """Return the events of its log lines."""
        return [str(line["event"]) for line in self.lines()]

    def address(self) -> str:
        """Return the address of its monitor."""
        found = self.wait(lambda: next((line["address"] for line in self.lines() if "address" in line), None))
        return str(found)

    def wait(self, what: Callable[[], Any], timeout: float = HANG_SECONDS) -> Any:
        """Wait until something is true, and give it; fails with the worker's log."""

        def result() -> Any:
            found = what()
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output()}"
            return found

        return wait_until(result, self.output, seconds=timeout)

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
        return series(get(self.address() + "/metrics")[1])

    def total(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return sum(value for series, value in self.metrics().items() if series.split("{")[0] == name)

    def settled(self) -> float:
        """Return the number of records that are settled."""
        return self.total("clicksend_consumer_records_settled_total")

    def assigned(self) -> float:
        """Return the number of partitions that it has."""
        return self.total("clicksend_consumer_assigned_partitions")

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
        status, body = get(self.address() + path)
        return status, json.loads(body)
