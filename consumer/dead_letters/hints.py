"""Fixes for dead letters that can't be written."""

from __future__ import annotations

from confluent_kafka import KafkaError

_MISSING = (
    "the dead-letter topic is gone: create it again as it was, with the source's number of partitions and"
    " retention.ms=-1"
)
_HINTS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: _MISSING,
    KafkaError._UNKNOWN_TOPIC: _MISSING,
    KafkaError._UNKNOWN_PARTITION: _MISSING,
    KafkaError._DESTROY: _MISSING,  # in flight to a partition that was deleted
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant WRITE and DESCRIBE on KAFKA_DEAD_LETTER_TOPIC",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant IDEMPOTENT_WRITE on the cluster",  # before Kafka 2.8
    KafkaError.INVALID_RECORD: "it is compacted and refuses records without a key: set cleanup.policy=delete on"
    " KAFKA_DEAD_LETTER_TOPIC",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of the dead-letter topic: not even coordinates fit",
}


def hint(error: KafkaError) -> str:
    """Return the fix, in one line."""
    return _HINTS.get(error.code(), "check the brokers, and the replicas of the dead-letter topic")
