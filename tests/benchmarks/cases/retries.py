"""A thousand contacts that wait for a retry: the others must not feel it."""

from __future__ import annotations

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import PARTITIONS, Rig, Size, Span
from tests.benchmarks.sink import Plan

WAITING = 1000
EVERY = 5  # one in so many fails at first: five failures in a row would open the breaker
IN_FLIGHT = 32
DELAY = 0.02
LONG = "3600"  # seconds: hardly one of them is tried again during the run
UNHEARD_OF = "waiting"


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Answers after 20 ms; the rate of the contacts behind the thousand."""
    count = size.of(8000)
    without, beside = (_run(rig, name, count) for name in ("u", UNHEARD_OF))
    return [
        Figure("retries", "delivered beside 1000 waiting", beside.rate, "/s", without.rate, "without them"),
        Figure("retries", "CPU a contact", beside.cpu_us, "us", without.cpu_us, "without them"),
    ]


def _run(rig: Rig, name: str, count: int) -> Span:
    """`name`: of the thousand; the sink fails those whose name is UNHEARD_OF."""
    mixed = [sign_up(number, name if _waits(number) else "u") for number in range(WAITING * EVERY)]
    topic = rig.fill(rig.topic(), [*mixed, *(sign_up(len(mixed) + number) for number in range(count))])
    rig.sink.follow(Plan(DELAY, DELAY, failing=UNHEARD_OF))
    with rig.worker(topic, IN_FLIGHT, RETRY_INITIAL_DELAY=LONG, RETRY_MAX_DELAY=LONG) as worker:
        start = sum(not each.key.startswith(UNHEARD_OF) for each in mixed)
        return rig.follow(worker.process.pid, count, start=start)


def _waits(number: int) -> bool:
    """One in so many, both along a partition and across them."""
    return (number // PARTITIONS + number) % EVERY == 0
