"""Rehearses scaling: 1, 2 and 4 workers and a rolling restart, against a ClickSend with a rate limit. Prints a table.

    .venv/bin/python -m tests.deploy.rehearse_scaling

On a real Kafka, four partitions. Each request takes 0.1 s, so the arithmetic says 160 a second for one worker with its
16 requests under way; the account's limit is 200 a second.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from consumer.operations.sandbox.faults import Rule
from consumer.operations.sandbox.limiter import RateLimit
from consumer.operations.sandbox.options import SandboxOptions
from consumer.operations.sandbox.server import Sandbox
from tests.integration.stage import Stage, sign_up
from tests.integration.worker_process import WorkerProcess
from tests.kafka.apache import ApacheKafka

LIMIT = "200/s"
REQUEST_SECONDS = 0.1
WARM_UP, MEASURED = 30.0, 30.0  # seconds; the first 429s have taught the limit by then
PEOPLE = 15_000


class Figures:
    """What several workers did between two looks at them."""

    def __init__(self, workers: list[WorkerProcess]) -> None:
        self._workers = workers
        self._before, self._at = self._look(), time.monotonic()

    def _look(self) -> dict[str, float]:
        """Settled, answered, and answered 429, of all of them."""
        shown = [worker.metrics() for worker in self._workers if worker.process.poll() is None]
        series = [(name, value) for each in shown for name, value in each.items()]
        return {
            "settled": sum(value for name, value in series if name.startswith("clicksend_records_settled_total")),
            "answers": sum(value for name, value in series if name.startswith("clicksend_requests_total")),
            "429": sum(
                v for name, v in series if name.startswith("clicksend_requests_total") and 'status="429"' in name
            ),
        }

    def row(self, what: str, lag: int) -> str:
        """A line of the table."""
        after, seconds = self._look(), time.monotonic() - self._at
        change = {name: after[name] - value for name, value in self._before.items()}
        share = change["429"] / max(1, change["answers"])
        return f"| {what} | {change['settled'] / seconds:.0f} | {share:.1%} | {lag} |"


def rehearse(kafka: ApacheKafka, count: int, folder: Path) -> str:
    """So many workers at a backlog; gives their line of the table."""
    options = SandboxOptions(rate_limit=RateLimit.of(LIMIT))
    with Sandbox(options) as sandbox, ExitStack() as stack:
        stage = Stage(kafka, "classic", sandbox, folder)
        stage.faults(Rule(delay=REQUEST_SECONDS))
        stage.produce(*(sign_up(number) for number in range(PEOPLE)))
        workers = [stack.enter_context(stage.worker()) for _ in range(count)]
        for worker in workers:
            worker.wait_ready()
        time.sleep(WARM_UP)
        figures = Figures(workers)
        time.sleep(MEASURED)
        return figures.row(f"{count}", stage.lag())


def roll(kafka: ApacheKafka, folder: Path) -> str:
    """Two workers, each stopped and started again in its turn, as the manifest's maxSurge 0 does it."""
    with Sandbox(SandboxOptions(rate_limit=RateLimit.of(LIMIT))) as sandbox, ExitStack() as stack:
        stage = Stage(kafka, "classic", sandbox, folder)
        stage.faults(Rule(delay=REQUEST_SECONDS))
        stage.produce(*(sign_up(number) for number in range(PEOPLE)))
        old = [stack.enter_context(stage.worker()).wait_ready() for _ in range(2)]
        time.sleep(WARM_UP)
        stored, began = stage.enrolled(), time.monotonic()
        for worker in old:
            assert worker.stop() == 0
            stack.enter_context(stage.worker()).wait_ready()
        time.sleep(max(0.0, MEASURED - (time.monotonic() - began)))
        rate = (stage.enrolled() - stored) / (time.monotonic() - began)
        emails = [each["email"] for each in stage.payloads()]
        again = len(emails) - len(set(emails))
        return f"| 2, each restarted in its turn; {again} delivered again | {rate:.0f} | | {stage.lag()} |"


def main() -> None:
    """Rehearse, and print."""
    print("| workers | settled a second | answered 429 | lag at the end |\n|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        kafka = ApacheKafka(Path(folder))
        kafka.begin()
        try:
            for count in (1, 2, 4):
                print(rehearse(kafka, count, Path(folder)), flush=True)  # noqa: T201
            print(roll(kafka, Path(folder)), flush=True)  # noqa: T201
        finally:
            kafka.stop()


if __name__ == "__main__":
    main()
