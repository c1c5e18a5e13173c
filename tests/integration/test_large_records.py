"""The worker fetches little at a time, and still any record that a broker takes."""

from __future__ import annotations

import orjson
import pytest
from confluent_kafka import Producer

from consumer.kafka.properties import consumer_properties
from tests.support.events import identify
from tests.support.stage import PARTITIONS, Stage
from tests.support.waiting import HANG_SECONDS

pytestmark = pytest.mark.kafka

LARGEST = 1_048_588  # a broker's message.max.bytes: a batch with its overhead
OVERHEAD = 100  # bytes, and more than a batch of one record without a key has
NUMBER = 3  # of records on each partition


def padded(number: int, size: int) -> bytes:
    """Return an enrolment of this many bytes."""
    event = identify(number)
    padding = "x" * (size - len(orjson.dumps({**event, "padding": ""})))
    return orjson.dumps({**event, "padding": padding})


def test_records_larger_than_a_fetch_are_fetched(apache_stage: Stage) -> None:
    producer = Producer({"bootstrap.servers": apache_stage.broker.bootstrap, "message.max.bytes": LARGEST})
    for number in range(NUMBER * PARTITIONS):
        value = padded(number, LARGEST - OVERHEAD)
        assert len(value) > int(str(consumer_properties({})["fetch.message.max.bytes"]))
        producer.produce(apache_stage.topic, value=value, partition=number % PARTITIONS)
    assert producer.flush(HANG_SECONDS) == 0
    with apache_stage.worker() as worker:
        worker.wait(lambda: apache_stage.lag() == 0)
        assert apache_stage.enrolled() == NUMBER * PARTITIONS
        assert worker.stop() == 0
