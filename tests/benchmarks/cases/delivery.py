"""Sign-ups only, with many requests in flight: cost of a delivered contact, and deliveries per second."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import CORES
from tests.benchmarks.rig import Rig, Size, Span
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

LOOP = "Session.post"
LOOP_SHARE = 3  # the loop is given one contact of so many: it is slow, and its cost is even
RATE, COST = "delivered a second", "CPU a contact"


@dataclass(frozen=True, slots=True)
class Load:
    """One row of the table.

    contacts  -- the usual number of them
    delay     -- seconds until the sink answers
    in_flight -- requests at a time
    busy      -- processes that do nothing but compute, at the same priority
    """

    case: str
    contacts: int
    delay: float
    in_flight: int
    busy: int = 0

    @property
    def ideal(self) -> float:
        """Contacts a second, where the sink's delay is all that takes time."""
        return self.in_flight / self.delay


INSTANT = Load("instant-sink", 20_000, 0.0, 64)
NEIGHBOURS = Load("neighbours", 10_000, 0.0, 64, busy=CORES)
SLOW = Load("slow-sink", 6400, 0.1, 64)
THOUSAND = Load("thousand", 40_000, 0.3, 1000)


def slow_sink(rig: Rig, size: Size) -> list[Figure]:
    """Each answer takes 100 ms, so no more than 640 a second are possible."""
    spans = _measure(rig, size, SLOW)
    return [*_figures(SLOW, spans), *_loop(rig, size, SLOW, spans)]


def instant_sink(rig: Rig, size: Size) -> list[Figure]:
    """Each answer comes at once: what remains is the worker's own cost."""
    spans = _measure(rig, size, INSTANT)
    return [*_figures(INSTANT, spans), *_loop(rig, size, INSTANT, spans)]


def neighbours(rig: Rig, size: Size) -> list[Figure]:
    """The same with a busy loop for each core beside it."""
    return _figures(NEIGHBOURS, _measure(rig, size, NEIGHBOURS))


def thousand(rig: Rig, size: Size) -> list[Figure]:
    """A thousand requests in flight, answers after 300 ms."""
    return _figures(THOUSAND, _measure(rig, size, THOUSAND))


def _measure(rig: Rig, size: Size, load: Load) -> dict[str, list[Span]]:
    count = size.of(load.contacts)
    topic = rig.fill(rig.topic(), map(sign_up, range(count)))

    def once(contender: Contender) -> Span:
        with rig.delivering(Plan.of(load.delay), topic, load.in_flight, contender) as pid:
            return rig.follow(pid, count, load.in_flight)

    with ExitStack() as stack:
        for _ in range(load.busy):
            stack.enter_context(rig.baseline("busy"))
        return alternate(rig.contenders, size.rounds, once)


def _figures(load: Load, spans: dict[str, list[Span]]) -> list[Figure]:
    rates = medians(spans, lambda span: span.rate)
    costs = medians(spans, lambda span: span.cpu_us)
    ideal = [Figure(load.case, RATE, rates["worker"], "/s", load.ideal, "ideal")] if load.delay else []
    return [*ideal, *beside(load.case, RATE, "/s", rates), *beside(load.case, COST, "us", costs)]


def _loop(rig: Rig, size: Size, load: Load, spans: dict[str, list[Span]]) -> list[Figure]:
    """The simple alternative: threads in a loop over `Session.post`, fed from a queue."""
    count = size.of(load.contacts) // LOOP_SHARE
    rig.sink.follow(Plan.of(load.delay))
    with rig.baseline("posts", rig.sink.url, count, load.in_flight) as loop:
        span = rig.follow(loop.pid, count, load.in_flight)
    rates = medians(spans, lambda each: each.rate)
    costs = medians(spans, lambda each: each.cpu_us)
    return [
        Figure(load.case, RATE, rates["worker"], "/s", span.rate, LOOP),
        Figure(load.case, COST, costs["worker"], "us", span.cpu_us, LOOP),
    ]
