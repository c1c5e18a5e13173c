"""librdkafka's configuration for the worker's two clients."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaException

from consumer import __version__
from consumer.errors import ConfigurationError, Problem
from consumer.kafka.options import GroupProtocol, StreamOptions

Value = str | int | float | bool
Properties = dict[str, Value]

# Of every client. Where the broker creates topics by itself, a question for a deleted topic would bring it back: with
# one partition, the default retention, and in the way of the operator who creates it again.
NO_TOPIC_IS_CREATED: Properties = {"allow.auto.create.topics": False}


def consumer_properties(options: StreamOptions) -> Properties:
    """Return the consumer's properties. Operators can't override those that the worker relies on."""
    properties: Properties = {
        # New partitions and newly granted rights are seen at the next refresh; the default is five minutes.
        "topic.metadata.refresh.interval.ms": 30_000,
        # What is fetched ahead dominates the memory of a worker: small fetches into a small queue cost no speed as long
        # as a full queue is looked at again soon. The default of a second holds a busy worker to a sixth of what it can
        # do (21,000 records/s were measured, not 150,000).
        "queued.max.messages.kbytes": 4096,
        "fetch.message.max.bytes": 128 * 1024,
        "fetch.max.bytes": 2 * 1024 * 1024,
        "fetch.queue.backoff.ms": 10,
        "client.id": f"clicksend-consumer-{__version__}",
        **options.connection,
        **NO_TOPIC_IS_CREATED,
        "group.id": options.group_id,
        "group.protocol": options.group_protocol.value,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # librdkafka reports a lost offset and stops; `Rewind` decides where to continue
        "max.poll.interval.ms": options.max_poll_interval_ms,
        "statistics.interval.ms": 1000,  # what readiness is read from: errors alone don't announce recovery
    }
    if options.group_protocol is GroupProtocol.CLASSIC:
        properties["partition.assignment.strategy"] = "cooperative-sticky"
        properties["session.timeout.ms"] = options.session_timeout_ms
    if options.group_instance_id:
        properties["group.instance.id"] = options.group_instance_id
    return properties


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


def standalone_properties(options: StreamOptions) -> Properties:
    """Return the properties of a command's consumer without a group: otherwise the worker's."""
    return {name: value for name, value in consumer_properties(options).items() if name not in MEMBERS_ONLY}


def producer_properties(options: StreamOptions) -> Properties:
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
        **shared_properties(options.connection),
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
)


def shared_properties(connection: Mapping[str, Value]) -> Properties:
    """Return the properties for any client: librdkafka warns of those that only a consumer has."""
    shared = {name: value for name, value in connection.items() if not name.startswith(_CONSUMER_ONLY)}
    return {**shared, **NO_TOPIC_IS_CREATED}


def refusal(failure: KafkaException, connection: Mapping[str, Value]) -> ConfigurationError:
    """Return an error that names the property which librdkafka refused, without its value."""
    text = failure.args[0].str()
    guilty = [name for name in connection if f'"{name}"' in text] or ["a property"]
    what = f"librdkafka does not take {', '.join(guilty)}"
    return ConfigurationError(
        Problem("KAFKA_PROPERTIES", what, "Check its name and value in librdkafka's CONFIGURATION.md")
    )
