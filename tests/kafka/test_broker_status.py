"""The worker's state after librdkafka's callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, Message

from consumer.kafka.broker_status import BrokerStatus, generation_of
from consumer.kafka.identity import Identity, Tokens
from consumer.kafka.properties import GroupProtocol
from consumer.kafka.topic_watch import TopicSeen
from consumer.monitoring.health import Health, HealthState
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID

NOW = 1000.0
STATISTICS = '{ "name": "%s#consumer-1", "client_id": "%s", "type": "consumer", "brokers": %s, "cgrp": %s }'


def statistics(
    client_id: str = "c", broker: str = "UP", state: str = "up", join_state: str = "steady", connects: int = 1
) -> str:
    """Return statistics as librdkafka writes them once a second, without escaping."""
    group = json.dumps({"state": state, "join_state": join_state})
    brokers = json.dumps({"b:9092/1": {"state": broker, "connects": connects}})
    return STATISTICS % (client_id, client_id, brokers, group)


@pytest.mark.parametrize("client_id", ['say "hello"', "back\\slash", "bell\a", '","type":"', "café"])
def test_statistics_are_read_whatever_the_client_is_called(client_id: str) -> None:
    health = Health(NOW)
    BrokerStatus(health, lambda: NOW).statistics(statistics(client_id))
    assert health.coordinator
    assert health.reachable


def test_statistics_that_are_no_json_change_nothing() -> None:
    health = Health(NOW)
    connection = BrokerStatus(health, lambda: NOW)
    connection.statistics(statistics())
    connection.statistics('{"type": "consumer", "brokers": {')
    assert health.coordinator
    assert health.reachable


TOPIC = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
GROUP = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
OTHER_ASSIGNOR = KafkaError(KafkaError.INCONSISTENT_GROUP_PROTOCOL)
PASSWORD = KafkaError(KafkaError._AUTHENTICATION)
SEEN = TopicSeen(UNKNOWN_TOPIC_ID, readable=True)


def record(topic: str = "events") -> Message:
    return Message(topic=topic, partition=0, offset=0)


class Worker:
    """A worker that has a partition, and what librdkafka tells it."""

    def __init__(self, group_protocol: GroupProtocol = GroupProtocol.CLASSIC, tokens: Tokens = Tokens.NONE) -> None:
        self.now = NOW
        self.health = Health(NOW)
        self.health.assigned, self.health.was_assigned = 1, True
        self.connection = BrokerStatus(self.health, lambda: self.now, group_protocol, Identity(tokens=tokens))
        self.connection.statistics(statistics())

    def state(self) -> HealthState:
        return self.health.readiness(self.now, "").condition


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        pytest.param(TOPIC, lambda it: it.fetched([record()]), id="topic: a record"),
        pytest.param(TOPIC, lambda it: it.topic_looked_up("events", SEEN), id="topic: Kafka says we may, quiet topic"),
        pytest.param(TOPIC, lambda it: it.admitted(), id="topic: an assignment"),
        pytest.param(GROUP, lambda it: it.fetched([record()]), id="group: a record"),
        pytest.param(GROUP, lambda it: it.joined(), id="group: an empty assignment"),
        pytest.param(GROUP, lambda it: it.admitted(), id="group: an assignment"),
        pytest.param(OTHER_ASSIGNOR, lambda it: it.joined(), id="another assignor: an assignment"),
        pytest.param(PASSWORD, lambda it: it.fetched([record()]), id="password: a record"),
        pytest.param(PASSWORD, lambda it: it.statistics(statistics()), id="password: a connection"),
    ],
)
def test_what_ends_a_refusal_is_evidence(error: KafkaError, evidence: Callable[[BrokerStatus], None]) -> None:
    worker = Worker()
    worker.connection.error(error, "events" if error is TOPIC else None)
    assert worker.state() == HealthState.KAFKA_REFUSES
    evidence(worker.connection)
    assert worker.state() == HealthState.READY


@pytest.mark.parametrize(
    "no_evidence",
    [
        pytest.param(lambda it: it.fetched([record("others")]), id="a record of another topic"),
        pytest.param(lambda it: it.topic_looked_up("events", TopicSeen(UNKNOWN_TOPIC_ID)), id="a topic that is there"),
        pytest.param(lambda it: it.statistics(statistics()), id="a connection"),
        pytest.param(lambda it: it.fetched([]), id="nothing"),
    ],
)
def test_a_topic_that_may_not_be_read_stays_refused(no_evidence: Callable[[BrokerStatus], None]) -> None:
    worker = Worker()
    worker.connection.error(TOPIC, "events")
    no_evidence(worker.connection)
    assert worker.state() == HealthState.KAFKA_REFUSES


def test_of_two_refusals_both_have_to_end() -> None:
    worker = Worker()
    for error in (PASSWORD, TOPIC):
        worker.connection.error(error, "events")
    worker.connection.statistics(statistics())
    assert worker.state() == HealthState.KAFKA_REFUSES
    worker.connection.topic_looked_up("events", SEEN)
    assert worker.state() == HealthState.READY


def test_records_show_that_a_missing_topic_and_a_broker_are_there_again() -> None:
    worker = Worker()
    worker.connection.topic_looked_up("events", TopicSeen(None))
    worker.connection.error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert worker.state() == HealthState.KAFKA_UNREACHABLE
    worker.connection.fetched([record()])
    assert worker.state() == HealthState.READY


@pytest.mark.parametrize("join_state", ["steady", "init"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_member_without_a_partition_is_on_standby_after_a_while(join_state: str, lost: bool) -> None:
    """With KIP-848 a surplus member stays in its first state, and is told nothing, not even after a loss."""
    worker = Worker(GroupProtocol.CONSUMER)
    worker.health.assigned, worker.health.was_assigned, worker.health.lost = 0, False, lost
    worker.health.joined_at = None
    worker.connection.generation_is(4)
    worker.connection.statistics(statistics(join_state=join_state))
    assert worker.state() == (HealthState.LOST if lost else HealthState.STARTING)
    worker.now += 10
    worker.connection.statistics(statistics(join_state=join_state))
    assert worker.state() == HealthState.STANDBY


def test_a_member_that_has_not_joined_yet_is_not_on_standby() -> None:
    worker = Worker()
    worker.health.assigned, worker.health.was_assigned, worker.health.joined_at = 0, False, None
    for _ in range(30):
        worker.now += 1
        worker.connection.statistics(statistics(join_state="init"))
    assert worker.state() == HealthState.STARTING


@pytest.mark.parametrize(
    ("metadata", "generation"),
    [(b"CGMDv2:\x07\x00\x00\x00group", 7), (b"CGMDv2:\xff\xff\xff\xffgroup", -1), (b"CGMDv9:\x07", -1), (None, -1)],
)
def test_the_generation_is_in_the_group_metadata(metadata: bytes | None, generation: int) -> None:
    consumer: Any = SimpleNamespace(consumer_group_metadata=lambda: metadata)
    assert generation_of(cast(Consumer, consumer)) == generation


def test_a_classic_members_generation_does_not_show_that_it_is_back() -> None:
    """It outlives the membership: else a refusal of the group would end each second, and begin again."""
    worker = Worker()
    worker.connection.generation_is(7)
    worker.connection.error(GROUP)
    for _ in range(3):
        worker.connection.statistics(statistics(join_state="init"))
        assert worker.state() == HealthState.KAFKA_REFUSES


def test_a_refusal_shows_the_given_hint_until_it_ends() -> None:
    worker = Worker()
    worker.connection.error(TOPIC, "events.dead-letter", "grant WRITE")
    assert worker.health.refusal == "grant WRITE"
    worker.connection.admitted()
    assert worker.health.refusal == ""


NO_TOKEN = KafkaError(KafkaError._AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token: Could not connect")
NO_JSON = KafkaError(KafkaError._AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token: Response is not JSON")
TOKEN_REFUSED = KafkaError(KafkaError._AUTHENTICATION, 'SASL authentication error: {"status":"invalid_token"}')
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)


def test_no_token_at_a_start_is_a_refusal_with_its_present_reason() -> None:
    health = Health(NOW)
    connection = BrokerStatus(health, lambda: NOW, identity=Identity(tokens=Tokens.OIDC))
    assert "KAFKA_OAUTH_TOKEN_ENDPOINT_URL" in health.readiness(NOW, "").detail
    connection.error(NO_TOKEN)
    assert health.refusal.startswith("no token: the token endpoint is unreachable; ")
    connection.error(NO_JSON)
    assert health.refusal.startswith("no token: the token endpoint does not answer with JSON; ")
    connection.statistics(statistics(broker="TRY_CONNECT"))
    assert health.readiness(NOW, "").condition == HealthState.KAFKA_REFUSES
    connection.statistics(statistics())
    connection.statistics(statistics())
    assert health.refusal == ""


def test_a_worker_goes_on_with_its_token_while_there_is_no_next() -> None:
    worker = Worker(tokens=Tokens.OIDC)
    worker.connection.error(NO_TOKEN)
    assert worker.state() == HealthState.READY
    worker.connection.statistics(statistics(broker="TRY_CONNECT"))
    assert worker.state() == HealthState.KAFKA_REFUSES
    assert "token endpoint is unreachable" in worker.health.refusal
    for _ in range(2):
        worker.connection.statistics(statistics(connects=2))
    assert worker.state() == HealthState.READY


def test_brokers_that_refuse_an_old_token_are_not_the_reason() -> None:
    worker = Worker(tokens=Tokens.OIDC)
    worker.connection.error(NO_TOKEN)
    worker.connection.error(TOKEN_REFUSED)
    assert "token endpoint is unreachable" in worker.health.refusal


def test_a_connection_that_a_broker_ends_at_once_proves_nothing() -> None:
    """A broker accepts a token for a while after its end, then disconnects at the first request."""
    worker = Worker(tokens=Tokens.OIDC)
    worker.connection.error(NO_TOKEN)
    worker.connection.statistics(statistics(broker="INIT"))
    for connects in range(2, 6):
        worker.connection.error(DOWN)
        worker.connection.statistics(statistics(connects=connects))
        assert worker.state() == HealthState.KAFKA_REFUSES
    worker.connection.statistics(statistics(connects=7))
    assert worker.state() == HealthState.READY


def test_a_token_that_was_renewed_is_not_the_reason_of_a_later_outage() -> None:
    worker = Worker(tokens=Tokens.OIDC)
    worker.connection.error(NO_TOKEN)
    for _ in range(2):
        worker.connection.statistics(statistics(connects=2))
    worker.connection.error(DOWN)
    worker.connection.statistics(statistics(broker="TRY_CONNECT", connects=2))
    assert worker.state() == HealthState.KAFKA_UNREACHABLE
