"""The whole engine under seeds that stay the same. In two files, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.simulation.run import CHUNK, SEEDS, check


@pytest.mark.parametrize("first", range(SEEDS // 2, SEEDS, CHUNK))
def test_every_promise_holds(first: int) -> None:
    check(range(first, first + CHUNK))
