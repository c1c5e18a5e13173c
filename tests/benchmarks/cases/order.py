"""Few contacts with many records each: the rate compared with the maximum that ordering allows."""

from __future__ import annotations

from collections import defaultdict

from tests.benchmarks.contenders import WORKER, Contender
from tests.benchmarks.events import Input, sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import PARTITIONS, Rig, Size
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Entry, Plan

CONTACTS = (1, 10, 100)
COMPARED = 20  # contacts, of one partition
IN_FLIGHT = 16


def measure(rig: Rig, size: Size) -> list[Figure]:
    """Answers after 0 to 5 ms."""
    count = size.of(10_000)
    alone = [_alone(rig, contacts, count) for contacts in CONTACTS]
    return [*alone, *_compared(rig, size, count)]


def _alone(rig: Rig, contacts: int, count: int) -> Figure:
    seconds, ideal = _run(rig, _topic(rig, contacts, count, PARTITIONS), count, WORKER)
    return Figure("order", f"{count} records of {contacts} contacts", seconds, "s", ideal, "ideal")


def _compared(rig: Rig, size: Size, count: int) -> list[Figure]:
    topic = _topic(rig, COMPARED, count, 1)
    runs = alternate(rig.contenders, size.rounds, lambda each: _run(rig, topic, count, each))
    seconds, ideal = (medians(runs, value) for value in (lambda run: run[0], lambda run: run[1]))
    name = f"{count} of {COMPARED}, 1 partition"
    against_ideal = Figure("order", name, seconds["worker"], "s", ideal["worker"], "ideal")
    return [against_ideal, *beside("order", name, "s", seconds)]


def _topic(rig: Rig, contacts: int, count: int, partitions: int) -> str:
    return rig.fill(rig.topic(partitions), _records(contacts, count), partitions)


def _run(rig: Rig, topic: str, count: int, contender: Contender) -> tuple[float, float]:
    """Seconds that it took, and those that cannot be beaten."""
    with rig.delivering(Plan(0, 0.005), topic, IN_FLIGHT, contender):
        rig.wait(lambda: rig.sink.stored >= count, f"{count} contacts")
    log = rig.sink.log()
    return log[-1].answered - min(each.arrived for each in log), _ideal(log)


def _records(contacts: int, count: int) -> list[Input]:
    return [sign_up(number % contacts) for number in range(count)]


def _ideal(log: list[Entry]) -> float:
    """One contact's answers come one after the other, and no more than 16 at a time."""
    waits: dict[str, float] = defaultdict(float)
    for each in log:
        waits[each.email] += each.delay
    return max(*waits.values(), sum(waits.values()) / IN_FLIGHT)
