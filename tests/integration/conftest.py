"""Each test of the whole worker runs on both brokers and with both group protocols.

Two of the four are slow: each broker and each protocol is in the other two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.sandbox.server import Sandbox
from tests.integration.redrive_stage import RedriveStage
from tests.kafka.apache import ApacheKafka
from tests.support.stage import PROTOCOLS, Stage

KINDS = [
    pytest.param("in_process_broker-classic", marks=pytest.mark.slow),
    pytest.param("in_process_broker-consumer"),
    pytest.param("apache_kafka-classic", marks=pytest.mark.kafka),
    pytest.param("apache_kafka-consumer", marks=[pytest.mark.kafka, pytest.mark.slow]),
]


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A world for one test."""
    fixture, protocol = request.param.split("-")
    with Sandbox() as sandbox:
        yield Stage(request.getfixturevalue(fixture), protocol, sandbox, tmp_path)


@pytest.fixture(params=PROTOCOLS)
def apache_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A world on a real Kafka, for what the in-process broker can't do."""
    with Sandbox() as sandbox:
        yield Stage(request.getfixturevalue("apache_kafka"), request.param, sandbox, tmp_path)


@pytest.fixture
def redrive(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[RedriveStage]:
    """A world with dead letters, for the commands that look at them and bring records back."""
    with Sandbox() as sandbox:
        yield RedriveStage(Stage(kafka_from_jars, "classic", sandbox, tmp_path))
