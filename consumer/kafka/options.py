"""The options of the Kafka side, resolved from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consumer.scheduling.back_pressure import Caps


class GroupProtocol(StrEnum):
    """KAFKA_GROUP_PROTOCOL."""

    CLASSIC = "classic"
    CONSUMER = "consumer"  # KIP-848


class OffsetReset(StrEnum):
    """KAFKA_AUTO_OFFSET_RESET: where a group without a usable offset begins."""

    EARLIEST = "earliest"
    LATEST = "latest"
    ERROR = "error"


class DeadLetterTopicCreation(StrEnum):
    """Whether the worker may create the dead-letter topic."""

    NEVER = "never"
    IF_MISSING = "if_missing"


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """One worker's Kafka side. Durations in seconds unless the name says otherwise.

    connection -- librdkafka properties that every client of this worker shares: servers, security, the operator's own
    """

    topics: tuple[str, ...]
    group_id: str
    dead_letter_topic: str
    connection: Mapping[str, str | int | float | bool]
    dead_letter_topic_creation: DeadLetterTopicCreation = DeadLetterTopicCreation.NEVER
    group_protocol: GroupProtocol = GroupProtocol.CLASSIC
    group_instance_id: str | None = None  # static membership
    offset_reset: OffsetReset = OffsetReset.EARLIEST
    session_timeout_ms: int = 45_000
    max_poll_interval_ms: int = 300_000
    max_event_age: float = 0.0
    unrecognised_limit: int = 0  # so many records in a row that are no events hold their partition; 0: never
    concurrency: int = 16
    request_timeout: float = 20.0  # the longest that a request may take: CLICKSEND_TOTAL_TIMEOUT
    drain_timeout: float = 25.0
    start_timeout: float = 0.0  # 0: without limit
    caps: Caps = field(default_factory=Caps)

    @property
    def revoke_budget(self) -> float:
        """Return for how long a revoke may wait, in seconds: well below the poll interval that the broker enforces."""
        return min(self.request_timeout + 1.0, self.max_poll_interval_ms / 1000 / 3)
