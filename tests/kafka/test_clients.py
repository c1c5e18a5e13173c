"""The Kafka clients of the worker and of the commands."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from consumer.commands.kafka.cluster import Cluster
from consumer.kafka.clients import KafkaClients
from consumer.settings import Sources, load
from tests.kafka.in_process import InProcess


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
