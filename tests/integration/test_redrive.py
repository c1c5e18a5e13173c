"""`dead-letters redrive` against a real Kafka and the sandbox."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest

from consumer.dead_letters.format import Part
from consumer.enrolment.disposition import DeadLetterReason
from consumer.sandbox.faults import Rule
from consumer.scheduling.task import Partition
from tests.integration.redrive_stage import RECORD_MS, RedriveStage
from tests.support.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.kafka
TO_SOURCE = ("dead-letters", "redrive", "--to", "source")
TO_CLICKSEND = ("dead-letters", "redrive", "--to", "deliver")
JANE, JOE, ANN = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann"))


def outcomes(redrive: RedriveStage, *arguments: str, **changes: str) -> dict[str, int]:
    return {row["outcome"]: row["dead_letters"] for row in redrive.lines(*arguments, **changes)}


def redriven(redrive: RedriveStage) -> list[Any]:
    """The records on the source topic that a redrive has put there."""
    stage = redrive.stage
    return [each for each in stage.read(stage.topic) if "clicksend.redrive.count" in stage.headers(each)]


def redriven_headers(count: int) -> list[tuple[str, bytes]]:
    """Return the headers added by a redrive."""
    return [("clicksend.redrive.count", b"%d" % count), ("clicksend.redrive.from", b"events.dead-letter-0@17")]


def test_a_dry_run_reports_and_writes_nothing(redrive: RedriveStage) -> None:
    redrive.write(JANE, JOE)
    for target in (TO_SOURCE, TO_CLICKSEND):
        done = redrive.command(*target)
        assert done.returncode == 0
        assert done.stdout.splitlines()[1].split() == ["to_redrive", "2"]
        assert "Add --execute to redrive" in done.stderr
    assert redriven(redrive) == []
    assert redrive.stage.sandbox.requests() == []


def test_to_the_source_a_record_comes_back_as_it_was_but_for_the_count(redrive: RedriveStage) -> None:
    redrive.write(JANE, partition=2, headers=[("trace", b"7"), ("trace", None)])
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1}
    first, second = redrive.stage.read(redrive.stage.topic)
    assert (second.partition(), second.key(), second.value()) == (2, first.key(), first.value())
    assert second.timestamp()[1] == RECORD_MS
    origin = f"{redrive.stage.dead_letter_topic}-2@0".encode()
    marks = [("clicksend.redrive.count", b"1"), ("clicksend.redrive.from", origin)]
    assert second.headers() == [("trace", b"7"), ("trace", None), *marks]


def test_the_same_command_resumes_where_it_stopped(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1}
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {}
    redrive.write(JOE)
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1}
    assert outcomes(redrive, *TO_SOURCE, "--execute", "--restart") == {"redriven": 2}
    assert Counter(each.key() for each in redriven(redrive)) == {JANE.encode(): 2, JOE.encode(): 2}


def test_another_selection_has_a_checkpoint_of_its_own(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    redrive.write(JOE, reason=DeadLetterReason.UNMAPPABLE, status=None)
    assert outcomes(redrive, *TO_SOURCE, "--execute", "--reason", "unmappable") == {"redriven": 1}
    assert outcomes(redrive, *TO_SOURCE, "--execute", "--reason", "rejected") == {"redriven": 1}
    named = (*TO_SOURCE, "--execute", "--name", "mine")
    assert outcomes(redrive, *named) == {"redriven": 2}
    assert outcomes(redrive, *named) == {}


def test_a_dead_letter_that_was_redriven_too_often_is_skipped(redrive: RedriveStage) -> None:
    redrive.write(JANE, headers=redriven_headers(3))
    redrive.write(JOE, headers=redriven_headers(2))
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1, "redriven_too_often": 1}
    (again,) = redriven(redrive)
    assert again.key() == JOE.encode()
    assert redrive.stage.headers(again)["clicksend.redrive.count"] == "3"
    assert outcomes(redrive, *TO_SOURCE, "--max-redrives", "4", "--restart") == {"to_redrive": 2}


def test_a_contact_with_a_newer_record_is_skipped_unless_asked_for(redrive: RedriveStage) -> None:
    redrive.write(JANE, JOE, partition=1)
    redrive.record(JANE, partition=3, timestamp_ms=RECORD_MS + 1, name="Janet")
    assert outcomes(redrive, *TO_CLICKSEND, "--execute") == {"delivered": 1, "stale": 1}
    assert [each["email"] for each in redrive.stage.payloads()] == [JOE]
    assert outcomes(redrive, *TO_CLICKSEND, "--include-stale", "--restart") == {"to_redrive": 2}


def test_a_later_record_of_the_partition_is_newer_whatever_its_time(redrive: RedriveStage) -> None:
    redrive.write(JANE, JOE, partition=1)
    redrive.record(JANE, partition=1, timestamp_ms=RECORD_MS - 60_000, name="Janet")  # its clock is behind
    redrive.record(JOE, partition=2, timestamp_ms=RECORD_MS, name="Joseph")
    assert outcomes(redrive, *TO_CLICKSEND) == {"stale": 2}


def test_another_groups_dead_letters_are_skipped_unless_asked_for(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    redrive.write(JOE, group="others")
    listed = redrive.command("dead-letters", "list", "--format", "json")
    assert listed.stdout.count("\n") == 1
    assert "1 of other groups are not listed" in listed.stderr
    assert len(redrive.lines("dead-letters", "list", "--any-group")) == 2
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1, "of_another_group": 1}
    assert [each.key() for each in redriven(redrive)] == [JANE.encode()]
    assert outcomes(redrive, *TO_SOURCE, "--any-group", "--source", redrive.stage.topic) == {"to_redrive": 2}


def test_a_dead_letter_of_a_deleted_partition_is_partitioned_by_key_and_blocks_no_other(
    redrive: RedriveStage,
) -> None:
    stage = redrive.stage
    for email, partition in ((JANE, 7), (JOE, 2)):
        _, fields = redrive.record(email)
        redrive.dead_letter(Partition(stage.topic, partition), dead_letter_at=0, **{**fields, "offset": 40})
    assert outcomes(redrive, *TO_SOURCE, "--execute", "--include-stale") == {"redriven": 2}
    placed = {each.key(): each.partition() for each in redriven(redrive)}
    assert placed[JOE.encode()] == 2
    assert placed[JANE.encode()] in range(4)


def test_a_redriven_record_is_never_too_old(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.write(JANE)
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1}
    with stage.worker(ENROLMENT_MAX_EVENT_AGE="60") as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait(lambda: stage.lag() == 0)
        assert worker.stop() == 0
    assert [each["email"] for each in stage.payloads()] == [JANE]


def test_keys_are_read_from_stdin_and_files_and_not_from_the_process_list(redrive: RedriveStage) -> None:
    redrive.write(JANE, JOE, ANN)
    (redrive.stage.folder / "keys").write_bytes(f"{JANE}\r\n\n{ANN}".encode())
    assert outcomes(redrive, *TO_SOURCE, "--keys-from", "keys") == {"to_redrive": 2}
    list_from_stdin = ("dead-letters", "list", "--format", "json", "--keys-from", "-")
    stage = redrive.stage
    listed = stage.run(*list_from_stdin, stdin=JOE)
    assert listed.stdout.count("\n") == 1
    nobody = redrive.command("dead-letters", "list", "--keys-from", "not-there")
    assert (nobody.returncode, "not-there can't be read" in nobody.stderr) == (2, True)
    empty = redrive.command("dead-letters", "list", "--keys-from", "-")
    assert (empty.returncode, "stdin has no line" in empty.stderr) == (2, True)


def test_a_pointer_brings_the_whole_record_back(redrive: RedriveStage) -> None:
    redrive.write(JANE, partition=1, left_out=frozenset({Part.DETAILS, Part.HEADERS, Part.VALUE, Part.KEY}))
    assert outcomes(redrive, *TO_SOURCE, "--execute") == {"redriven": 1}
    first, second = redrive.stage.read(redrive.stage.topic)
    assert (second.key(), second.value()) == (first.key(), first.value())
    assert [*(second.headers() or [])][:2] == [("trace", b"7"), ("clicksend.redrive.count", b"1")]


def test_a_pointer_into_nothing_is_partly_done(redrive: RedriveStage) -> None:
    redrive.write(JANE, left_out=frozenset({Part.HEADERS, Part.VALUE}), value=b"of another topic of this name")
    redrive.write(JOE)
    done = redrive.command(*TO_SOURCE, "--execute")
    assert done.returncode == 4
    assert [row.split() for row in done.stdout.splitlines()[1:]] == [["redriven", "1"], ["value_gone", "1"]]


def test_delivered_by_this_command_or_dead_lettered_again_with_a_higher_count(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.write(JANE, JOE, ANN, partition=3)
    stage.faults(Rule(contact=(JOE,), status=400))
    assert outcomes(redrive, *TO_CLICKSEND, "--execute") == {"delivered": 2, "dead_lettered_again": 1}
    assert [each["email"] for each in stage.payloads()] == [JANE, ANN]
    again = stage.dead_letters()[-1]
    headers = stage.headers(again)
    assert (headers["clicksend.redrive.count"], again.key(), again.partition()) == ("1", JOE.encode(), 3)
    assert headers["__connect.errors.topic"] == stage.topic
    assert headers["__connect.errors.offset"] == "1"


def test_foreign_records_of_the_dead_letter_topic_are_skipped(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    topics = {"KAFKA_TOPIC": "others", "KAFKA_DEAD_LETTER_TOPIC": redrive.stage.dead_letter_topic}
    assert outcomes(redrive, *TO_SOURCE, **topics) == {"foreign": 1}


@pytest.mark.slow
@pytest.mark.parametrize("target", [TO_SOURCE, TO_CLICKSEND], ids=["source", "deliver"])
def test_killed_at_any_moment_it_loses_nothing_and_repeats_the_record_in_hand(
    redrive: RedriveStage, target: tuple[str, ...]
) -> None:
    emails = [f"u{number}@example.com" for number in range(30)]
    redrive.write(*emails)

    def arrived() -> list[str]:
        if target is TO_CLICKSEND:
            return [each["email"] for each in redrive.stage.payloads()]
        return [(each.key() or b"").decode() for each in redriven(redrive)]

    kills = 0
    for kill_after in (3, 14, 22):
        with redrive.started(*target, "--execute", "--rate", "50") as running:
            wait_until(lambda least=kill_after: len(arrived()) >= least or running.poll() is not None)
            running.kill()
        kills += 1
    assert redrive.command(*target, "--execute").returncode == 0
    repeated = Counter(arrived())
    assert set(repeated) == set(emails)
    assert sum(repeated.values()) <= len(emails) + kills


@pytest.mark.slow
@pytest.mark.parametrize("target", [TO_SOURCE, TO_CLICKSEND], ids=["source", "deliver"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_it_ends_in_order_and_names_the_command_to_resume(
    redrive: RedriveStage, target: tuple[str, ...], number: signal.Signals
) -> None:
    stage = redrive.stage
    emails = [f"u{number}@example.com" for number in range(10)]
    redrive.write(*emails)
    with redrive.started(*target, "--execute", "--rate", "1") as running:
        wait_until(lambda: redriven(redrive) or stage.payloads())
        running.send_signal(number)
        out, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4, err
    assert "Run the same command to resume" in err
    assert '"dead_letters": ' in out
    rest = redrive.command(*target, "--execute")
    assert rest.returncode == 0, rest.stderr
    arrived = [each["email"] for each in stage.payloads()] or [
        (each.key() or b"").decode() for each in redriven(redrive)
    ]
    assert arrived == emails


def test_interrupted_while_clicksend_is_down_nothing_is_lost(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.write(JANE)
    stage.faults(Rule(status=503))
    with redrive.started(*TO_CLICKSEND, "--execute") as running:
        wait_until(stage.sandbox.requests)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4, err
    stage.faults()
    assert outcomes(redrive, *TO_CLICKSEND, "--execute") == {"delivered": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "elsewhere"), "Not one of source, deliver."),
        (("--to", "source", "--name", "no name"), "is not a valid name"),
        (("--to", "source", "--rate", "-1"), "--rate"),
        (("--to", "source", "--to-datetime", "2026-01-01"), "zone"),
        ((), "--to"),
    ],
    ids=str,
)
def test_wrong_usage_is_status_2(redrive: RedriveStage, arguments: tuple[str, ...], words: str) -> None:
    done = redrive.command("dead-letters", "redrive", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_source_topic_that_is_gone_is_refused_before_anything_is_sent(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    done = redrive.command(*TO_SOURCE, "--execute", KAFKA_TOPIC=f"{redrive.stage.topic},not-there",
                             KAFKA_DEAD_LETTER_TOPIC=redrive.stage.dead_letter_topic)  # fmt: skip
    assert done.returncode == 1
    assert "not-there does not exist" in done.stderr
    assert redriven(redrive) == []
