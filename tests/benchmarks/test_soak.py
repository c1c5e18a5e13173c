from __future__ import annotations

import pytest

from tests.benchmarks.cases.soak import early_and_late
from tests.benchmarks.figures import Figure
from tests.benchmarks.limits import soak_failures

FINE = (
    Figure("soak", "contacts lost", 0),
    Figure("soak", "descriptors leaked", 0),
    Figure("soak", "exit status", 0),
    Figure("soak", "memory at the end", 101.0, "MiB", 100.0),
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([50, *[100] * 20, *[130] * 5], (100, 130), id="growth"),
        pytest.param([10, 20, *[100] * 23], (100, 100), id="the first fifth does not count"),
        pytest.param([70], (70, 70), id="one sample"),
    ],
)
def test_memory_early_and_late(values: list[float], expected: tuple[float, float]) -> None:
    assert early_and_late(values) == expected


def test_a_soak_within_its_limits_passes() -> None:
    assert soak_failures(FINE) == []


@pytest.mark.parametrize(
    "figure",
    [
        Figure("soak", "contacts lost", 1),
        Figure("soak", "descriptors leaked", 1),
        Figure("soak", "exit status", 1),
        Figure("soak", "memory at the end", 120.0, "MiB", 100.0),
    ],
    ids=lambda figure: figure.name,
)
def test_each_limit_of_the_soak_is_held(figure: Figure) -> None:
    assert len(soak_failures([*FINE, figure])) == 1


def test_other_cases_have_no_limits_of_the_soak() -> None:
    assert soak_failures([Figure("kill", "contacts lost", 1)]) == []
