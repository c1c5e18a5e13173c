"""One case a file; `CASES` is the order in which they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.cases import browsing, delivery, engine, kill, limited, order, retries, scaling, sink, start
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size


@dataclass(frozen=True, slots=True)
class Case:
    """What can be run by its name.

    long -- takes a minute or more: only on demand
    """

    name: str
    measure: Callable[[Rig, Size], list[Figure]]
    long: bool = False


CASES = (
    Case("sink", sink.measure),
    Case("slow-sink", delivery.slow_sink),
    Case("instant-sink", delivery.instant_sink),
    Case("browsing", browsing.measure),
    Case("order", order.measure),
    Case("kill", kill.measure),
    Case("start", start.measure),
    Case("retries", retries.measure),
    Case("engine", engine.measure),
    Case("limited", limited.measure, long=True),
    Case("scaling", scaling.measure, long=True),
)
