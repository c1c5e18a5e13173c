"""A Kafka that refuses access: librdkafka retries silently, so the worker reports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from tests.kafka.apache import ApacheKafka
from tests.support.access import Access, sasl_variables
from tests.support.events import sign_up
from tests.support.stage import Stage, on_each_protocol, stage_fixture
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.kafka
stage = stage_fixture(*on_each_protocol("kafka_from_jars"))  # its Kafka asks for a password


def tls(kafka: ApacheKafka, ca_file: Path) -> dict[str, str | None]:
    """Return the variables for the listener that speaks TLS."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.tls_bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "ssl",
        "KAFKA_SSL_CA_LOCATION": str(ca_file),
    }


def wait_refused(worker: WorkerProcess, setting: str) -> None:
    """Wait until Kafka refuses the worker, which names the setting, is unready, and keeps waiting until it is ended."""
    worker.wait(lambda: worker.readiness()[1]["state"] == "kafka_refuses")
    status, body = worker.readiness()
    assert status == 503
    assert setting in body["detail"]
    assert worker.events().count("kafka access refused, waiting") == 1
    assert worker.stop() == 0


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(sasl_variables, id="the right password"),
        pytest.param(lambda kafka: tls(kafka, kafka.ca_file), id="a certificate of the given authority"),
    ],
)
def test_a_worker_is_accepted_with(
    stage: Stage, kafka_from_jars: ApacheKafka, variables: Callable[[ApacheKafka], dict[str, str | None]]
) -> None:
    stage.produce(sign_up(0))
    with stage.worker(**variables(kafka_from_jars)) as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait_ready()


def test_a_wrong_password_is_named_at_once_and_waited_on(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    with stage.worker(**sasl_variables(kafka_from_jars, "made-up-and-wrong")) as worker:
        wait_refused(worker, "KAFKA_SASL_PASSWORD")
    assert "made-up-and-wrong" not in worker.output()


def test_a_wrong_password_ends_the_worker_where_an_end_was_asked_for(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    with stage.worker(**sasl_variables(kafka_from_jars, "wrong"), WORKER_START_TIMEOUT="1") as worker:
        assert worker.ended() == 70


def test_a_property_that_librdkafka_does_not_know_is_named_without_its_value(stage: Stage) -> None:
    with stage.worker(KAFKA_PROPERTIES='{"fetch.wait.maximum.ms": "20-secret"}') as worker:
        assert worker.ended() == 3
    assert "fetch.wait.maximum.ms" in worker.output()
    assert "20-secret" not in worker.output()


def test_a_certificate_of_another_authority_is_named_at_once_and_waited_on(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    other = stage.folder / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with stage.worker(**tls(kafka_from_jars, other)) as worker:
        wait_refused(worker, "KAFKA_SSL_CA_LOCATION")


def test_a_right_that_is_taken_away_and_granted_again_leaves_the_worker_ready(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    """librdkafka reports the refusal once and its end never, and the topic may stay quiet."""
    access = Access(kafka_from_jars, stage)
    topic, group = ResourceType.TOPIC, ResourceType.GROUP
    for name in (stage.topic, stage.dead_letter_topic):
        access.allow(AclOperation.DESCRIBE, topic, name)
    access.allow(AclOperation.READ, group, stage.group)
    access.allow(AclOperation.READ, topic, stage.topic)
    stage.produce(sign_up(0))
    with stage.worker(**access.variables()) as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait_ready()
        access.forbid(AclOperation.READ, topic, stage.topic)
        worker.wait(lambda: worker.readiness()[1]["state"] == "kafka_refuses")
        access.allow(AclOperation.READ, topic, stage.topic)
        worker.wait_ready()
        stage.produce(sign_up(1))
        worker.wait(lambda: stage.enrolled() == 2)
        assert worker.readiness()[0] == 200


def test_a_group_that_the_worker_may_not_use_is_named_from_the_start(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    """Without any right on the group, librdkafka finds no coordinator and reports nothing."""
    access = Access(kafka_from_jars, stage)
    for name in (stage.topic, stage.dead_letter_topic):
        access.allow(AclOperation.DESCRIBE, ResourceType.TOPIC, name)
    access.allow(AclOperation.READ, ResourceType.TOPIC, stage.topic)
    stage.produce(sign_up(0))
    with stage.worker(**access.variables()) as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "kafka_refuses")
        assert "KAFKA_GROUP_ID" in worker.readiness()[1]["detail"]
        access.allow(AclOperation.READ, ResourceType.GROUP, stage.group)
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait_ready()


def test_a_dead_letter_topic_that_the_worker_may_not_use_is_named(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    access = Access(kafka_from_jars, stage)
    access.allow(AclOperation.DESCRIBE, ResourceType.TOPIC, stage.topic)
    with stage.worker(**access.variables()) as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "kafka_refuses")
        assert "KAFKA_DEAD_LETTER_TOPIC" in worker.readiness()[1]["detail"]
