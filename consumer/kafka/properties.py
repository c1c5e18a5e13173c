"""librdkafka's properties: those the settings set, those the worker owns and refuses, and those it adds.

The settings hand over the properties of `SETTINGS` and the operator's own; each client is made of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

from confluent_kafka import KafkaException

from consumer import __version__
from consumer.errors import ConfigurationError, Problem

TokenCallback = Callable[[str], tuple[str, float]]  # librdkafka's oauth_cb: a token and its expiry
Value = str | int | float | bool | TokenCallback
Properties = Mapping[str, Value]


class GroupProtocol(StrEnum):
    """KAFKA_GROUP_PROTOCOL."""

    CLASSIC = "classic"
    CONSUMER = "consumer"  # KIP-848


class OffsetReset(StrEnum):
    """KAFKA_AUTO_OFFSET_RESET: where a group without a usable offset begins."""

    EARLIEST = "earliest"
    LATEST = "latest"
    ERROR = "error"


# The properties of librdkafka's CONFIGURATION.md that a setting sets: the field of that name in the section [kafka].
SETTINGS = {
    "bootstrap.servers": "bootstrap_servers",
    "group.id": "group_id",
    "group.instance.id": "group_instance_id",
    "group.protocol": "group_protocol",
    "auto.offset.reset": "auto_offset_reset",
    "session.timeout.ms": "session_timeout_ms",
    "max.poll.interval.ms": "max_poll_interval_ms",
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.username": "sasl_username",
    "sasl.password": "sasl_password",
    "sasl.oauthbearer.token.endpoint.url": "oauth_token_endpoint_url",
    "sasl.oauthbearer.client.id": "oauth_client_id",
    "sasl.oauthbearer.client.secret": "oauth_client_secret",
    "sasl.oauthbearer.scope": "oauth_scope",
    "sasl.oauthbearer.extensions": "oauth_extensions",
    "https.ca.location": "oauth_ca_file",
    "ssl.ca.location": "ssl_ca_location",
    "ssl.certificate.location": "ssl_certificate_location",
    "ssl.key.location": "ssl_key_location",
    "ssl.key.password": "ssl_key_password",
}
OTHER_NAMES = {
    "metadata.broker.list": "bootstrap.servers",
    "sasl.mechanisms": "sasl.mechanism",
    "sasl.oauthbearer.client.credentials.client.id": "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.credentials.client.secret": "sasl.oauthbearer.client.secret",
}
# Tokens by another grant or from a cloud's metadata have no settings: their properties are all the operator's.
OTHER_GRANTS = frozenset({"sasl.oauthbearer.grant.type", "sasl.oauthbearer.metadata.authentication.type"})

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
CLASSIC_ONLY = frozenset({"heartbeat.interval.ms", "session.timeout.ms"})


def refusals(names: Iterable[str], protocol: GroupProtocol | None) -> Iterator[str]:
    """Yield a fix for each property that KAFKA_PROPERTIES may not set.

    protocol -- the group protocol; None where it isn't known
    """
    given = list(names)
    for name in given:
        if name.startswith(("sasl.oauthbearer.", "https.ca.")) and OTHER_GRANTS.intersection(given):
            continue
        if field := SETTINGS.get(OTHER_NAMES.get(name, name)):
            yield f"{name}: set KAFKA_{field.upper()}"
        elif name in FIXED or name.endswith("_cb"):
            yield f"{name}: leave it out, the worker depends on its own value"
        elif name in CLASSIC_ONLY and protocol is GroupProtocol.CONSUMER:
            yield f"{name}: leave it out, with KAFKA_GROUP_PROTOCOL=consumer the broker decides it"


# For every client. With auto.create.topics.enable, a metadata request would recreate a deleted topic: with
# one partition, the default retention, and in the way of the operator who creates it again.
NO_TOPIC_IS_CREATED: Properties = {"allow.auto.create.topics": False}


FETCH_BYTES = 2 * 1024 * 1024  # of one response


def consumer_properties(given: Properties) -> Properties:
    """Return the consumer's properties. Operators can't override those that the worker relies on."""
    largest = str(given.get("message.max.bytes", ""))
    properties = {
        # New partitions and newly granted rights are seen at the next refresh; the default is five minutes.
        "topic.metadata.refresh.interval.ms": 30_000,
        # What is fetched ahead dominates the memory of a worker: one fetch takes a compressed batch, up to a megabyte
        # unpacked, of each partition. Small fetches into a small queue cost no speed as long as a full queue is looked
        # at again soon. The default of a second holds a busy worker to a sixth of what it can do (21,000 records/s
        # were measured, not 150,000). Brokers return a larger batch alone.
        "queued.max.messages.kbytes": 512,
        "fetch.message.max.bytes": 32 * 1024,
        "fetch.max.bytes": max(FETCH_BYTES, int(largest) if largest.isdecimal() else 0),  # librdkafka refuses less
        "fetch.queue.backoff.ms": 2,
        "client.id": f"clicksend-consumer-{__version__}",
        **given,
        **NO_TOPIC_IS_CREATED,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # librdkafka reports a lost offset and stops; `Rewind` decides where to continue
        "statistics.interval.ms": 1000,  # what readiness is read from: errors alone don't announce recovery
    }
    if given.get("group.protocol") == GroupProtocol.CONSUMER:
        return {name: value for name, value in properties.items() if name not in CLASSIC_ONLY}
    return {**properties, "partition.assignment.strategy": "cooperative-sticky"}


# What only a member of a group has. librdkafka refuses some of them without the group protocol that they belong to.
MEMBERS_ONLY = frozenset(
    {
        "group.protocol",
        "group.instance.id",
        "group.remote.assignor",
        "partition.assignment.strategy",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
    }
)


def standalone_properties(given: Properties) -> Properties:
    """Return the properties of a command's consumer without a group: otherwise the worker's."""
    return {name: value for name, value in consumer_properties(given).items() if name not in MEMBERS_ONLY}


def producer_properties(given: Properties) -> Properties:
    """Return the dead-letter producer's properties."""
    return {
        "client.id": f"clicksend-consumer-{__version__}",
        # Above every source record that a broker takes by default (1,048,588 bytes with its overhead).
        "message.max.bytes": 10_000_000,
        # Dead letters wait in the worker, not twice: a full queue is a failure like any other.
        "queue.buffering.max.kbytes": 32_768,
        # The topic was there at the start. If it is missing, say so soon, and see soon that it has more partitions.
        "topic.metadata.propagation.max.ms": 5_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        **shared_properties(given),
        "acks": "all",
        "enable.idempotence": True,
        "batch.num.messages": 1,  # a record above the topic's limit fails its whole batch: let it be alone
        "linger.ms": 0,
        "partitioner": "murmur2_random",  # as Java's clients place a key, not CRC32
        # Java's default. Within it an outage makes no duplicate: the idempotent producer repeats by itself.
        "delivery.timeout.ms": 120_000,
    }


