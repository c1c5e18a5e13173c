from __future__ import annotations

import pytest

from consumer.commands.check.backlog import Backlog, backlog_results
from consumer.commands.check.result import CheckResult, CheckStatus
from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Commit, Group
from consumer.kafka.properties import OffsetReset
from consumer.scheduling.task import Partition

ZERO, ONE = Partition("events", 0), Partition("events", 1)
NOW_MS = 1_774_747_800_000


def group(**commits: int) -> Group:
    found = {Partition("events", int(number[1:])): Commit(offset) for number, offset in commits.items()}
    return Group("g", "Empty", (), {}, found)


def results(
    known: Group,
    ends: dict[Partition, Ends],
    reset: OffsetReset = OffsetReset.EARLIEST,
    per_second: float = 0,
    log_ends: dict[Partition, int] | None = None,
) -> list[CheckResult]:
    backlog = Backlog.of(known, ends, reset, log_ends or {each: end.high for each, end in ends.items()})
    return list(backlog_results(backlog, known, NOW_MS - 3_600_000, reset, per_second, NOW_MS))


@pytest.mark.parametrize(("reset", "records"), [(OffsetReset.EARLIEST, 90), (OffsetReset.LATEST, 0)])
def test_a_new_group_has_what_its_start_leaves_ahead(reset: OffsetReset, records: int) -> None:
    (found,) = results(group(), {ZERO: Ends(10, 50), ONE: Ends(0, 50)}, reset)
    assert found.status is CheckStatus.OK
    assert f"g starts at {reset}: {records} records ahead" in found.detail


def test_a_known_group_continues_where_it_was() -> None:
    (found,) = results(group(p0=40), {ZERO: Ends(10, 50)})
    oldest = "the oldest from 2026-03-29T00:30:00Z (1 h ago)"
    assert f"g resumes at its committed offsets: 10 records ahead, {oldest}" in found.detail


def test_an_open_transaction_is_reported_and_a_commit_inside_it_is_not_beyond_the_end() -> None:
    (found,) = results(group(p0=60, p1=5), {ZERO: Ends(10, 50), ONE: Ends(0, 5)}, log_ends={ZERO: 70, ONE: 5})
    assert found.status is CheckStatus.OK
    assert found.detail.endswith("; a transaction is open at the end of 1 partitions")


def test_with_a_limit_the_duration_is_reported() -> None:
    (found,) = results(group(), {ZERO: Ends(0, 7200)}, per_second=2)
    assert found.detail.endswith("at most 1 h at 2 requests a second (one worker)")


def test_a_new_group_that_may_not_guess_would_not_start() -> None:
    (found,) = results(group(p0=1), {ZERO: Ends(0, 5), ONE: Ends(0, 5)}, OffsetReset.ERROR)
    assert found.status is CheckStatus.FAILED
    assert "offsets reset" in found.hint


def test_records_that_were_deleted_before_they_were_consumed_are_counted() -> None:
    lost, ahead = results(group(p0=4), {ZERO: Ends(10, 50)})
    assert lost.status is CheckStatus.WARNING
    assert lost.detail.startswith("6 records were deleted")
    assert "40 records ahead" in ahead.detail


def test_a_committed_offset_beyond_the_end_is_warned_of() -> None:
    beyond, ahead = results(group(p0=60), {ZERO: Ends(10, 50)})
    assert beyond.status is CheckStatus.WARNING
    assert "0 records ahead" in ahead.detail
