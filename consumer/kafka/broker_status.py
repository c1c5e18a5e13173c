"""The state of librdkafka's connections: errors that it never raises, and recoveries that it never reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import orjson
import structlog
from confluent_kafka import Consumer, KafkaError, Message

from consumer.kafka.identity import Identity, Tokens
from consumer.kafka.properties import GroupProtocol
from consumer.kafka.refusals import OF_THE_GROUP, REFUSALS, RIGHTS, Refusal, refusal_of
from consumer.kafka.topic_watch import TopicSeen
from consumer.monitoring.health import Health
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID

_GROUP_METADATA = b"CGMDv2:"

log = structlog.get_logger()


class BrokerStatus:
    """Turn librdkafka's callbacks into `Health`. All of them run on the poll thread, inside `poll`.

    Some errors repeat up to twenty times a second, so only changes are logged. Others are reported once, and their end
    never: only evidence of access ends a refusal.

    A failed renewal of a token closes no connection: the worker continues until a broker asks for the next token.
    """

    def __init__(
        self,
        health: Health,
        clock: Callable[[], float],
        group_protocol: GroupProtocol = GroupProtocol.CLASSIC,
        identity: Identity = Identity(),  # noqa: B008 -- frozen
    ) -> None:
        self.health = health
        self._clock = clock
        self._identity = identity
        health.further_checks = identity.further_checks
        self._no_token: Refusal | None = None  # why the last token request failed; None: it did not
        self._connects = 0  # of all brokers, by the statistics
        self._connects_without_token = 0  # when the last token request failed
        self._refused_since_statistics = False
        self._group_protocol = group_protocol
        self._topics_refused_at = -math.inf  # monotonic seconds; responses to older requests prove nothing
        self._refusals: dict[int, set[str]] = {}  # error code -> topics, if it has any; the first one is shown
        self._hints: dict[int, str] = {}  # by error code
        self._generation = -1  # of the group; above 0 while this is a member
        self._was_reachable = False

    def error(self, error: KafkaError, topic: str | None = None, hint: str = "") -> None:
        """Handle librdkafka's `error_cb`, and errors delivered as messages. hint -- instead of the usual one."""
        refusal = refusal_of(error, self._identity)
        if refusal is not None:
            self._refused_since_statistics = True
            self._refused(refusal, topic, hint)
        elif error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE):
            self._refused_since_statistics = True
            self._unreachable(error)

    def _refused(self, refusal: Refusal, topic: str | None, hint: str) -> None:
        if refusal.no_token:
            known, self._no_token = self._no_token, refusal
            self._connects_without_token = self._connects
            if self.health.reachable:
                if known is None:
                    log.warning("kafka token not renewed, retrying", hint=refusal.hint)
                return
        elif self._no_token is not None and refusal.code == self._no_token.code:
            refusal = self._no_token  # brokers refuse the token that could not be renewed
        self.refuse(refusal.code, topic, hint or refusal.hint)

    def refuse(self, code: int, topic: str | None = None, hint: str = "") -> None:
        """Note that Kafka refuses access: not ready until it grants it. hint -- instead of the usual one."""
        if code not in self._refusals or (hint and code == KafkaError._AUTHENTICATION and hint != self._hints[code]):
            self._hints[code] = hint or REFUSALS[code]
            log.error(
                "kafka access refused, waiting",
                error=KafkaError(code).name(),
                topic=topic,
                hint=self._hints[code],
            )
        if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            self._topics_refused_at = self._clock()
        self._refusals.setdefault(code, set()).update([topic] if topic else [])
        self._show_refusal()

    def admitted(self) -> None:
        """End all refusals after an assignment."""
        self._end_refusals(self._refusals)

    def joined(self) -> None:
        """End a refusal of the group after joining it, with partitions or without, or after a commit."""
        if self._refusals:
            self._end_refusals(OF_THE_GROUP)

    def fetched(self, messages: Iterable[Message]) -> None:
        """Note fetched messages: records prove that their topics exist and are readable."""
        if self._refusals or self.health.missing_topics or not self.health.reachable:
            for topic in {message.topic() or "" for message in messages if message.error() is None}:
                self.reached()
                self._end_refusals([code for code in self._refusals if code != KafkaError.TOPIC_AUTHORIZATION_FAILED])
                self.topic_looked_up(topic, TopicSeen(UNKNOWN_TOPIC_ID, readable=True))

    def generation_is(self, generation: int) -> None:
        """Set the group's generation, or this member's epoch; at most 0 while it is no member."""
        self._generation = generation

    def statistics(self, text: str) -> None:
        """Handle librdkafka's `stats_cb`, once a second."""
        statistics = _read(text)
        if statistics is None:
            return
        brokers = statistics.get("brokers", {}).values()
        self._connects = sum(int(broker.get("connects", 0)) for broker in brokers)
        # With tokens, a connection that is up may prove nothing: brokers accept an old one, then disconnect.
        is_proof = not self._refused_since_statistics or self._identity.tokens is Tokens.NONE
        self._refused_since_statistics = False
        if any(broker.get("state") == "UP" for broker in brokers):
            if is_proof:
                self.reached()
        elif self._no_token is not None:
            self.health.reachable = False
            self.refuse(self._no_token.code, hint=self._no_token.hint)
        elif self.health.reachable and all(
            broker.get("state") in ("DOWN", "INIT", "TRY_CONNECT") for broker in brokers
        ):
            self._unreachable(None)
        group = statistics.get("cgrp") or {}
        self.health.coordinator = group.get("state") == "up"
        join_state = group.get("join_state")
        # With KIP-848, a member that has never got a partition stays at the first of the states. With the classic
        # protocol the generation outlives the membership.
        stays = join_state == "init" and self._generation > 0 and self._group_protocol is GroupProtocol.CONSUMER
        if join_state != "steady" and not stays:
            self.health.joined_at = None
        elif self.health.joined_at is None:
            self.health.joined_at = self._clock()
            self.joined()

    def reached(self) -> None:
        """Note that a broker is reachable."""
        if self._no_token is not None and (self._connects > self._connects_without_token or not self.health.reachable):
            self._no_token = None
        if self._was_reachable and not self.health.reachable:
            log.info("kafka reconnected")
        self._was_reachable = self.health.reachable = True
        self._end_refusals([code for code in self._refusals if code not in RIGHTS])

    def topic_looked_up(self, topic: str, seen: TopicSeen) -> None:
        """Note whether a topic exists: librdkafka may not report that one was deleted."""
        refused = self._refusals.get(KafkaError.TOPIC_AUTHORIZATION_FAILED)
        if seen.readable and refused is not None and seen.asked_at > self._topics_refused_at:
            refused.discard(topic)
            if not refused:
                self._end_refusals([KafkaError.TOPIC_AUTHORIZATION_FAILED])
        missing = self.health.missing_topics
        if seen.topic_id is None and topic not in missing:
            self.health.missing_topics = missing | {topic}
            log.error("topic deleted, waiting for it", topic=topic, hint="create it again")
        elif seen.topic_id is not None and topic in missing:
            self.health.missing_topics = missing - {topic}
            log.info("topic restored", topic=topic)

    def _end_refusals(self, codes: Iterable[int]) -> None:
        ended = [code for code in list(codes) if self._refusals.pop(code, None) is not None]
        if ended:
            log.info("kafka access restored", refusal=[self._hints[code] for code in ended])
            self._show_refusal()

    def _show_refusal(self) -> None:
        self.health.refusal = next((self._hints[code] for code in self._refusals), "")

    def _unreachable(self, error: KafkaError | None) -> None:
        if self.health.reachable or not self._was_reachable:
            self._was_reachable = True
            log.warning(
                "no kafka broker reached, retrying", error=error.name() if error else None, hint="check the brokers"
            )
        self.health.reachable = False


def _read(text: str) -> dict[str, Any] | None:
    """Return librdkafka's statistics; None where they are no JSON. Never raises.

    librdkafka escapes nothing: a quote in the operator's `client.id`, which comes first, breaks the whole text.
    """
    for candidate in (text, "{" + text[text.find('"type":') :]):
        with suppress(orjson.JSONDecodeError):
            statistics: dict[str, Any] = orjson.loads(candidate)
            return statistics
    return None


def generation_of(consumer: Consumer) -> int:
    """Return the group's generation, or the member's epoch, as librdkafka knows it; -1: unknown, or no member.

    Only the start of the group metadata is read: `CGMDv2:` and a little-endian int32.
    """
    metadata = consumer.consumer_group_metadata() or b""
    if not metadata.startswith(_GROUP_METADATA):
        return -1
    start = len(_GROUP_METADATA)
    return int.from_bytes(metadata[start : start + 4], "little", signed=True)
