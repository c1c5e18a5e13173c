"""The librdkafka properties that `KAFKA_PROPERTIES` may not set: they have a setting, or the worker owns them."""

from __future__ import annotations

from collections.abc import Iterable

from consumer.kafka.options import GroupProtocol
from consumer.settings.values import SettingError

# Names and aliases from librdkafka's CONFIGURATION.md, each with the setting to use instead.
HAVE_SETTINGS = {
    "bootstrap.servers": "KAFKA_BOOTSTRAP_SERVERS",
    "metadata.broker.list": "KAFKA_BOOTSTRAP_SERVERS",
    "group.id": "KAFKA_GROUP_ID",
    "group.instance.id": "KAFKA_GROUP_INSTANCE_ID",
    "group.protocol": "KAFKA_GROUP_PROTOCOL",
    "auto.offset.reset": "KAFKA_AUTO_OFFSET_RESET",
    "session.timeout.ms": "KAFKA_SESSION_TIMEOUT_MS",
    "max.poll.interval.ms": "KAFKA_MAX_POLL_INTERVAL_MS",
    "security.protocol": "KAFKA_SECURITY_PROTOCOL",
    "sasl.mechanism": "KAFKA_SASL_MECHANISM",
    "sasl.mechanisms": "KAFKA_SASL_MECHANISM",
    "sasl.username": "KAFKA_SASL_USERNAME",
    "sasl.password": "KAFKA_SASL_PASSWORD",
    "ssl.ca.location": "KAFKA_SSL_CA_LOCATION",
}

# "Nothing is lost" and "in order" depend on these.
FIXED = frozenset(
    {
        # the worker alone commits offsets, after settlement
        "enable.auto.commit",
        "auto.commit.enable",
        "auto.commit.interval.ms",
        "enable.auto.offset.store",
        "offset.store.method",
        "enable.partition.eof",
        # only the operator recreates a deleted topic
        "allow.auto.create.topics",
        # the rebalance protocol
        "partition.assignment.strategy",
        "group.protocol.type",
        # readiness depends on the statistics
        "statistics.interval.ms",
        # a dead letter counts as settled when it is acknowledged, and is placed by its key
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "enable.gapless.guarantee",
        "transactional.id",
        "transaction.timeout.ms",
        "partitioner",
        "batch.num.messages",
        "linger.ms",
        "queue.buffering.max.ms",
        "delivery.timeout.ms",
        "message.timeout.ms",
        "delivery.report.only.error",
        "produce.offset.report",
        # not text
        "on_delivery",
        "logger",
        "opaque",
        "default.topic.config",
        "enabled_events",
    }
)

# With KIP-848 the broker decides these; librdkafka refuses them.
CLASSIC_ONLY = frozenset({"heartbeat.interval.ms"})


def check_owned(names: Iterable[str], protocol: GroupProtocol | None) -> None:
    """Refuse, by name, the properties that the operator may not set here.

    protocol -- the group protocol; None where it isn't known

    Raises SettingError.
    """
    hints = []
    for name in names:
        if name in HAVE_SETTINGS:
            hints.append(f"{name}: set {HAVE_SETTINGS[name]}")
        elif name in FIXED or name.endswith("_cb"):
            hints.append(f"{name}: leave it out, the worker depends on its own value")
        elif name in CLASSIC_ONLY and protocol is GroupProtocol.CONSUMER:
            hints.append(f"{name}: leave it out, with KAFKA_GROUP_PROTOCOL=consumer the broker sets it")
    if hints:
        raise SettingError("sets properties that the worker owns", "; ".join(hints))
