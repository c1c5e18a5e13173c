"""`replay` against a real Kafka and the sandbox."""

from __future__ import annotations

import json
import signal
from collections import Counter

import orjson
import pytest
from confluent_kafka import Producer, TopicPartition

from consumer.sandbox.faults import Rule
from tests.integration.redrive_stage import RECORD_MS, RedriveStage
from tests.kafka.apache import ApacheKafka
from tests.support.access import Access
from tests.support.events import identify, page_view
from tests.support.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.kafka
JANE, JOE, ANN = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann"))
ALL = ("replay", "--from-earliest", "--include-stale")


def outcomes(redrive: RedriveStage, *arguments: str) -> dict[str, int]:
    rows = redrive.lines(*arguments)
    return {"/".join(filter(None, (row["disposition"], row["reason"]))): row["records"] for row in rows}


def delivered(redrive: RedriveStage) -> list[str]:
    return [each["email"] for each in redrive.stage.payloads()]


def test_a_range_of_offsets_is_delivered_again_and_nothing_else(redrive: RedriveStage) -> None:
    for email in (JANE, JOE, ANN):
        redrive.record(email, partition=1)
    arguments = ("replay", "--topic", f"{redrive.stage.topic}:1", "--from-offset", "1", "--to-offset", "2")
    assert outcomes(redrive, *arguments) == {"delivered/accepted": 1}
    assert delivered(redrive) == [JOE]


def test_a_range_of_times_is_found_in_every_partition(redrive: RedriveStage) -> None:
    for number, email in enumerate((JANE, JOE, ANN)):
        redrive.record(email, partition=number, timestamp_ms=RECORD_MS + number * 1000)
    arguments = ("replay", "--from-datetime", "2026-01-01T00:00:01Z", "--to-datetime", "2026-01-01T01:00:02+01:00")
    assert outcomes(redrive, *arguments) == {"delivered/accepted": 1}
    assert delivered(redrive) == [JOE]


def test_the_live_group_is_unchanged_and_a_contact_keeps_its_order(redrive: RedriveStage) -> None:
    stage = redrive.stage
    for number in range(30):
        redrive.record((JANE, JOE)[number % 2], name=f"n{number}")
    stage.commit(TopicPartition(stage.topic, 0, 7))
    assert outcomes(redrive, *ALL) == {"delivered/accepted": 30}
    assert stage.committed()[0].offset == 7
    janes = [each["first_name"] for each in stage.payloads() if each["email"] == JANE]
    assert janes == [f"n{number}" for number in range(0, 30, 2)]


