"""`explain` from files, stdin and Kafka."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access
from tests.support.command import environment, json_lines, run, start
from tests.support.events import identify, page_view, sign_up
from tests.support.stage import Stage, stage_fixture
from tests.support.waiting import HANG_SECONDS

SIGN_UP = orjson.dumps(sign_up(1))
stage = stage_fixture("kafka_from_jars-classic")


def test_a_file_is_explained_without_a_setting_and_without_kafka(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(SIGN_UP + b"\n" + orjson.dumps(page_view()) + b"\n{broken")
    done = run("explain", "events.jsonl", variables={}, folder=tmp_path)
    assert done.returncode == 0
    found = json_lines(done)
    assert [(each["disposition"], each["reason"]) for each in found] == [
        ("deliver", None),
        ("filtered", "not_enrolment"),
        ("dead_lettered", "undecodable"),
    ]
    assert found[0]["contact"] == {"email": "u1@example.com", "custom_1": "marketing_unknown"}
    assert done.stderr.startswith("RECORDS")


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_stdin_is_read_where_no_file_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run("explain", *arguments, "--format", "table", variables={}, folder=tmp_path, stdin=SIGN_UP)
    assert done.returncode == 0
    assert "u***@example.com" in done.stdout
    done = run("explain", *arguments, "--format", "table", "--reveal", variables={}, folder=tmp_path, stdin=SIGN_UP)
    assert "u1@example.com" in done.stdout


def test_the_settings_of_enrolment_hold(tmp_path: Path) -> None:
    event = orjson.dumps({"payload": {"type": "track", "event": "Booked", "traits": {"phone": "020 7946 0018"}}})
    variables = {
        "ENROLMENT_EVENTS": "Booked",
        "ENROLMENT_EVENT_PATH": "/payload",
        "ENROLMENT_DEFAULT_REGION": "GB",
    }
    done = run("explain", variables=variables, folder=tmp_path, stdin=event)
    assert json.loads(done.stdout)["contact"]["phone_number"] == "+442079460018"


def test_a_reader_that_closes_the_pipe_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes((SIGN_UP + b"\n") * 20_000)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m consumer explain events.jsonl | head -n 1"],
        env=environment({}),
        cwd=tmp_path,
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.stdout.count(b"\n"), done.stderr) == (1, b"")


def test_an_interrupted_one_sums_up_what_it_has_seen(tmp_path: Path) -> None:
    with start("explain", variables={}, folder=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(SIGN_UP.decode() + "\n")
        process.stdin.flush()
        process.stdout.readline()  # explained at once, though there may be more
        process.send_signal(signal.SIGINT)
        process.wait(HANG_SECONDS)  # with its stdin still open: it is interrupted, not at its end
        _, talk = process.communicate()
    assert process.returncode == 1
    assert talk.splitlines()[-2:] == ["1        deliver      -       -", "Interrupted."]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-file",), "no-such-file can't be read: No such file or directory."),
        ((".",), ". can't be read: Is a directory."),
    ],
)
def test_a_file_that_cant_be_read_is_named(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("explain", *arguments, variables={}, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words + "\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("file", "--last", "1"), "Use a file, or --topic"),
        (("--topic", "t"), "Use one of --offset and --last"),
        (("--last", "1", "--offset", "1"), "Use one of --offset and --last"),
        (("--offset", "1"), "--offset needs --partition"),
        (("--last", "0"), "--last"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("explain", *arguments, variables={}, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.kafka
def test_a_record_is_explained_straight_from_kafka(stage: Stage) -> None:
    stage.produce_raw(orjson.dumps(page_view()), partition=2)
    stage.produce_raw(SIGN_UP, partition=2)
    where = ("--topic", stage.topic, "--partition", "2", "--offset", "1")
    done = stage.run("explain", *where)
    assert done.returncode == 0
    (found,) = json_lines(done)
    assert (found["source"], found["contact"]["email"]) == (f"{stage.topic}-2@1", "u1@example.com")


@pytest.mark.kafka
def test_the_last_records_are_the_last_of_each_partition(stage: Stage) -> None:
    for number in range(5):
        for partition in (0, 1):
            stage.produce_raw(orjson.dumps(identify(number)), partition=partition)
    done = stage.run("explain", "--last", "2")
    sources = sorted(row["source"] for row in json_lines(done))
    assert sources == [f"{stage.topic}-{partition}@{offset}" for partition in (0, 1) for offset in (3, 4)]


@pytest.mark.kafka
def test_a_tombstone_and_an_old_record_are_filtered_as_by_the_worker(stage: Stage) -> None:
    stage.produce_raw(None, partition=0)
    stage.produce_raw(SIGN_UP, partition=0, timestamp=1_000)
    done = stage.run("explain", "--last", "9", ENROLMENT_MAX_EVENT_AGE="60")
    assert [row["reason"] for row in json_lines(done)] == ["tombstone", "too_old"]


@pytest.mark.kafka
def test_nothing_is_committed_and_no_group_is_joined(stage: Stage) -> None:
    stage.produce(sign_up(1))
    stage.run("explain", "--last", "9")
    assert all(each.offset < 0 for each in stage.committed().values())
    assert stage.sandbox.requests() == []


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--topic", "nowhere", "--last", "1"), "The topic nowhere does not exist"),
        (("--partition", "9", "--last", "1"), "has no partition 9: it has 4"),
        (("--partition", "0", "--offset", "7"), "has no offset 7: its log goes from 0 to 0."),
        (("--partition", "1", "--offset", "0"), "is empty"),
    ],
)
def test_what_kafka_does_not_have_is_named(stage: Stage, arguments: tuple[str, ...], words: str) -> None:
    stage.produce_raw(SIGN_UP, partition=0)
    done = stage.run("explain", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.kafka
def test_a_user_who_may_not_read_is_shown_what_to_grant(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    guest = Access(kafka_from_jars, stage).variables()
    done = stage.run("explain", "--last", "1", **guest)
    assert done.returncode == 1
    assert "Grant READ and DESCRIBE on the topic." in done.stderr


def test_a_kafka_that_does_not_answer_is_status_70(tmp_path: Path) -> None:
    variables = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_ports(1)[0]}", "KAFKA_TOPIC": "events"}
    done = run("explain", "--last", "1", variables=variables, folder=tmp_path)
    assert done.returncode == 70
    assert done.stderr.startswith("No Kafka broker answers at 127.0.0.1:")


@pytest.mark.kafka
def test_a_redriven_record_is_never_too_old(stage: Stage) -> None:
    redriven = [
        ("clicksend.redrive.count", b"1"),
        ("clicksend.redrive.from", f"{stage.dead_letter_topic}-0@0".encode()),
    ]
    stage.produce_raw(SIGN_UP, partition=0, timestamp=1)
    stage.produce_raw(SIGN_UP, partition=0, timestamp=1, headers=redriven)
    done = stage.run("explain", "--last", "2", ENROLMENT_MAX_EVENT_AGE="60")
    found = json_lines(done)
    assert [(each["disposition"], each["reason"]) for each in found] == [("filtered", "too_old"), ("deliver", None)]
