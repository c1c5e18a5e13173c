from __future__ import annotations

from typing import Any, cast

import pytest

from consumer.commands.kafka.cluster import Cluster, Ends
from consumer.commands.kafka.partitions import Edge, Moment, Offset
from consumer.commands.kafka.records import Range
from consumer.commands.replay.bounds import Bounds
from consumer.scheduling.task import Partition

FULL, SHORT = Partition("events", 0), Partition("events", 1)
ENDS = {FULL: Ends(10, 100), SHORT: Ends(0, 5)}


class Log:
    """Stands in for Kafka: what it knows of times."""

    def offsets_at(self, partitions: Any, timestamp_ms: int) -> dict[Partition, int | None]:
        return {partition: timestamp_ms if timestamp_ms < ENDS[partition].high else None for partition in partitions}


def ranges(**given: Any) -> list[Range]:
    return [*Bounds.parse(**given).ranges(cast(Cluster, Log()), ENDS).values()]


def test_what_is_typed_is_read() -> None:
    assert Bounds.parse(from_earliest=True) == Bounds(Edge.EARLIEST, Edge.LATEST)
    assert Bounds.parse(from_offset=3, to_offset=7) == Bounds(Offset(3), Offset(7))
    assert Bounds.parse(from_datetime="1970-01-01T00:00:01Z", to_datetime="1970-01-01T01:00:02+01:00") == Bounds(
        Moment(1000), Moment(2000)
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"from_earliest": True}, [Range(10, 100), Range(0, 5)]),
        ({"from_offset": 20, "to_offset": 30}, [Range(20, 30), Range(5, 5)]),
        ({"from_offset": 3, "to_offset": 1000}, [Range(10, 100), Range(3, 5)]),
        ({"from_offset": 3, "to_offset": 7}, [Range(10, 10), Range(3, 5)]),
        ({"from_datetime": "1970-01-01T00:00:00.020Z"}, [Range(20, 100), Range(5, 5)]),
        ({"from_earliest": True, "to_datetime": "1970-01-01T00:00:00.003Z"}, [Range(10, 10), Range(0, 3)]),
    ],
    ids=str,
)
def test_a_range_stays_within_the_log(given: dict[str, Any], found: list[Range]) -> None:
    assert ranges(**given) == found


def test_a_part_of_the_range_outside_the_log_is_reported() -> None:
    warnings = [*Bounds.parse(from_offset=3, to_offset=50).warnings(ENDS, {FULL: 100, SHORT: 5})]
    assert warnings == [
        "events-0 starts at offset 10: earlier records were deleted",
        "events-1 ends at offset 5",
    ]


@pytest.mark.parametrize(
    ("given", "warnings"),
    [
        ({}, ["events-1: a transaction is open since offset 5; this replay ends there"]),
        ({"to_offset": 7}, ["events-1: a transaction is open since offset 5; this replay ends there"]),
        ({"to_offset": 5}, []),
    ],
    ids=str,
)
def test_an_open_transaction_ends_the_range_and_is_reported(given: dict[str, Any], warnings: list[str]) -> None:
    assert [*Bounds.parse(from_earliest=True, **given).warnings(ENDS, {FULL: 100, SHORT: 9})] == warnings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Set the start with"),
        ({"from_earliest": True, "from_offset": 0}, "Set the start with"),
        ({"from_offset": 1, "to_offset": 2, "to_datetime": "2026-01-01T00:00:00Z"}, "Set the end with"),
        ({"from_offset": 5, "to_offset": 5}, "empty"),
        ({"from_datetime": "2026-01-01T00:00:00Z", "to_datetime": "2025-01-01T00:00:00Z"}, "empty"),
        ({"from_datetime": "2026-01-01T00:00:00"}, "time zone"),
    ],
    ids=str,
)
def test_what_means_no_range_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Bounds.parse(**given)