def test_browsing_events_are_filtered_and_what_is_refused_is_dead_lettered(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.record(JANE)
    redrive.record(JOE)
    stage.produce(page_view(), raw=[b"{broken"])
    stage.faults(Rule(contact=(JOE,), status=400))
    assert outcomes(redrive, *ALL) == {
        "delivered/accepted": 1,
        "filtered/not_enrolment": 1,
        "dead_lettered/undecodable": 1,
        "dead_lettered/rejected": 1,
    }
    reasons = sorted(stage.headers(letter)["clicksend.reason"] for letter in stage.dead_letters())
    assert reasons == ["rejected", "undecodable"]


def test_a_batch_that_takes_several_turns_is_replayed_to_its_last_event(redrive: RedriveStage) -> None:
    redrive.stage.produce(raw=[orjson.dumps([identify(number) for number in range(1000)])])
    assert outcomes(redrive, *ALL) == {"delivered/accepted": 1}
    assert len(set(delivered(redrive))) == 1000


def test_a_dry_run_counts_and_sends_nothing(redrive: RedriveStage) -> None:
    redrive.record(JANE)
    redrive.stage.produce(page_view(), raw=[b"{broken"])
    done = redrive.command(*ALL, "--dry-run", "--rate", "0.5", "--format", "json")
    assert done.returncode == 0
    counts = {(row["disposition"], row["reason"]): row["records"] for row in map(json.loads, done.stdout.splitlines())}
    assert counts == {
        ("deliver", None): 1,
        ("filtered", "not_enrolment"): 1,
        ("dead_lettered", "undecodable"): 1,
    }
    assert "at most 6 s at 0.5 requests a second" in done.stderr
    assert "nothing was sent" in done.stderr
    assert redrive.stage.sandbox.requests() == []
    assert outcomes(redrive, *ALL, "--dry-run") == outcomes(redrive, *ALL, "--dry-run")


def test_a_contact_with_a_newer_record_beyond_the_range_is_skipped(redrive: RedriveStage) -> None:
    redrive.record(JANE, partition=0, timestamp_ms=RECORD_MS)
    redrive.record(JOE, partition=0, timestamp_ms=RECORD_MS + 1)
    redrive.record(JOE, partition=0, timestamp_ms=RECORD_MS + 2, name="Joseph")  # newer, but in the range
    redrive.record(JANE, partition=2, timestamp_ms=RECORD_MS + 3, name="Janet")
    arguments = ("replay", "--topic", f"{redrive.stage.topic}:0", "--from-earliest")
    assert outcomes(redrive, *arguments) == {"delivered/accepted": 2, "left/stale": 1}
    assert [each["first_name"] for each in redrive.stage.payloads()] == ["Jane", "Joseph"]
    assert outcomes(redrive, *arguments, "--include-stale", "--restart") == {"delivered/accepted": 3}


def test_only_some_identities_or_reasons(redrive: RedriveStage) -> None:
    for email in (JANE, JOE, ANN, JANE):
        redrive.record(email)
    redrive.stage.produce(raw=[b"{broken"])
    assert outcomes(redrive, *ALL, "--only", f"identity={JANE.upper()}") == {
        "delivered/accepted": 2,
        "left/not_meant": 3,
    }
    assert delivered(redrive) == [JANE, JANE]
    assert outcomes(redrive, *ALL, "--dry-run", "--only", "reason=undecodable") == {
        "dead_lettered/undecodable": 1,
        "left/not_meant": 4,
    }
    assert outcomes(redrive, *ALL, "--only", "reason=deliver") == {"delivered/accepted": 4, "left/not_meant": 1}
    assert redrive.stage.dead_letters() == []


def test_identities_come_from_a_file_too_so_that_no_process_list_shows_them(redrive: RedriveStage) -> None:
    for email in (JANE, JOE, ANN):
        redrive.record(email)
    (redrive.stage.folder / "people").write_text(f"{JANE.upper()}\r\n\n{ANN}\n")
    assert outcomes(redrive, *ALL, "--identities-from", "people") == {
        "delivered/accepted": 2,
        "left/not_meant": 1,
    }
    assert delivered(redrive) == [JANE, ANN]
    assert "not-there can't be read" in redrive.command(*ALL, "--identities-from", "not-there").stderr


def test_identities_come_from_stdin_too(redrive: RedriveStage) -> None:
    for email in (JANE, JOE, ANN):
        redrive.record(email)
    stage, arguments = redrive.stage, (*ALL, "--identities-from", "-")
    done = stage.run(*arguments, stdin=f"{JANE.upper()}\r\n\n{ANN}")
    assert (done.returncode, delivered(redrive)) == (0, [JANE, ANN])
    nobody = stage.run(*arguments)
    assert (nobody.returncode, "stdin has no line" in nobody.stderr) == (2, True)
    assert delivered(redrive) == [JANE, ANN], "no list is not everybody"


def test_a_complete_replay_is_reported_and_runs_again_only_with_restart(redrive: RedriveStage) -> None:
    redrive.record(JANE)
    assert outcomes(redrive, *ALL) == {"delivered/accepted": 1}
    again = redrive.command(*ALL)
    assert (again.returncode, again.stdout) == (0, "")
    assert "--restart runs it again" in again.stderr
    assert outcomes(redrive, *ALL, "--restart") == {"delivered/accepted": 1}
    assert outcomes(redrive, *ALL, "--name", "second") == {"delivered/accepted": 1}
    assert delivered(redrive) == [JANE] * 3


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_it_ends_in_order_and_resumes_where_it_stopped(
    redrive: RedriveStage, number: signal.Signals
) -> None:
    emails = [f"u{number}@example.com" for number in range(40)]
    for each, email in enumerate(emails):
        redrive.record(email, partition=each % 3)
    with redrive.started(*ALL, "--rate", "5") as running:
        wait_until(lambda: len(delivered(redrive)) >= 5)
        running.send_signal(number)
        out, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4, err
    assert "Run the same command to resume" in err
    assert json.loads(out.splitlines()[0])["records"] < 40
    rest = redrive.command(*ALL, "--format", "json")
    assert rest.returncode == 0, rest.stderr
    assert "were replayed earlier" in rest.stderr
    assert Counter(delivered(redrive)) == Counter(emails)


@pytest.mark.slow
def test_killed_it_loses_nothing_and_repeats_little(redrive: RedriveStage) -> None:
    """At most what was in flight, and what was settled since the last commit (every quarter of a second) was built."""
    emails = [f"u{number}@example.com" for number in range(100)]
    for each, email in enumerate(emails):
        redrive.record(email, partition=each % 4)

    def committed() -> set[str]:
        return set[str]().union(*redrive.stage.settled_by_commit(f"{redrive.stage.group}-replay-mine"))

    command = (*ALL, "--name", "mine")
    with redrive.started(*command, "--rate", "5") as running:
        wait_until(lambda: len(committed()) >= 5)
        running.kill()
    before = committed()
    assert len(before) < len(emails)
    assert redrive.command(*command).returncode == 0
    times = Counter(delivered(redrive))
    assert set(times) == set(emails)
    assert {times[email] for email in before} == {1}


def test_a_transactions_markers_at_the_end_are_passed(redrive: RedriveStage) -> None:
    stage = redrive.stage
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "transactional.id": stage.topic})
    producer.init_transactions(60)
    for act in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        for email in (JANE, JOE):
            event = {"type": "identify", "traits": {"email": email}}
            producer.produce(stage.topic, json.dumps(event), partition=0)
        producer.flush()
        act()
    assert outcomes(redrive, *ALL) == {"delivered/accepted": 2}
    assert "This replay is complete" in redrive.command(*ALL).stderr


