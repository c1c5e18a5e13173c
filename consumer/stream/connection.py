"""What librdkafka says about its connections: errors that it never raises, and the recovery that it never announces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import structlog
from confluent_kafka import KafkaError

from consumer.stream.health import Health

# Kafka heard us and said no, or is not who we think it is: only a person can mend these.
REFUSALS = {
    KafkaError._AUTHENTICATION: "Kafka refuses the credentials; check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and"
    " KAFKA_SASL_MECHANISM",
    KafkaError._SSL: "the TLS connection to Kafka can't be trusted; check KAFKA_SSL_CA_LOCATION and the broker's name",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Kafka forbids this user to read the topic; grant READ and DESCRIBE on"
    " KAFKA_TOPIC",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Kafka forbids this user to use the group; grant READ on KAFKA_GROUP_ID",
}
RIGHTS = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED})

log = structlog.get_logger()


class Connection:
    """Turns librdkafka's callbacks into `Health`. All of them run on the poll thread, inside `poll`.

    Errors come up to twenty times a second while something is wrong, so only changes are logged.
    """

    def __init__(self, health: Health, clock: Callable[[], float]) -> None:
        self._health = health
        self._clock = clock
        self._refused_for: int | None = None
        self._was_reachable = False

    def error(self, error: KafkaError) -> None:
        """librdkafka's `error_cb`, and errors that came as messages."""
        code = error.code()
        if code in REFUSALS:
            self.refuse(code)
        elif code in (KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE):
            self._unreachable(error)

    def refuse(self, code: int) -> None:
        """Kafka does not let us in: not ready until it does."""
        if self._refused_for != code:
            self._refused_for = code
            self._health.refusal = REFUSALS[code]
            log.error("Kafka refuses; waiting until it is mended", mend=REFUSALS[code])

    def admitted(self) -> None:
        """Records or partitions arrive: whatever was refused is granted."""
        if self._refused_for is not None:
            log.info("Kafka lets us in again")
        self._refused_for = None
        self._health.refusal = ""

    def statistics(self, text: str) -> None:
        """librdkafka's `stats_cb`, once a second."""
        statistics = _read(text)
        if statistics is None:
            return
        brokers = statistics.get("brokers", {}).values()
        if any(broker.get("state") == "UP" for broker in brokers):
            self.reached()
        elif self._health.reachable and all(
            broker.get("state") in ("DOWN", "INIT", "TRY_CONNECT") for broker in brokers
        ):
            self._unreachable(None)
        group = statistics.get("cgrp") or {}
        self._health.coordinator = group.get("state") == "up"
        if group.get("join_state") != "steady":
            self._health.joined_at = None
        elif self._health.joined_at is None:
            self._health.joined_at = self._clock()

    def reached(self) -> None:
        """A broker answers."""
        if self._was_reachable and not self._health.reachable:
            log.info("Kafka is back")
        self._was_reachable = self._health.reachable = True
        if self._refused_for is not None and self._refused_for not in RIGHTS:
            self.admitted()

    def topic_looked_up(self, topic: str, topic_id: bytes | None) -> None:
        """A source topic is there, or (None) is not: then nothing will come of it, and librdkafka may keep silent."""
        missing = self._health.missing_topics
        if topic_id is None and topic not in missing:
            self._health.missing_topics = missing | {topic}
            log.error("the topic does not exist any more; waiting for it", topic=topic, mend="create it again")
        elif topic_id is not None and topic in missing:
            self._health.missing_topics = missing - {topic}
            log.info("the topic is there again", topic=topic)

    def _unreachable(self, error: KafkaError | None) -> None:
        if self._health.reachable or not self._was_reachable:
            self._was_reachable = True
            log.warning(
                "no Kafka broker answers; trying on", error=error.name() if error else None, mend="check the brokers"
            )
        self._health.reachable = False


def _read(text: str) -> dict[str, Any] | None:
    """Return librdkafka's statistics; None where they are no JSON. Never raises.

    librdkafka escapes nothing: a quote in the operator's `client.id`, which comes first, breaks the whole text.
    """
    for candidate in (text, "{" + text[text.find('"type":') :]):
        with suppress(orjson.JSONDecodeError):
            statistics: dict[str, Any] = orjson.loads(candidate)
            return statistics
    return None
