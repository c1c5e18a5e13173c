"""`offsets reset` on a real group: the plan, the execution, the undo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import Group, commits_of
from consumer.commands.offsets.command import Execution, _execute
from consumer.commands.offsets.plan import Move
from consumer.errors import FatalStreamError, RefusedError
from consumer.kafka.topic_ids import TopicIds
from consumer.sandbox.server import Sandbox
from consumer.scheduling.offset_map import decode, encode
from consumer.scheduling.task import Partition
from consumer.settings import Sources, load
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access
from tests.support.command import json_lines, run
from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage

pytestmark = pytest.mark.kafka

HOUR_MS = 3_600_000
Offsets = dict[int, int]


@pytest.fixture
def stage(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[Stage]:
    """A topic with ten records in each partition, written an hour apart, the last a moment ago; 5 are committed."""
    with Sandbox() as sandbox:
        made = Stage(kafka_from_jars, "classic", sandbox, tmp_path)
        now_ms = round(time.time() * 1000)
        for partition in range(PARTITIONS):
            for number in range(10):
                value = orjson.dumps(sign_up(partition * 10 + number))
                made.produce_raw(value, partition=partition, timestamp=now_ms - (9 - number) * HOUR_MS)
        made.commit(*(TopicPartition(made.topic, partition, 5) for partition in range(PARTITIONS)))
        yield made


def offsets(stage: Stage) -> Offsets:
    return {number: each.offset for number, each in stage.committed().items()}


def reset(stage: Stage, *arguments: str, **changes: str) -> CompletedProcess[str]:
    variables = {**stage.variables(), **changes}
    return run("offsets", "reset", *arguments, variables=variables, folder=stage.folder)


def planned(stage: Stage, *arguments: str) -> Offsets:
    done = reset(stage, *arguments, "--format", "json")
    assert done.returncode == 0
    rows: list[dict[str, Any]] = json_lines(done)
    assert all(row["current"] == 5 and row["records"] == 10 - row["new"] for row in rows)
    return {row["partition"]: row["new"] for row in rows}


@pytest.mark.parametrize(
    ("target", "new"),
    [
        (("--to-earliest",), 0),
        (("--to-latest",), 10),
        (("--to-offset", "7"), 7),
        (("--shift-by", "-2"), 3),
        (("--shift-by", "2"), 7),
        (("--to-datetime", "2001-01-01T00:00:00Z"), 0),
        (("--to-datetime", "2101-01-01T00:00:00+01:00"), 10),
        (("--by-duration", "PT2H30M"), 7),
        (("--by-duration", "P1D"), 0),
    ],
)
def test_each_target_is_shown_and_nothing_is_changed(stage: Stage, target: tuple[str, ...], new: int) -> None:
    assert planned(stage, *target, "--topic", f"{stage.topic}:0,2") == {0: new, 2: new}
    assert set(offsets(stage).values()) == {5}
    assert list(stage.folder.glob("*.json")) == []


def test_all_topics_are_those_of_the_settings_and_of_the_commits(stage: Stage) -> None:
    assert planned(stage, "--to-earliest", "--all-topics") == dict.fromkeys(range(PARTITIONS), 0)


def test_table_and_messages_show_the_outcome(stage: Stage) -> None:
    target = ("--to-offset", "1000", "--topic", f"{stage.topic}:0")
    done = reset(stage, *target, DELIVERY_MAX_REQUESTS_PER_SECOND="1")
    assert done.stdout.splitlines()[0].split() == ["GROUP", "TOPIC", "PARTITION", "CURRENT", "NEW", "RECORDS"]
    assert "has no offset 1000: using its end, 10." in done.stderr
    assert "To be skipped: 5." in done.stderr
    done = reset(stage, "--to-earliest", "--all-topics", DELIVERY_MAX_REQUESTS_PER_SECOND="1")
    assert "Records ahead after the reset: 40, at most 40 s at 1 requests a second" in done.stderr
    assert "To be delivered again: 20." in done.stderr
    assert "Dry run" in done.stderr


def test_execute_sets_the_offsets_and_the_undo_restores_commits_and_metadata(stage: Stage) -> None:
    topic_id = TopicIds(lambda: Cluster(load(_sources(stage), ("kafka",)).kafka).admin).id(stage.topic)
    claim = encode(topic_id, 5, 9, [5, 7])
    stage.commit(TopicPartition(stage.topic, 0, 5, claim))
    done = reset(stage, "--to-earliest", "--topic", stage.topic, "--execute")
    assert done.returncode == 0
    assert set(offsets(stage).values()) == {0}
    emptied = decode(stage.committed()[0].metadata or "")
    assert emptied is not None
    assert emptied.reach == 0  # nothing of the replay is suppressed
    (undo,) = stage.folder.glob("offsets-undo-*.json")
    assert f"--from-file {undo.name} --execute" in done.stderr
    assert reset(stage, "--from-file", undo.name, "--execute").returncode == 0
    assert set(offsets(stage).values()) == {5}
    assert stage.committed()[0].metadata == claim


def test_what_is_reset_is_delivered_again_whatever_was_settled_beyond_it(stage: Stage) -> None:
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 20 and stage.lag() == 0)
        assert worker.stop() == 0
    assert reset(stage, "--to-earliest", "--all-topics", "--execute").returncode == 0
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 40 and stage.lag() == 0)
        assert worker.stop() == 0
    assert len(stage.payloads()) == 60


def test_the_csv_of_kafka_consumer_groups_is_taken(stage: Stage) -> None:
    (stage.folder / "offsets.csv").write_text(f"{stage.topic},1,2\n{stage.topic},3,4\n")
    assert reset(stage, "--from-file", "offsets.csv", "--execute").returncode == 0
    assert offsets(stage) == {0: 5, 1: 2, 2: 5, 3: 4}


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_an_active_group_is_refused_with_what_to_do_and_may_be_planned_for(stage: Stage, protocol: str) -> None:
    stage.protocol = protocol
    with stage.worker() as worker:
        worker.wait_ready()
        planned_only = reset(stage, "--to-earliest", "--all-topics")
        done = reset(stage, "--to-earliest", "--all-topics", "--execute")
        assert worker.stop() == 0
    assert planned_only.returncode == 0
    assert "is active" in planned_only.stderr
    assert (done.returncode, done.stdout) == (1, "")
    assert "Stop its workers first: clicksend-consumer-" in done.stderr
    assert list(stage.folder.glob("*.json")) == []


def _sources(stage: Stage) -> Sources:
    return Sources({"SECRETS_DIR": str(stage.folder), **stage.variables()})


def test_a_worker_that_joins_at_the_last_moment_is_detected_and_nothing_is_changed(stage: Stage) -> None:
    cluster = Cluster(load(_sources(stage), ("kafka",)).kafka)
    path = stage.folder / "undo.json"
    with stage.worker() as worker:
        worker.wait_ready()
        worker.wait(lambda: stage.lag() == 0)
        stale = Group(stage.group, "Empty", (), {}, commits_of(cluster))
        move = Move(Partition(stage.topic, 0), 10, 0, 0, "", 10)
        with pytest.raises(RefusedError, match="a worker joined the group"):
            _execute(cluster, stale, [move], Execution(path))
        assert worker.stop() == 0
    cluster.close()
    assert set(offsets(stage).values()) == {10}
    assert not path.exists()


def test_an_undo_file_that_is_there_is_kept_and_nothing_is_changed(stage: Stage) -> None:
    (stage.folder / "undo.json").write_text("precious")
    done = reset(stage, "--to-earliest", "--all-topics", "--execute", "--undo-file", "undo.json")
    assert done.returncode == 1
    assert "Nothing was changed; choose another file with --undo-file." in done.stderr
    assert (stage.folder / "undo.json").read_text() == "precious"
    assert set(offsets(stage).values()) == {5}


def test_a_new_group_may_be_given_its_start_and_what_it_had_not_cannot_be_taken_back(stage: Stage) -> None:
    target = ("--topic", f"{stage.topic}:0", "--group", f"{stage.group}-new", "--execute", "--undo-file", "undo.json")
    done = reset(stage, "--to-latest", *target)
    assert done.returncode == 0
    assert "does not exist yet: the reset creates it" in done.stderr
    done = reset(stage, "--from-file", "undo.json", "--group", f"{stage.group}-new", "--execute")
    assert done.returncode == 0
    assert "Kafka can't remove one" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to-earliest", "--topic", "nowhere"), "The topic nowhere does not exist"),
        (("--to-earliest", "--topic", "{topic}:0,9"), "has no partition 9: it has 4"),
        (("--from-file", "nowhere.csv"), "nowhere.csv can't be read"),
        (("--shift-by", "1", "--all-topics", "--group", "new"), "has no committed offset to shift"),
    ],
)
def test_what_is_not_there_is_one_line_and_status_1(stage: Stage, arguments: tuple[str, ...], words: str) -> None:
    done = reset(stage, *(argument.format(topic=stage.topic) for argument in arguments), "--execute")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert words in done.stderr
    assert set(offsets(stage).values()) == {5}


def test_rights_that_are_missing_are_named_and_nothing_is_changed(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    access = Access(kafka_from_jars, stage)
    guest = access.variables()
    target = ("--to-earliest", "--topic", stage.topic, "--execute")
    assert "Grant READ on the group" in reset(stage, *target, **guest).stderr
    access.allow(AclOperation.DESCRIBE, ResourceType.GROUP, stage.group)
    assert "Grant READ and DESCRIBE on the topic" in reset(stage, *target, **guest).stderr
    access.allow(AclOperation.DESCRIBE, ResourceType.TOPIC, stage.topic)
    done = reset(stage, *target, **guest)
    assert done.returncode == 1
    assert "Grant READ on the group" in done.stderr
    assert set(offsets(stage).values()) == {5}
    access.allow(AclOperation.READ, ResourceType.GROUP, stage.group)
    done = reset(stage, *target, **guest)
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert set(offsets(stage).values()) == {5}
    assert list(stage.folder.glob("*undo*")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Use exactly one of --to-earliest"),
        (("--to-earliest", "--to-latest", "--all-topics"), "Use exactly one of --to-earliest"),
        (("--to-earliest",), "--topic TOPIC[:0,1], or --all-topics"),
        (("--to-earliest", "--topic", "t", "--all-topics"), "--topic TOPIC[:0,1], or --all-topics"),
        (("--to-earliest", "--topic", "t:x"), "names no topic"),
        (("--to-datetime", "2026-03-29T01:30:00", "--all-topics"), "has no time zone"),
        (("--by-duration", "yesterday", "--all-topics"), "is not a duration"),
        (("--from-file", "f", "--all-topics"), "The file names the partitions"),
        (("--to-earliest", "--all-topics", "--execute", "--dry-run"), "not both"),
        (("--to-earliest", "--all-topics", "--undo-file", "f"), "--undo-file needs --execute"),
        (("--to-offset", "-1", "--all-topics"), "--to-offset"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("offsets", "reset", *arguments, variables={}, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_where_kafka_does_not_respond_the_undo_command_is_printed(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.commands.kafka.cluster.ANSWER_SECONDS", 0.5)
    away = {**stage.variables(), "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_ports(1)[0]}"}
    cluster = Cluster(load(Sources({"SECRETS_DIR": str(stage.folder), **away}), ("kafka",)).kafka)
    path = stage.folder / "undo.json"
    group = Group(stage.group, "Empty", (), {}, {})
    with pytest.raises(FatalStreamError):
        _execute(cluster, group, [Move(Partition(stage.topic, 0), 5, 0, 0, "", 10)], Execution(path))
    cluster.close()
    assert path.exists()
    assert f"To undo: clicksend-consumer offsets reset --group {stage.group}" in capsys.readouterr().err
