from __future__ import annotations

import math

import pytest

from consumer.clicksend.blocking_connection import Deadline


def test_a_timeout_is_cut_to_what_is_left() -> None:
    deadline = Deadline()
    deadline.start(1000)
    assert deadline.cut(5) == 5
    assert deadline.cut(math.inf) <= 1000


def test_nothing_is_waited_for_after_the_deadline() -> None:
    deadline = Deadline()
    deadline.start(-1)
    with pytest.raises(TimeoutError):
        deadline.cut(5)


def test_the_next_request_has_its_own_time() -> None:
    deadline = Deadline()
    deadline.start(-1)
    deadline.start(1000)
    assert deadline.cut(5) == 5
