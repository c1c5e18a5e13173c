"""A thousand contacts that wait for a retry: the others must not feel it."""

from __future__ import annotations

from tests.benchmarks.events import Input, sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size, Span
from tests.benchmarks.sink import Plan

WAITING = 1000
EVERY = 3  # one in so many fails at first: five failures in a row would open the breaker
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
    before = WAITING * (EVERY - 1)
    topic = rig.fill(rig.topic(), [*_mixed(name), *(sign_up(number) for number in range(10_000, 10_000 + count))])
    rig.sink.follow(Plan(DELAY, DELAY, failing=UNHEARD_OF))
    with rig.worker(topic, IN_FLIGHT, RETRY_INITIAL_DELAY=LONG, RETRY_MAX_DELAY=LONG) as worker:
        start = before if name == UNHEARD_OF else before + WAITING
        rig.wait(lambda: rig.sink.stored >= start, f"{start} contacts")
        return rig.follow(worker.process.pid, count, start=start)


def _mixed(name: str) -> list[Input]:
    numbers = range(WAITING * EVERY)
    return [sign_up(number, name if number % EVERY == 0 else "u") for number in numbers]
