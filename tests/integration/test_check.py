"""`check` against a Kafka with access control and the sandbox: each fault is named with its fix."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.options import Account, SandboxOptions
from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access
from tests.support.command import json_lines
from tests.support.events import identify
from tests.support.stage import Stage, stage_fixture

pytestmark = pytest.mark.kafka
Found = dict[str, list[dict[str, str]]]
stage = stage_fixture("kafka_from_jars-classic")


def check(stage: Stage, **changes: str) -> tuple[int, Found]:
    """The exit status, and the findings by check."""
    done = stage.run("check", "--format", "json", **changes)
    found: Found = {}
    for result in json_lines(done):
        found.setdefault(result["check"], []).append(result)
    return done.returncode, found


def failures(found: Found) -> list[str]:
    return [check for check, results in found.items() for each in results if each["status"] == "failed"]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_all_is_fine(stage: Stage, protocol: str) -> None:
    stage.protocol = protocol
    stage.produce(identify(1), identify(2))
    status, found = check(stage, ENROLMENT_DEFAULT_REGION="US", DELIVERY_MAX_REQUESTS_PER_SECOND="2")
    assert status == 0
    assert {each["status"] for results in found.values() for each in results} == {"ok"}
    kafka = ["kafka", "protocol", "topic", "dead letters", "group", "records", "start"]
    assert [*found] == ["settings", *kafka, "credentials", "account", "list", "region", "clock", "traces"]
    assert "starts at earliest: 2 records ahead" in found["start"][0]["detail"]
    assert "at most 1 s at 2 requests a second" in found["start"][0]["detail"]


def test_nothing_is_touched(stage: Stage) -> None:
    stage.produce(identify(1))
    check(stage, KAFKA_TOPIC="not-there", KAFKA_CREATE_DEAD_LETTER_TOPIC="true")
    check(stage)
    assert [entry.method for entry in stage.sandbox.requests()] == ["GET"] * 4
    assert "not-there" not in stage.admin.list_topics(timeout=60).topics
    assert stage.committed()[0].offset < 0


def test_lines_for_an_operator_include_the_hint(stage: Stage) -> None:
    done = stage.run("check", CLICKSEND_LIST_ID="429")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("failed")]
    assert "CLICKSEND_LIST_ID" in line.partition(" -> ")[2]


def test_missing_topics_are_named_with_the_command_that_creates_them(stage: Stage) -> None:
    status, found = check(stage, KAFKA_TOPIC="not-there")
    assert status == 1
    assert failures(found) == ["topic", "dead letters"]
    assert "--create --topic not-there " in found["topic"][0]["hint"]
    assert "--create --topic not-there.dead-letter " in found["dead letters"][0]["hint"]
    assert found["start"][0]["status"] == "skipped"


def test_a_missing_dead_letter_topic_is_fine_where_the_worker_may_create_it(stage: Stage) -> None:
    changes = {"KAFKA_DEAD_LETTER_TOPIC": "not-there", "KAFKA_CREATE_DEAD_LETTER_TOPIC": "true"}
    status, found = check(stage, **changes)
    assert (status, found["dead letters"][0]["status"]) == (0, "ok")


def test_a_dead_letter_topic_that_takes_less_than_its_source_is_warned_of(stage: Stage) -> None:
    small = f"small-{uuid.uuid4().hex}"
    stage.broker.create_topic(small, 1, {"max.message.bytes": "1000"})
    status, found = check(stage, KAFKA_DEAD_LETTER_TOPIC=small)
    assert status == 0
    hints = [each["hint"] for each in found["dead letters"] if each["status"] == "warning"]
    assert hints[:2] == ["Give it 4", "Set retention.ms=-1"]
    assert hints[2].startswith("Set max.message.bytes=1048588 on it")


def test_rights_are_asked_of_the_broker_and_each_missing_one_is_named(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    status, found = check(stage, **Access(kafka_from_jars, stage).variables())
    assert status == 1
    assert failures(found) == ["topic", "dead letters", "group"]
    assert f"--operation Read --topic {stage.topic}" in found["topic"][0]["hint"]
    assert f"--operation Write --topic {stage.dead_letter_topic}" in found["dead letters"][0]["hint"]
    assert f"--operation Read --group {stage.group}" in found["group"][0]["hint"]


def test_with_the_named_rights_alone_the_worker_would_run(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    access = Access(kafka_from_jars, stage)
    access.allow(AclOperation.READ, ResourceType.TOPIC, stage.topic)
    access.allow(AclOperation.WRITE, ResourceType.TOPIC, stage.dead_letter_topic)
    access.allow(AclOperation.READ, ResourceType.GROUP, stage.group)
    status, found = check(stage, **access.variables())
    assert (status, failures(found)) == (0, [])
    assert "DescribeConfigs" in found["topic"][0]["hint"]  # what can't be checked is a warning


def test_a_user_who_may_only_describe_is_shown_what_is_missing(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    access = Access(kafka_from_jars, stage)
    access.allow(AclOperation.DESCRIBE, ResourceType.TOPIC, stage.topic)
    access.allow(AclOperation.DESCRIBE, ResourceType.GROUP, stage.group)
    _, found = check(stage, **access.variables())
    assert failures(found) == ["topic", "dead letters", "group"]
    access.allow(AclOperation.READ, ResourceType.GROUP, stage.group)
    _, found = check(stage, **access.variables())
    assert failures(found) == ["topic", "dead letters"]
    assert found["start"][0]["status"] == "skipped"


def test_a_wrong_password_is_named_and_what_hangs_on_it_is_skipped(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    status, found = check(stage, **Access(kafka_from_jars, stage).variables(password="made-up"))
    assert status == 1
    assert failures(found) == ["kafka"]
    assert "KAFKA_SASL_PASSWORD" in found["kafka"][0]["hint"]
    assert {found[check][0]["status"] for check in ("topic", "group", "start")} == {"skipped"}
    assert found["credentials"][0]["status"] == "ok"


def test_an_unreachable_kafka_does_not_hide_the_clicksend_checks(stage: Stage) -> None:
    status, found = check(stage, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_ports(1)[0]}")
    assert (status, failures(found)) == (1, ["kafka"])
    assert "KAFKA_BOOTSTRAP_SERVERS" in found["kafka"][0]["hint"]


@pytest.mark.parametrize(
    ("account", "check_name", "outcome", "words"),
    [
        (Account(active=0), "account", "failed", "not active"),
        (Account(banned=1), "account", "failed", "banned"),
        (Account(access_contacts=0), "account", "failed", "may not use contacts"),
        (Account(country="GB"), "region", "warning", "default country GB"),
    ],
)
def test_the_state_of_the_account_is_reported(
    kafka_from_jars: ApacheKafka, tmp_path: Path, account: Account, check_name: str, outcome: str, words: str
) -> None:
    with Sandbox(SandboxOptions(account=account)) as sandbox:
        stage = Stage(kafka_from_jars, "classic", sandbox, tmp_path)
        status, found = check(stage, ENROLMENT_DEFAULT_REGION="US")
    assert status == (1 if outcome == "failed" else 0)
    assert found[check_name][0]["status"] == outcome
    assert words in found[check_name][0]["detail"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"CLICKSEND_API_KEY": "mistyped"}, "API key"), ({"CLICKSEND_USERNAME": "somebody"}, "CLICKSEND_USERNAME")],
)
def test_wrong_credentials_are_named(stage: Stage, changes: dict[str, str], words: str) -> None:
    status, found = check(stage, **changes)
    assert status == 1
    assert failures(found) == ["account", "list"]
    assert words in found["account"][0]["hint"]


def test_a_wrong_clock_is_warned_of(stage: Stage) -> None:
    dated = Rule(path="/v3/account", headers={"Date": "Sun, 29 Mar 2026 01:30:00 GMT"})
    stage.sandbox.set_faults(Script(rules=(dated,)))
    status, found = check(stage)
    assert (status, found["clock"][0]["status"]) == (0, "warning")


def test_wrong_settings_are_status_3_in_both_forms(stage: Stage) -> None:
    status, found = check(stage, CLICKSEND_LIST_ID="many", KAFKA_TOPIC="")
    assert status == 3
    assert failures(found) == ["settings", "settings"]
    done = stage.run("check", CLICKSEND_LIST_ID="many")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("CLICKSEND_LIST_ID: ")


def test_a_group_whose_offsets_are_committed_resumes_there(stage: Stage) -> None:
    stage.produce(*(identify(number) for number in range(20)))
    stage.commit(*(TopicPartition(stage.topic, number, end) for number, end in enumerate(stage.ends())))
    _, found = check(stage)
    assert "resumes at its committed offsets: 0 records ahead" in found["start"][0]["detail"]
