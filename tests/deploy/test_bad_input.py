"""Typical mistakes of a first start: the worker logs one line, and the alert that fires names the cause.

A real Prometheus with the rules, a minute's time in a second. In containers, test_image.py has the same faults.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from consumer.sandbox.server import Sandbox
from tests.deploy import rules
from tests.deploy.prometheus_server import PrometheusServer
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access
from tests.support.events import sign_up
from tests.support.stage import Stage, stage_fixture

pytestmark = pytest.mark.slow

RULES = rules.compressed(rules.RULES.read_text("utf-8"))
stage = stage_fixture("in_process_broker-consumer")


@pytest.mark.parametrize(
    ("setting", "wrong", "state", "alert", "words"),
    [
        pytest.param("CLICKSEND_LIST_ID", "999", "halted", "ClicksendHalted", "CLICKSEND_LIST_ID", id="wrong-list"),
        pytest.param(
            "KAFKA_BOOTSTRAP_SERVERS",
            "127.0.0.1:1",
            "kafka_unreachable",
            "ClicksendNoPartitions",
            "Kafka is unreachable",
            id="kafka-unreachable",
        ),
    ],
)
def test_what_can_be_fixed_is_waited_for_and_reported_once_and_its_alert_fires(
    stage: Stage, tmp_path: Path, setting: str, wrong: str, state: str, alert: str, words: str
) -> None:
    stage.produce(sign_up(1))
    with stage.worker(**{setting: wrong}) as worker:
        with PrometheusServer(tmp_path, RULES, [worker.address().removeprefix("http://")]) as prometheus:
            prometheus.wait(lambda: alert in prometheus.firing())
            assert prometheus.firing() == {alert}
            assert words in prometheus.words(alert)
        status, answer = worker.readiness()
        assert (status, answer["state"]) == (503, state)
        assert setting in answer["detail"]
        assert worker.liveness()[0] == 200
        assert worker.process.poll() is None
        assert len([line for line in worker.lines() if setting in line.get("hint", "")]) == 1


def test_a_missing_secret_ends_it_with_one_line_and_the_workers_are_missed(stage: Stage, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with stage.worker(CLICKSEND_API_KEY=None, MONITOR_PORT=str(port)) as worker:
        assert worker.process.wait(30) == 3
        (line,) = worker.output().splitlines()
        assert "CLICKSEND_API_KEY" in line
    with PrometheusServer(tmp_path, RULES, [f"127.0.0.1:{port}"]) as prometheus:
        prometheus.wait(lambda: prometheus.firing() == {"ClicksendWorkersAbsent"})
        assert "The logs of the pods" in prometheus.words("ClicksendWorkersAbsent")


@pytest.mark.kafka
def test_a_dead_letter_topic_that_may_not_be_written_is_reported_and_its_alert_fires(
    kafka_from_jars: ApacheKafka, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        stage = Stage(kafka_from_jars, "classic", sandbox, tmp_path)
        access = Access(kafka_from_jars, stage)
        access.allow(AclOperation.READ, ResourceType.TOPIC, stage.topic)
        access.allow(AclOperation.READ, ResourceType.GROUP, stage.group)
        access.allow(AclOperation.DESCRIBE, ResourceType.TOPIC, stage.dead_letter_topic)
        stage.produce(sign_up(1), raw=[b"{"])
        with (
            stage.worker(RETRY_MAX_DELAY="1", **access.variables()) as worker,
            PrometheusServer(tmp_path, RULES, [worker.address().removeprefix("http://")]) as prometheus,
        ):
            prometheus.wait(lambda: "ClicksendDeadLetterWritesFail" in prometheus.firing())
            assert "/readyz has a hint" in prometheus.words("ClicksendDeadLetterWritesFail")
            assert "grant WRITE" in worker.readiness()[1]["detail"]
            assert stage.enrolled() == 1, "others are delivered"
            assert stage.dead_letters() == []
