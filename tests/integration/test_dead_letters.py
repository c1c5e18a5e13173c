"""Dead letters on a real Kafka: their partitions, oversized ones, and a topic that would lose them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture

pytestmark = pytest.mark.kafka
LOSES = "dead-letter topic may lose records"
stage = stage_fixture(*on_each_protocol("apache_kafka"))


def test_it_keeps_key_headers_timestamp_and_partition(stage: Stage) -> None:
    stage.produce_raw(
        b"{broken", key=b"k", headers=[("trace", b"7"), ("trace", None)], timestamp=1_700_000_000_000, partition=2
    )
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == 1)
    (dead_letter,) = stage.dead_letters()
    assert (dead_letter.key(), dead_letter.value(), dead_letter.partition()) == (b"k", b"{broken", 2)
    assert dead_letter.timestamp()[1] == 1_700_000_000_000
    headers: Any = dead_letter.headers()
    assert headers[:2] == [("trace", b"7"), ("trace", None)]


@pytest.mark.parametrize(
    ("config", "properties"),
    [
        pytest.param({"max.message.bytes": "2000"}, {}, id="the topic's limit"),
        pytest.param({}, {"message.max.bytes": 2000}, id="the client's limit"),
    ],
)
def test_an_oversized_dead_letter_omits_no_more_than_necessary_and_affects_no_other(
    stage: Stage, config: dict[str, str], properties: dict[str, int]
) -> None:
    small = f"{stage.topic}.small"
    stage.broker.create_topic(small, PARTITIONS, config)
    much = b"x" * 3000
    stage.produce_raw(b"{headers", key=b"k", headers=[("trace", much)])
    stage.produce_raw(much, key=b"k", headers=[("trace", b"7")])
    stage.produce_raw(b"{key", key=much)
    stage.produce(raw=[b"{small %d" % number for number in range(20)])
    given = json.dumps({"fetch.wait.max.ms": 20, **properties})
    more = {"ENROLMENT_UNRECOGNISED_LIMIT": "0"}  # they are no events, and not held for it here
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=small, KAFKA_PROPERTIES=given, **more) as worker:
        worker.wait(lambda: worker.settled() == 23)
        assert worker.metrics()['clicksend_consumer_dead_letters_total{result="failed"}'] == 0
    dead_letters = {
        stage.headers(dead_letter).get("clicksend.left.out", ""): dead_letter for dead_letter in stage.read(small)
    }
    assert dead_letters.keys() == {"", "details,headers", "headers,value", "details,headers,value,key"}
    bare, pointer = dead_letters["details,headers"], dead_letters["headers,value"]
    assert (bare.key(), bare.value()) == (b"k", b"{headers")
    assert pointer.key() == b"k"
    assert orjson.loads(pointer.value() or b"")["size"] == 3000
    assert stage.headers(pointer)["clicksend.reason"] == "undecodable"
    assert dead_letters["details,headers,value,key"].key() is None
    whole = [
        dead_letter.value()
        for dead_letter in stage.read(small)
        if "clicksend.left.out" not in stage.headers(dead_letter)
    ]
    assert sorted(value or b"" for value in whole) == sorted(b"{small %d" % number for number in range(20))


def test_a_timestamp_that_the_topic_does_not_take_is_kept_in_a_header(stage: Stage) -> None:
    strict = f"{stage.topic}.strict"
    stage.broker.create_topic(strict, PARTITIONS, {"message.timestamp.before.max.ms": "3600000"})
    stage.produce_raw(b"{broken", timestamp=1_700_000_000_000)
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=strict) as worker:
        worker.wait(lambda: worker.settled() == 1)
    (dead_letter,) = stage.read(strict)
    assert dead_letter.value() == b"{broken"
    assert stage.headers(dead_letter)["clicksend.timestamp"] == "1700000000000"
    assert dead_letter.timestamp()[1] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("partitions", "config", "word"),
    [
        pytest.param(1, {"retention.ms": "-1"}, "partitions", id="fewer partitions"),
        pytest.param(PARTITIONS, {"retention.ms": "604800000"}, "retention", id="finite retention"),
        pytest.param(PARTITIONS, {"retention.ms": "-1", "cleanup.policy": "compact"}, "compacted", id="compaction"),
    ],
)
def test_a_topic_that_may_lose_dead_letters_is_warned_of_and_not_refused(
    stage: Stage, partitions: int, config: dict[str, str], word: str
) -> None:
    name = f"{stage.topic}.odd"
    stage.broker.create_topic(name, partitions, config)
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=name) as worker:
        worker.wait_ready()
        (warning,) = [line for line in worker.lines() if line["event"] == LOSES]
    assert (warning["level"], word in warning["why"]) == ("warning", True)
