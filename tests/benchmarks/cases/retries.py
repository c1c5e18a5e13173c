"""A thousand contacts that wait for a retry: the others are not delayed."""

from __future__ import annotations

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import PARTITIONS, Rig, Size, Span
from tests.benchmarks.sink_plan import Plan

WAITING = 1000
EVERY = (
    16  # one in so many fails: at random, five in a row would open the breaker, whose wait is as long as the retries'
)
IN_FLIGHT = 32
DELAY = 0.02
LONG = "3600"  # seconds: hardly one of them is tried again during the run
UNHEARD_OF = "waiting"


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Answers after 20 ms; the rate of the contacts behind the thousand, who fail in one run and not in the other."""
    count = size.of(6000)
    without, beside = (_run(rig, failing, count) for failing in ("", UNHEARD_OF))
    return [
        Figure("retries", "delivered beside 1000 waiting", beside.rate, "/s", without.rate, "without them"),
        Figure("retries", "CPU a contact", beside.cpu_us, "us", without.cpu_us, "without them"),
    ]


def _run(rig: Rig, failing: str, count: int) -> Span:
    before = [UNHEARD_OF if _waits(number) else "u" for number in range(WAITING * EVERY)]
    inputs = (sign_up(number, name) for number, name in enumerate([*before, *["u"] * count]))
    topic = rig.fill(rig.topic(), inputs)
    rig.sink.follow(Plan(DELAY, DELAY, failing=failing))
    with rig.worker(topic, IN_FLIGHT, {"RETRY_INITIAL_DELAY": LONG, "RETRY_MAX_DELAY": LONG}) as worker:
        stored = before.count("u") if failing else len(before)
        return rig.follow(worker.process.pid, count, start=stored)


def _waits(number: int) -> bool:
    """One in so many, both along a partition and across them: a partition full of them would reach its cap."""
    return (number // PARTITIONS + number) % EVERY == 0
