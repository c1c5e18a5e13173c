"""Contenders take turns, so that a busy machine affects all equally; the figure is the median of the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tests.benchmarks.contenders import WORKER, Contender
from tests.benchmarks.figures import Figure

T = TypeVar("T")


def alternate(contenders: Sequence[Contender], rounds: int, measure: Callable[[Contender], T]) -> dict[str, list[T]]:
    """Measure each contender once a round, by its name; each round begins with another one."""
    measured: dict[str, list[T]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for each in [*contenders[first:], *contenders[:first]]:
            measured[each.name].append(measure(each))
    return measured


def medians(measured: Mapping[str, Sequence[T]], value: Callable[[T], float]) -> dict[str, float]:
    """Return the median of a value by the contender's name."""
    return {name: statistics.median(map(value, samples)) for name, samples in measured.items()}


def beside(case: str, name: str, unit: str, values: Mapping[str, float]) -> list[Figure]:
    """Return the worker's value beside that of each other contender; alone where there is none."""
    own = values[WORKER.name]
    others = {other: value for other, value in values.items() if other != WORKER.name}
    return [Figure(case, name, own, unit, value, other) for other, value in others.items()] or [
        Figure(case, name, own, unit)
    ]
