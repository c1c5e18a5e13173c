"""The Kafka clients of the worker and of the commands: they create no topic, and take the same settings."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from consumer.commands.kafka.checkpoint import Checkpoint
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import PROPERTIES
from consumer.commands.replay.range_consumer import RangeClients, RangePlan
from consumer.kafka.clients import MEMBER_CALLBACKS, KafkaClients
from consumer.settings import Settings, Sources, load
from consumer.settings.kafka import client_properties
from tests.kafka.in_process import InProcess
from tests.support.required_settings import REQUIRED


def of_the_worker(bootstrap: str) -> KafkaClients:
    return KafkaClients({"bootstrap.servers": bootstrap, "group.id": "group"})


def of_the_commands(bootstrap: str) -> Cluster:
    variables = {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "KAFKA_TOPIC": "events"}
    return Cluster(load(Sources(variables), ("kafka",)).kafka)


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(lambda bootstrap: of_the_worker(bootstrap).consumer({}), id="the worker's consumer"),
        pytest.param(lambda bootstrap: of_the_worker(bootstrap).producer({}), id="the worker's producer"),
        pytest.param(lambda bootstrap: of_the_worker(bootstrap).admin(), id="the worker's administration"),
        pytest.param(lambda bootstrap: of_the_commands(bootstrap).consumer, id="the commands' consumer"),
        pytest.param(lambda bootstrap: of_the_commands(bootstrap).admin, id="the commands' administration"),
    ],
)
def test_no_client_creates_the_topic_of_a_metadata_request(
    in_process_broker: InProcess, client: Callable[[str], Any]
) -> None:
    """The in-process broker creates topics by itself, as many a cluster does."""
    name, asking = f"missing-{uuid.uuid4().hex[:8]}", client(in_process_broker.bootstrap)
    for _ in range(2):  # the first question would create it, the second would find it
        assert asking.list_topics(name, timeout=10).topics[name].error is not None
    if hasattr(asking, "close"):
        asking.close()


def test_a_member_that_connected_early_reports_to_the_callbacks_that_it_gets_later(
    in_process_broker: InProcess,
) -> None:
    clients, seen, deadline = of_the_worker(in_process_broker.bootstrap), list[str](), time.monotonic() + 20
    clients.connect()
    consumer = clients.consumer({"error_cb": print, "stats_cb": seen.append, "on_commit": print})
    while not any(each["state"] == "UP" for text in seen for each in json.loads(text)["brokers"].values()):
        assert time.monotonic() < deadline
        consumer.poll(0.05)
    assert clients.consumer({}) is not consumer  # it has one owner
    consumer.close()


def test_brokers_that_close_each_connection_are_not_stormed() -> None:
    """With all brokers down, librdkafka starts anew each time: its first backoff is the one that it keeps."""
    connections, seconds = 0, 2.0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = of_the_worker(f"127.0.0.1:{listener.getsockname()[1]}")
        clients.connect()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            listener.settimeout(left)
            with suppress(TimeoutError):
                listener.accept()[0].close()
                connections += 1
        clients.consumer(dict.fromkeys(MEMBER_CALLBACKS, lambda *_: None)).close()
    assert 0 < connections <= 25 * seconds


# Every client that a command makes takes the very settings that the worker's clients take.


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
    pytest.param(properties(message__max__bytes="8000000"), id="large-messages"),
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
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return load(Sources({"SECRETS_DIR": str(tmp_path), **REQUIRED, **request.param}))


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