def test_an_offset_that_the_log_does_not_have_is_reported(redrive: RedriveStage) -> None:
    redrive.record(JANE, partition=0)
    arguments = ("replay", "--topic", f"{redrive.stage.topic}:0", "--from-offset", "0", "--to-offset", "50")
    done = redrive.command(*arguments)
    assert done.returncode == 0
    assert f"{redrive.stage.topic}-0 ends at offset 1." in done.stderr
    assert delivered(redrive) == [JANE]


def test_a_checkpoint_of_another_range_is_refused(redrive: RedriveStage) -> None:
    for email in (JANE, JOE):
        redrive.record(email, partition=0)
    topic = ("--topic", f"{redrive.stage.topic}:0", "--name", "mine")
    assert redrive.command("replay", *topic, "--from-earliest").returncode == 0
    other = redrive.command("replay", *topic, "--from-offset", "0", "--to-offset", "1")
    assert other.returncode == 1
    assert "another range" in other.stderr
    assert sorted(delivered(redrive)) == [JANE, JOE]  # two contacts: in either order


def test_a_halt_is_reported_and_waited_on(redrive: RedriveStage) -> None:
    redrive.record(JANE)
    redrive.stage.faults(Rule(status=401))
    with redrive.started(*ALL) as running:
        wait_until(redrive.stage.sandbox.requests)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4
    assert "delivery halted" in err
    assert "hint" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "Set the start"),
        (("--from-earliest", "--from-offset", "3"), 2, "Set the start"),
        (("--from-earliest", "--to-offset", "3", "--to-datetime", "2026-01-01T00:00:00Z"), 2, "Set the end"),
        (("--from-datetime", "2026-01-01T00:00:00"), 2, "no time zone"),
        (("--from-offset", "3", "--to-offset", "3"), 2, "The range is empty"),
        (("--from-earliest", "--topic", "not there"), 2, "names no topic"),
        (("--from-earliest", "--only", "jane"), 2, "selects nothing"),
        (("--from-earliest", "--topic", "not-there"), 1, "not-there does not exist"),
    ],
    ids=str,
)
def test_what_can_not_be_replayed_is_one_clear_line(
    redrive: RedriveStage, arguments: tuple[str, ...], status: int, words: str
) -> None:
    done = redrive.command("replay", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr


def test_without_a_right_to_the_checkpoint_nothing_is_sent(redrive: RedriveStage, kafka_from_jars: ApacheKafka) -> None:
    redrive.record(JANE)
    access = Access(kafka_from_jars, redrive.stage)
    done = redrive.command(*ALL, **access.variables())
    assert (done.returncode, done.stdout) == (1, "")
    assert "Grant READ" in done.stderr
    assert redrive.stage.sandbox.requests() == []
