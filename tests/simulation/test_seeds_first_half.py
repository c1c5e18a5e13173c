"""The whole engine under seeds that stay the same. In two files, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.simulation.run import CHUNK, SEEDS, check


@pytest.mark.parametrize("first", range(0, SEEDS // 2, CHUNK))
def test_every_promise_holds(first: int) -> None:
    check(range(first, first + CHUNK))
