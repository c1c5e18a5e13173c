"""`lag` with and without a running worker."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from consumer.sandbox.faults import Rule
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access
from tests.support.command import json_lines, run, run_into_closed_pipe
from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture
from tests.support.waiting import HANG_SECONDS

pytestmark = pytest.mark.kafka


stage = stage_fixture(*on_each_protocol("kafka_from_jars"))


def rows(stage: Stage) -> list[dict[str, Any]]:
    done = stage.run("lag", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json_lines(done)


def test_each_partition_shows_its_owner_and_what_is_settled_beyond_the_commit(stage: Stage) -> None:
    held = "u7@example.com"
    stage.faults(Rule(contact=(held,), status=503, message="later"))
    stage.produce(*(sign_up(number) for number in range(40)))
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 39)
        found = worker.wait(lambda: [found for found in [rows(stage)] if _unsettled(found) == 1])[0]
        assert worker.stop() == 0
    assert [row["partition"] for row in found] == list(range(PARTITIONS))
    assert all(row["client_id"].startswith("clicksend-consumer-") and row["host"] for row in found)
    (behind,) = [row for row in found if row["lag"]]
    assert behind["oldest_unsettled_seconds"] >= 0
    assert behind["lag"] == behind["settled_ahead"] + 1
    done = stage.run("lag")
    assert done.returncode == 0
    head = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID"
    assert done.stdout.splitlines()[0].split()[:9] == head.split()
    assert "has no active member" in done.stderr


def _unsettled(found: list[dict[str, Any]]) -> int:
    return sum((row["lag"] or 0) - (row["settled_ahead"] or 0) for row in found)


def test_a_group_may_be_named_and_one_that_is_not_there_is_named_back(stage: Stage) -> None:
    stage.commit(TopicPartition(stage.topic, 0, 0))
    done = stage.run("lag", "--group", stage.group, KAFKA_GROUP_ID="somebody-elses")
    assert done.returncode == 0
    done = stage.run("lag", KAFKA_GROUP_ID="somebody-elses")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The group somebody-elses does not exist")


def test_a_topic_that_is_not_there_is_named(stage: Stage) -> None:
    stage.commit(TopicPartition(stage.topic, 0, 0))
    done = stage.run("lag", KAFKA_TOPIC="nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The topic nowhere does not exist")


def test_watch_runs_until_ctrl_c_and_succeeds(stage: Stage) -> None:
    stage.commit(TopicPartition(stage.topic, 0, 0))
    with stage.start("lag", "--watch", "--interval", "0.1", "--format", "json") as process:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline())["partition"] for _ in range(3 * PARTITIONS)]
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate(timeout=HANG_SECONDS)
    assert looks == 3 * list(range(PARTITIONS))
    assert (process.returncode, talk) == (0, "")


def test_a_reader_that_closes_the_pipe_ends_the_watch_quietly(stage: Stage) -> None:
    stage.commit(TopicPartition(stage.topic, 0, 0))
    watching = ("lag", "--watch", "--interval", "0.1")
    done = run_into_closed_pipe(*watching, variables=stage.variables(), folder=stage.folder)
    assert (done.returncode, done.stderr) == (1, b"")


def test_rights_that_are_missing_are_named(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    access = Access(kafka_from_jars, stage)
    guest = access.variables()
    stage.commit(TopicPartition(stage.topic, 0, 0))
    done = stage.run("lag", **guest)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Grant READ on the group" in done.stderr
    access.allow(AclOperation.DESCRIBE, ResourceType.GROUP, stage.group)
    done = stage.run("lag", **guest)
    assert done.returncode == 1
    assert "Grant READ and DESCRIBE on the topic" in done.stderr
    access.allow(AclOperation.READ, ResourceType.TOPIC, stage.topic)
    assert stage.run("lag", **guest).returncode == 0


def test_refused_credentials_are_wrong_settings(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    wrong = Access(kafka_from_jars, stage).variables(password="made-up")
    done = stage.run("lag", **wrong)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "Kafka refuses the credentials. Check KAFKA_SASL_USERNAME" in done.stderr
    assert "made-up" not in done.stderr


@pytest.mark.parametrize("arguments", [("--interval", "soon"), ("--interval", "0"), ("5",), ("--group",)])
def test_wrong_usage_is_reported(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run("lag", *arguments, variables={}, folder=tmp_path).returncode == 2


def test_missing_settings_are_reported(tmp_path: Path) -> None:
    done = run("lag", variables={}, folder=tmp_path)
    assert done.returncode == 3
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC"]


def test_a_kafka_that_does_not_answer_is_status_70(tmp_path: Path) -> None:
    variables = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_ports(1)[0]}", "KAFKA_TOPIC": "events"}
    assert run("lag", variables=variables, folder=tmp_path).returncode == 70
