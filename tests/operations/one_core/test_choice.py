from __future__ import annotations

import pytest

from consumer.operations.one_core.choice import choose


@pytest.mark.parametrize(
    ("current", "taken", "core"),
    [
        pytest.param(None, {0: 0.2, 1: 0.1}, 1, id="the emptiest"),
        pytest.param(None, {1: 0.1, 0: 0.1}, 1, id="of equals the first named"),
        pytest.param(None, {0: 0.4, 1: 0.31}, None, id="none is free enough to begin with"),
        pytest.param(0, {0: 0.2, 1: 0.0}, 0, id="another is not emptier by enough"),
        pytest.param(0, {0: 0.3, 1: 0.05}, 1, id="another is emptier by enough"),
        pytest.param(0, {0: 0.45, 1: 0.35}, 0, id="not crowded yet: stays"),
        pytest.param(0, {0: 0.55, 1: 0.5}, None, id="crowded, and so is the other: all"),
        pytest.param(0, {0: 0.9, 1: 0.35}, None, id="crowded, and the other is not free"),
        pytest.param(0, {1: 0.1, 2: 0.0}, 2, id="the present one may not be used any more"),
        pytest.param(0, {0: 0.0}, None, id="there is one only"),
        pytest.param(0, {}, None, id="nothing is known"),
    ],
)
def test_the_threads_keep_to(current: int | None, taken: dict[int, float], core: int | None) -> None:
    assert choose(current, taken) == core
