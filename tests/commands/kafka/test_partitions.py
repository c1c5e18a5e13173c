from __future__ import annotations

import pytest

from consumer.commands.kafka.partitions import Scope, chosen
from consumer.errors import RefusedError

THERE = {"events": (0, 1, 2), "orders": (0,)}


def test_a_topic_alone_means_all_its_partitions() -> None:
    assert chosen([Scope.parse("events")], THERE) == [("events", 0), ("events", 1), ("events", 2)]


def test_partitions_may_be_named() -> None:
    assert Scope.parse("events:2,0") == Scope("events", (0, 2))
    assert chosen([Scope.parse("events:2,0")], THERE) == [("events", 0), ("events", 2)]


def test_several_topics_add_up_and_each_partition_counts_once() -> None:
    scopes = [Scope.parse("orders"), Scope.parse("events:1"), Scope.parse("events:1,2")]
    assert chosen(scopes, THERE) == [("events", 1), ("events", 2), ("orders", 0)]


@pytest.mark.parametrize("text", ["", "events:", ":0", "events:a", "events:0,", "events:-1", "a b", "events:0:1"])
def test_what_names_no_topic_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="topic:0,1"):
        Scope.parse(text)


def test_a_topic_that_is_not_there_is_named() -> None:
    with pytest.raises(RefusedError, match="nowhere does not exist"):
        chosen([Scope.parse("nowhere:0")], THERE)


def test_a_partition_that_is_not_there_is_named_with_how_many_there_are() -> None:
    with pytest.raises(RefusedError, match=r"events has no partition 3, 7: it has 3"):
        chosen([Scope.parse("events:1,3,7")], THERE)
