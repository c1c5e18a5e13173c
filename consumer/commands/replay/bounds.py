"""The range of a replay, from options to offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consumer.commands.kafka.cluster import Cluster, Ends, open_transaction
from consumer.commands.kafka.partitions import Bound, Edge, Moment, Offset
from consumer.commands.kafka.records import Range
from consumer.commands.timestamps import milliseconds, parse_moment
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class Bounds:
    """From `start` to before `stop`."""

    start: Bound
    stop: Bound

    @classmethod
    def parse(
        cls,
        *,
        from_earliest: bool = False,
        from_offset: int | None = None,
        from_datetime: str | None = None,
        to_offset: int | None = None,
        to_datetime: str | None = None,
    ) -> Bounds:
        """Parse the options. Raises ValueError, with what to write instead."""
        if sum((from_earliest, from_offset is not None, from_datetime is not None)) != 1:
            raise ValueError("Set the start with one of --from-earliest, --from-offset and --from-datetime")
        if to_offset is not None and to_datetime is not None:
            raise ValueError("Set the end with one of --to-offset and --to-datetime")
        start: Bound = _bound(from_offset, from_datetime, Edge.EARLIEST)
        stop: Bound = _bound(to_offset, to_datetime, Edge.LATEST)
        match start, stop:
            case (Offset(first), Offset(last)) | (Moment(first), Moment(last)) if first >= last:
                raise ValueError("The range is empty: its end is not after its start")
        return cls(start, stop)

    def ranges(self, cluster: Cluster, ends: Mapping[Partition, Ends]) -> dict[Partition, Range]:
        """Return each partition's range within its log. ends -- of the selected partitions."""
        starts, stops = self._offsets(self.start, cluster, ends), self._offsets(self.stop, cluster, ends)
        ranges = {}
        for partition, (low, high) in ends.items():
            start = min(max(starts[partition], low), high)
            ranges[partition] = Range(start, max(start, min(stops[partition], high)))
        return ranges

    def warnings(self, ends: Mapping[Partition, Ends], log_ends: Mapping[Partition, int]) -> Iterator[str]:
        """Yield where the log lacks a part of the range, or does not have it yet. log_ends -- fetched before `ends`."""
        for partition, (low, high) in ends.items():
            if isinstance(self.start, Offset) and self.start.offset < low:
                yield f"{partition} starts at offset {low}: earlier records were deleted"
            beyond = not isinstance(self.stop, Offset) or self.stop.offset > high
            if log_ends[partition] > high and beyond:
                yield f"{partition}: {open_transaction(high)}; this replay ends there"
            elif isinstance(self.stop, Offset) and self.stop.offset > high:
                yield f"{partition} ends at offset {high}"

    def _offsets(self, bound: Bound, cluster: Cluster, ends: Mapping[Partition, Ends]) -> dict[Partition, int]:
        match bound:
            case Offset(offset):
                return dict.fromkeys(ends, offset)
            case Moment(timestamp_ms):
                found = cluster.offsets_at(ends, timestamp_ms)
                return {each: ends[each].high if offset is None else offset for each, offset in found.items()}
            case Edge.EARLIEST:
                return {partition: each.low for partition, each in ends.items()}
            case Edge.LATEST:
                return {partition: each.high for partition, each in ends.items()}


def _bound(offset: int | None, datetime: str | None, otherwise: Edge) -> Bound:
    if offset is not None:
        return Offset(offset)
    return Moment(milliseconds(parse_moment(datetime))) if datetime is not None else otherwise