_CONSUMER_ONLY = (
    "fetch.",
    "queued.",
    "isolation.",
    "check.crcs",
    "auto.",
    "max.partition.",
    "group.",
    "client.rack",
    "heartbeat.",
    "session.",
    "max.poll.",
)


def shared_properties(given: Properties) -> Properties:
    """Return the properties for any client: librdkafka warns of those that only a consumer has."""
    shared = {name: value for name, value in given.items() if not name.startswith(_CONSUMER_ONLY)}
    return {**shared, **NO_TOPIC_IS_CREATED}


def refusal(failure: KafkaException, given: Properties) -> ConfigurationError:
    """Return an error that names the property which librdkafka refused, without its value."""
    text = failure.args[0].str()
    if settings := [field for name, field in SETTINGS.items() if name in text and name not in _QUOTED.findall(text)]:
        what, hint = "librdkafka can't read it", "Check the file, its format (PEM) and its password"
        if "too small" in text:
            what, hint = "librdkafka refuses its key as too small", "Renew it with a longer key"
        return ConfigurationError(Problem(f"KAFKA_{settings[0].upper()}", what, hint))
    guilty = [name for name in given if f'"{name}"' in text] or ["a property"]
    what = f"librdkafka does not take {', '.join(guilty)}"
    return ConfigurationError(
        Problem("KAFKA_PROPERTIES", what, "Check its name and value in librdkafka's CONFIGURATION.md")
    )


_QUOTED = re.compile('"([a-z.]+)"')
