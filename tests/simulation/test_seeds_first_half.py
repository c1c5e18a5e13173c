"""The whole engine under fixed seeds. Two files, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.simulation.run import CHUNK, SEEDS, check, chunks


@pytest.mark.parametrize("first", chunks(range(SEEDS // 2)))
def test_every_promise_holds(first: int) -> None:
    check(range(first, first + CHUNK))
