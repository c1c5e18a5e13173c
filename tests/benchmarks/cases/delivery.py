"""Sign-ups only, 64 requests in flight: the worker against a loop of `Session.post` in 64 threads."""

from __future__ import annotations

from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size, Span
from tests.benchmarks.sink import Plan

IN_FLIGHT = 64
DELAY = 0.1
LOOP = "Session.post"


def slow_sink(rig: Rig, size: Size) -> list[Figure]:
    """Each answer takes 100 ms, so no more than 640 a second are possible."""
    worker, loop = _both(rig, Plan.of(DELAY), size.of(6400), size.of(3200))
    ideal = IN_FLIGHT / DELAY
    return [
        Figure("slow-sink", "delivered a second", worker.rate, "/s", ideal, "ideal"),
        Figure("slow-sink", "the loop's", loop.rate, "/s", ideal, "ideal"),
        Figure("slow-sink", "CPU a contact", worker.cpu_us, "us", loop.cpu_us, LOOP),
    ]


def instant_sink(rig: Rig, size: Size) -> list[Figure]:
    """Each answer comes at once: what remains is the worker's own cost."""
    worker, loop = _both(rig, Plan(), size.of(20_000), size.of(6400))
    return [
        Figure("instant-sink", "delivered a second", worker.rate, "/s", loop.rate, LOOP),
        Figure("instant-sink", "CPU a contact", worker.cpu_us, "us", loop.cpu_us, LOOP),
    ]


def _both(rig: Rig, plan: Plan, contacts: int, of_the_loop: int) -> tuple[Span, Span]:
    topic = rig.fill(rig.topic(), map(sign_up, range(contacts)))
    rig.sink.follow(plan)
    with rig.worker(topic, IN_FLIGHT) as worker:
        ours = rig.follow(worker.process.pid, contacts, IN_FLIGHT)
    rig.sink.follow(plan)
    with rig.baseline("posts", rig.sink.url, of_the_loop, IN_FLIGHT) as loop:
        return ours, rig.follow(loop.pid, of_the_loop, IN_FLIGHT)
