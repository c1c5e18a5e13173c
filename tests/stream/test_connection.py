"""What the worker makes of librdkafka's callbacks."""

from __future__ import annotations

import json

import pytest

from consumer.stream.connection import Connection
from consumer.stream.health import Health

NOW = 1000.0
STATISTICS = '{ "name": "%s#consumer-1", "client_id": "%s", "type": "consumer", "brokers": %s, "cgrp": %s }'


def statistics(client_id: str = "c", broker: str = "UP", state: str = "up", join_state: str = "steady") -> str:
    """What librdkafka writes once a second; it escapes nothing."""
    group = json.dumps({"state": state, "join_state": join_state})
    return STATISTICS % (client_id, client_id, json.dumps({"b:9092/1": {"state": broker}}), group)


@pytest.mark.parametrize("client_id", ['say "hello"', "back\\slash", "bell\a", '","type":"', "café"])
def test_statistics_are_read_whatever_the_client_is_called(client_id: str) -> None:
    health = Health(NOW)
    Connection(health, lambda: NOW).statistics(statistics(client_id))
    assert health.coordinator
    assert health.reachable


def test_statistics_that_are_no_json_change_nothing() -> None:
    health = Health(NOW)
    connection = Connection(health, lambda: NOW)
    connection.statistics(statistics())
    connection.statistics('{"type": "consumer", "brokers": {')
    assert health.coordinator
    assert health.reachable
