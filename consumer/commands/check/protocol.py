"""Detects the group protocols of a broker in librdkafka's connection log. Its API has no call for it."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException

from consumer.commands.kafka.cluster import ANSWER_SECONDS, Cluster

HEARTBEAT_OF_KIP_848 = "ApiKey ConsumerGroupHeartbeat (68)"


class _LogLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def supports_kip_848(cluster: Cluster) -> bool:
    """Return whether a broker supports KAFKA_GROUP_PROTOCOL=consumer, without joining a group."""
    captured = _LogLines()
    logger = logging.getLogger("consumer.commands.check.protocol")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(captured)
    consumer = cluster.new_consumer({"debug": "feature"}, logger)
    try:
        consumer.list_topics(timeout=ANSWER_SECONDS)
        consumer.poll(0)  # librdkafka hands its log lines to a Python logger in `poll`
    except KafkaException as failure:
        raise cluster.explained(failure.args[0], "the brokers") from None
    finally:
        consumer.close()
        logger.removeHandler(captured)
    return any(HEARTBEAT_OF_KIP_848 in line for line in captured.lines)
