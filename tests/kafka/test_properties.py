"""Every client of a command uses the properties of the worker's clients."""

from __future__ import annotations

import json

import pytest

from consumer.commands.kafka.checkpoint import Checkpoint
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import PROPERTIES
from consumer.commands.replay.range_consumer import RangeClients, RangePlan
from consumer.kafka.clients import KafkaClients
from consumer.settings import Settings
from consumer.settings.views import client_properties
from tests.settings.builders import settings_of

CONSUMER = {"KAFKA_GROUP_PROTOCOL": "consumer"}


def properties(**given: object) -> dict[str, str]:
    return {"KAFKA_PROPERTIES": json.dumps({name.replace("__", "."): value for name, value in given.items()})}


SETTINGS = [
    pytest.param({}, id="defaults"),
    pytest.param({"KAFKA_MAX_POLL_INTERVAL_MS": "10000", **CONSUMER}, id="kip-848-with-a-short-poll-interval"),
    pytest.param({"KAFKA_MAX_POLL_INTERVAL_MS": "6000", "KAFKA_SESSION_TIMEOUT_MS": "6000"}, id="short-session"),
    pytest.param({"KAFKA_MAX_POLL_INTERVAL_MS": "600000", "KAFKA_SESSION_TIMEOUT_MS": "500000"}, id="long-session"),
    pytest.param({"KAFKA_GROUP_INSTANCE_ID": "worker-0"}, id="static-member"),
    pytest.param({"KAFKA_GROUP_INSTANCE_ID": "worker-0", **CONSUMER}, id="static-member-of-kip-848"),
    pytest.param({**properties(group__remote__assignor="range"), **CONSUMER}, id="assignor-of-the-broker"),
    pytest.param(properties(heartbeat__interval__ms="1000"), id="heartbeat"),
    pytest.param(properties(receive__message__max__bytes="4000000"), id="small-receive-buffer"),
    pytest.param(properties(isolation__level="read_uncommitted"), id="uncommitted-reads"),
    pytest.param(properties(**{"fetch.max.bytes": "1048576", "message.max.bytes": "500000"}), id="small-fetches"),
    pytest.param(
        {
            "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": "u",
            "KAFKA_SASL_PASSWORD": "p",
        },
        id="scram",
    ),
    pytest.param({"KAFKA_AUTO_OFFSET_RESET": "error"}, id="no-reset"),
]


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    return settings_of(**request.param)


@pytest.mark.parametrize("settings", SETTINGS, indirect=True)
def test_what_the_worker_takes_every_command_takes(settings: Settings) -> None:
    worker = KafkaClients(client_properties(settings.kafka))
    worker.consumer({}).close()
    worker.producer({})
    worker.admin()
    cluster = Cluster(settings.kafka)
    cluster.new_consumer(PROPERTIES).close()
    cluster.close()
    Checkpoint(settings.kafka, "name").close()
    everything = RangePlan({}, lambda _message: True, lambda _left: None)
    RangeClients(client_properties(settings.kafka), everything).consumer({}).close()
