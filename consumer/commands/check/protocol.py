"""Which group protocols a broker speaks. There is no call for it: librdkafka tells in its log when it connects."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException

from consumer.commands.kafka.cluster import ANSWER_SECONDS, Cluster

HEARTBEAT_OF_KIP_848 = "ApiKey ConsumerGroupHeartbeat (68)"


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def speaks_kip_848(cluster: Cluster) -> bool:
    """Whether the broker that answers knows KAFKA_GROUP_PROTOCOL=consumer. Nothing is joined."""
    heard = _Heard()
    logger = logging.getLogger("consumer.commands.check.protocol")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(heard)
    consumer = cluster.new_consumer({"debug": "feature"}, logger)
    try:
        consumer.list_topics(timeout=ANSWER_SECONDS)
        consumer.poll(0)  # with a logger of Python's, librdkafka's lines come in by `poll`
    except KafkaException as failure:
        raise cluster.explained(failure.args[0], "the brokers") from None
    finally:
        consumer.close()
        logger.removeHandler(heard)
    return any(HEARTBEAT_OF_KIP_848 in line for line in heard.said)
