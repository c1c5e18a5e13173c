"""Few contacts with many records each: how close the worker comes to what their order allows."""

from __future__ import annotations

from collections import defaultdict

from tests.benchmarks.events import Input, sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Entry, Plan

CONTACTS = (1, 10, 20, 100)
IN_FLIGHT = 16


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Answers after 0 to 5 ms."""
    return [_run(rig, contacts, size.of(10_000)) for contacts in CONTACTS]


def _run(rig: Rig, contacts: int, count: int) -> Figure:
    topic = rig.fill(rig.topic(), _records(contacts, count))
    rig.sink.follow(Plan(0, 0.005))
    with rig.worker(topic, IN_FLIGHT):
        rig.wait(lambda: rig.sink.stored >= count, f"{count} contacts")
    log = rig.sink.log()
    seconds = log[-1].answered - min(each.arrived for each in log)
    return Figure("order", f"{count} records of {contacts} contacts", seconds, "s", _ideal(log), "ideal")


def _records(contacts: int, count: int) -> list[Input]:
    return [sign_up(number % contacts) for number in range(count)]


def _ideal(log: list[Entry]) -> float:
    """What cannot be beaten: one contact's answers come one after the other, and no more than 16 at a time."""
    waits: dict[str, float] = defaultdict(float)
    for each in log:
        waits[each.email] += each.delay
    return max(*waits.values(), sum(waits.values()) / IN_FLIGHT)
