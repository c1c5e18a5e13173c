"""One case per file; `CASES` is their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.cases import (
    browsing,
    delivery,
    engine,
    enrolment,
    kill,
    large_field,
    limited,
    memory,
    order,
    retries,
    scaling,
    silent,
    sink,
    soak,
    start,
    tls,
)
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size


@dataclass(frozen=True, slots=True)
class Case:
    """The cases that can be selected by name.

    long   -- takes a minute or more: only on demand
    by_name -- runs only where it is named
    """

    name: str
    measure: Callable[[Rig, Size], list[Figure]]
    long: bool = False
    by_name: bool = False


CASES = (
    Case("sink", sink.measure),
    Case("enrolment", enrolment.measure),
    Case("large-field", large_field.measure),
    Case("instant-sink", delivery.instant_sink),
    Case("neighbours", delivery.neighbours),
    Case("slow-sink", delivery.slow_sink),
    Case("tls", tls.measure),
    Case("thousand", delivery.thousand),
    Case("browsing", browsing.measure),
    Case("order", order.measure),
    Case("kill", kill.measure),
    Case("start", start.measure),
    Case("retries", retries.measure),
    Case("engine", engine.measure),
    Case("silent", silent.measure),
    Case("memory", memory.measure, long=True),
    Case("limited", limited.measure, long=True),
    Case("scaling", scaling.measure, long=True),
    Case("soak", soak.measure, by_name=True),
)
