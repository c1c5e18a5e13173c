"""Share of ClickSend's rate limit that real workers use, and their share of 429 responses.

    python tests/benchmarks/bench_limited.py [seconds]

Worker processes share a stand-in that takes 100 requests a second, on the in-process broker. Judged from its log,
from second 15 on: everybody has learnt the limit by then.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from consumer.demo.broker import InProcessBroker  # noqa: E402 -- run as a script, from the root
from consumer.sandbox.limiter import RateLimit, RetryAfter  # noqa: E402
from consumer.sandbox.options import SandboxOptions  # noqa: E402
from consumer.sandbox.server import Sandbox  # noqa: E402
from tests.kafka.in_process import InProcess  # noqa: E402
from tests.support.events import sign_up  # noqa: E402
from tests.support.stage import PARTITIONS, Stage  # noqa: E402

LIMIT = 100
LEARNING_SECONDS = 15


class Figures(NamedTuple):
    """Return accepted requests per second and the share of 429s in the measured period."""

    rate: float
    refused: float


def main(seconds: int) -> None:
    """Measure and print."""
    sys.stdout.write(f"A limit of {LIMIT} requests a second, seconds {LEARNING_SECONDS} to {seconds}\n")
    sys.stdout.write(f"{'Retry-After':14}{'workers':>8}{'taken a second':>17}{'429s':>9}\n")
    for retry_after in (RetryAfter.NONE, RetryAfter.SECONDS):
        for workers in (1, 3):
            figures = measure(retry_after, workers, seconds)
            sys.stdout.write(f"{retry_after:14}{workers:8}{figures.rate:17.1f}{figures.refused:9.2%}\n")
            sys.stdout.flush()


def measure(retry_after: RetryAfter, workers: int, seconds: int) -> Figures:
    """Run so many workers for so long."""
    limit = RateLimit(LIMIT, retry_after=retry_after)
    options = SandboxOptions(rate_limit=limit, max_requests=10 * LIMIT * seconds)
    with ExitStack() as stack:
        broker = InProcess(stack.enter_context(InProcessBroker()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(Sandbox(options))
        stage = Stage(broker, "classic", sandbox, folder)
        started = [stack.enter_context(stage.worker()) for _ in range(workers)]
        for worker in started:
            worker.wait_ready()
        # Enough on each partition for the whole limit: a worker with one partition must not run dry.
        stage.produce(*[sign_up(number) for number in range(PARTITIONS * LIMIT * seconds)])
        begin = sandbox_begin(sandbox)
        time.sleep(max(0.0, begin + seconds - time.time()))
        seen = [
            entry for entry in sandbox.requests() if begin + LEARNING_SECONDS <= entry.received_at < begin + seconds
        ]
    taken = sum(entry.status == 200 for entry in seen)
    return Figures(taken / (seconds - LEARNING_SECONDS), sum(entry.status == 429 for entry in seen) / len(seen))


def sandbox_begin(sandbox: Sandbox) -> float:
    """When the first request came, in seconds since the epoch."""
    deadline = time.monotonic() + 30
    while not (entries := sandbox.requests()):
        if time.monotonic() > deadline:
            raise TimeoutError("no request within 30 s")
        time.sleep(0.05)
    return min(entry.received_at for entry in entries)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 75)
