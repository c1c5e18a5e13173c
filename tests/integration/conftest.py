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
from tests.support.stage import Stage, on_each_protocol, stage_fixture

KINDS = [
    pytest.param("in_process_broker-classic", marks=pytest.mark.slow),
    pytest.param("in_process_broker-consumer"),
    pytest.param("apache_kafka-classic", marks=pytest.mark.kafka),
    pytest.param("apache_kafka-consumer", marks=[pytest.mark.kafka, pytest.mark.slow]),
]


stage = stage_fixture(*KINDS)
apache_stage = stage_fixture(*on_each_protocol("apache_kafka"))  # for what the in-process broker can't do


@pytest.fixture
def redrive(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[RedriveStage]:
    """A world with dead letters, for the commands that look at them and bring records back."""
    with Sandbox() as sandbox:
        yield RedriveStage(Stage(kafka_from_jars, "classic", sandbox, tmp_path))
