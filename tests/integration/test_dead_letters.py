"""Dead letters on a real Kafka: where they land, what is too large for them, and a topic that would lose them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.integration.stage import PARTITIONS, Stage

pytestmark = pytest.mark.kafka


def test_it_keeps_key_headers_timestamp_and_partition(apache_stage: Stage) -> None:
    stage = apache_stage
    stage.produce_raw(
        b"{broken", key=b"k", headers=[("trace", b"7"), ("trace", None)], timestamp=1_700_000_000_000, partition=2
    )
    with stage.worker() as worker:
        worker.wait(lambda: worker.total("clicksend_records_settled_total") == 1)
    (letter,) = stage.dead_letters()
    assert (letter.key(), letter.value(), letter.partition()) == (b"k", b"{broken", 2)
    assert letter.timestamp()[1] == 1_700_000_000_000
    headers: Any = letter.headers()
    assert headers[:2] == [("trace", b"7"), ("trace", None)]


def test_a_value_that_the_topic_does_not_take_leaves_a_pointer(apache_stage: Stage) -> None:
    stage = apache_stage
    small = f"{stage.topic}.small"
    stage.broker.create_topic(small, PARTITIONS, {"max.message.bytes": "10000"})
    stage.produce(raw=[b"x" * 50_000, b"{broken"])
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=small) as worker:
        worker.wait(lambda: worker.total("clicksend_records_settled_total") == 2)
    letters = {stage.headers(letter).get("clicksend.pointer"): letter.value() or b"" for letter in stage.read(small)}
    assert letters[None] == b"{broken"
    pointer = orjson.loads(letters["true"])
    assert (pointer["topic"], pointer["size"]) == (stage.topic, 50_000)


@pytest.mark.parametrize(
    ("partitions", "config", "word"),
    [
        pytest.param(1, {"retention.ms": "-1"}, "partitions", id="fewer partitions"),
        pytest.param(PARTITIONS, {"retention.ms": "604800000"}, "retention", id="finite retention"),
        pytest.param(PARTITIONS, {"retention.ms": "-1", "cleanup.policy": "compact"}, "compacted", id="compaction"),
    ],
)
def test_a_topic_that_may_lose_letters_is_warned_of_and_not_refused(
    apache_stage: Stage, partitions: int, config: dict[str, str], word: str
) -> None:
    stage = apache_stage
    name = f"{stage.topic}.odd"
    stage.broker.create_topic(name, partitions, config)
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=name) as worker:
        worker.wait_ready()
        (warning,) = [line for line in worker.lines() if line["level"] == "warning"]
    assert word in warning["why"]
