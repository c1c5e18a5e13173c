"""The records that the group has not consumed yet. Pure: Kafka's answers are passed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consumer.commands.check.result import CheckResult, failed, ok, warning
from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Group
from consumer.commands.kafka.records import Range, offsets_in
from consumer.commands.timestamps import pace, shown_duration, shown_moment
from consumer.kafka.properties import OffsetReset
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class Backlog:
    """The position of the group at its next start.

    ahead     -- the offsets that it has not consumed, by partition
    begun     -- partitions with a committed offset
    new       -- partitions without one
    deleted   -- committed records that the log no longer has
    past_ends -- partitions whose committed offset is beyond the log's end
    held_back -- partitions whose last records belong to an open transaction
    """

    ahead: Mapping[Partition, Range]
    begun: int
    new: int
    deleted: int
    past_ends: int
    held_back: int = 0

    @classmethod
    def of(
        cls, group: Group, ends: Mapping[Partition, Ends], reset: OffsetReset, log_ends: Mapping[Partition, int]
    ) -> Backlog:
        """Compare commits and logs. log_ends -- fetched before `ends`."""
        ahead, begun, new, deleted, past_ends = {}, 0, 0, 0, 0
        for partition, (low, high) in ends.items():
            commit = group.commits.get(partition)
            if commit is None:
                new += 1
                start = high if reset is OffsetReset.LATEST else low
            else:
                begun += 1
                deleted += max(0, low - commit.offset)
                past_ends += commit.offset > max(log_ends[partition], high)
                start = min(max(low, commit.offset), high)
            ahead[partition] = Range(start, high)
        held_back = sum(log_ends[partition] > end.high for partition, end in ends.items())
        return cls(ahead, begun, new, deleted, past_ends, held_back)

    @property
    def records(self) -> int:
        """Return the number of offsets ahead, those without a record included."""
        return offsets_in(self.ahead)


def backlog_results(
    backlog: Backlog, group: Group, oldest_ms: int | None, reset: OffsetReset, per_second: float, now_ms: int
) -> Iterator[CheckResult]:
    """Yield the results that an operator should know before a start.

    oldest_ms  -- the time of the oldest record ahead, now_ms -- the present; milliseconds since the epoch
    per_second -- DELIVERY_MAX_REQUESTS_PER_SECOND
    """
    check = "start"
    if backlog.new and reset is OffsetReset.ERROR:
        what = f"{group.name} has no committed offset for {backlog.new} partitions, and KAFKA_AUTO_OFFSET_RESET=error"
        yield failed(check, what, "Set them with `clicksend-consumer offsets reset`, or set earliest or latest")
        return
    if backlog.deleted:
        what = f"{backlog.deleted} records were deleted from the log before {group.name} consumed them"
        yield warning(check, what, "They are lost to this group; raise the topic's retention.ms")
    if backlog.past_ends:
        what = f"{group.name} has committed beyond the end of {backlog.past_ends} partitions"
        yield warning(check, what, "If the topic was recreated, run `clicksend-consumer offsets reset`")
    where = "resumes at its committed offsets" if backlog.begun else f"starts at {reset}"
    since = ""
    if oldest_ms is not None and oldest_ms >= 0:
        since = f", the oldest from {shown_moment(oldest_ms)} ({shown_duration((now_ms - oldest_ms) / 1000)} ago)"
    time = pace(backlog.records, per_second, "; ")
    held_back = f"; a transaction is open at the end of {backlog.held_back} partitions" if backlog.held_back else ""
    yield ok(check, f"{group.name} {where}: {backlog.records} records ahead{since}{time}{held_back}")
