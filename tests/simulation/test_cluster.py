"""A partition's log under changing leaders: an elected replica loses the records that it lacks."""

from __future__ import annotations

import pytest

from tests.simulation.cluster import Log


def log_of(*lengths: int, lacking: int = 0) -> Log:
    """Append records under successive leaders; each one lacks the last records of its predecessor."""
    log = Log()
    for turn, length in enumerate(lengths):
        if turn:
            log.elect(log.end - lacking)
        for _ in range(length):
            log.append(("events", 0), 0, None, b"")
    return log


def test_each_record_has_the_epoch_of_its_leader() -> None:
    assert [(each.offset(), each.leader_epoch()) for each in log_of(2, 0, 1).messages] == [(0, 0), (1, 0), (2, 2)]


def test_what_an_elected_leader_lacks_is_gone_and_its_offsets_are_given_again() -> None:
    log = log_of(5)
    assert [each.offset() for each in log.elect(3)] == [3, 4]
    assert log.append(("events", 0), 0, None, b"").offset() == 3


@pytest.mark.parametrize(
    ("offset", "epoch", "parted"),
    [
        pytest.param(9, 0, 4, id="behind where the next leader began"),
        pytest.param(4, 0, 4, id="there"),
        pytest.param(3, 0, 3, id="before it"),
        pytest.param(7, 1, 6, id="of an epoch in the middle"),
        pytest.param(11, 2, 11, id="of the present leader"),
        pytest.param(9, None, 9, id="nobody knows the epoch: nothing can be told"),
    ],
)
def test_where_a_log_parts_from_the_one_that_was_consumed(offset: int, epoch: int | None, parted: int) -> None:
    assert log_of(6, 4, 5, lacking=2).part(offset, epoch) == parted


def test_the_epoch_before_an_offset() -> None:
    log = log_of(6, 4, 5, lacking=2)
    assert [log.epoch_before(offset) for offset in (0, 1, 4, 5, 6, 7)] == [None, 0, 0, 1, 1, 2]
