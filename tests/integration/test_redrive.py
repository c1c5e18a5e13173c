"""`dead-letters redrive` against a real Kafka and the ClickSend stand-in."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest

from consumer.dead_letters.format import Part
from consumer.enrolment.disposition import DeadLetterReason
from consumer.sandbox.faults import Rule
from consumer.scheduling.task import Partition
from tests.integration.command import HANG_SECONDS, run, wait_until
from tests.integration.graveyard import RECORD_MS, Graveyard

pytestmark = pytest.mark.kafka
TO_SOURCE = ("dead-letters", "redrive", "--to", "source")
TO_CLICKSEND = ("dead-letters", "redrive", "--to", "deliver")
JANE, JOE, ANN = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann"))


def outcomes(graveyard: Graveyard, *arguments: str, **changes: str) -> dict[str, int]:
    return {row["outcome"]: row["dead_letters"] for row in graveyard.lines(*arguments, **changes)}


def redriven(graveyard: Graveyard) -> list[Any]:
    """The records on the source topic that a redrive has put there."""
    stage = graveyard.stage
    return [each for each in stage.read(stage.topic) if "clicksend.redrive.count" in stage.headers(each)]


def redriven_headers(count: int) -> list[tuple[str, bytes]]:
    """What a redrive has added to a record."""
    return [("clicksend.redrive.count", b"%d" % count), ("clicksend.redrive.from", b"events.dead-letter-0@17")]


def test_a_dry_run_tells_and_writes_nothing(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, JOE)
    for target in (TO_SOURCE, TO_CLICKSEND):
        done = graveyard.command(*target)
        assert done.returncode == 0
        assert done.stdout.splitlines()[1].split() == ["to_redrive", "2"]
        assert "--execute does it" in done.stderr
    assert redriven(graveyard) == []
    assert graveyard.stage.sandbox.requests() == []


def test_to_the_source_a_record_comes_back_as_it_was_but_for_the_count(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, partition=2, headers=[("trace", b"7"), ("trace", None)])
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1}
    first, second = graveyard.stage.read(graveyard.stage.topic)
    assert (second.partition(), second.key(), second.value()) == (2, first.key(), first.value())
    assert second.timestamp()[1] == RECORD_MS
    origin = f"{graveyard.stage.dead_letter_topic}-2@0".encode()
    marks = [("clicksend.redrive.count", b"1"), ("clicksend.redrive.from", origin)]
    assert second.headers() == [("trace", b"7"), ("trace", None), *marks]


def test_the_same_command_goes_on_where_it_stopped(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1}
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {}
    graveyard.bury(JOE)
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1}
    assert outcomes(graveyard, *TO_SOURCE, "--execute", "--restart") == {"redriven": 2}
    assert Counter(each.key() for each in redriven(graveyard)) == {JANE.encode(): 2, JOE.encode(): 2}


def test_another_selection_has_a_checkpoint_of_its_own(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    graveyard.bury(JOE, reason=DeadLetterReason.UNMAPPABLE, status=None)
    assert outcomes(graveyard, *TO_SOURCE, "--execute", "--reason", "unmappable") == {"redriven": 1}
    assert outcomes(graveyard, *TO_SOURCE, "--execute", "--reason", "rejected") == {"redriven": 1}
    named = (*TO_SOURCE, "--execute", "--name", "mine")
    assert outcomes(graveyard, *named) == {"redriven": 2}
    assert outcomes(graveyard, *named) == {}


def test_a_letter_that_was_redriven_too_often_is_left_alone(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, headers=redriven_headers(3))
    graveyard.bury(JOE, headers=redriven_headers(2))
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1, "redriven_too_often": 1}
    (again,) = redriven(graveyard)
    assert again.key() == JOE.encode()
    assert graveyard.stage.headers(again)["clicksend.redrive.count"] == "3"
    assert outcomes(graveyard, *TO_SOURCE, "--max-redrives", "4", "--restart") == {"to_redrive": 2}


def test_a_contact_with_a_newer_record_is_skipped_unless_asked_for(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, JOE, partition=1)
    graveyard.record(JANE, partition=3, timestamp_ms=RECORD_MS + 1, name="Janet")
    assert outcomes(graveyard, *TO_CLICKSEND, "--execute") == {"delivered": 1, "stale": 1}
    assert [each["email"] for each in graveyard.stage.payloads()] == [JOE]
    assert outcomes(graveyard, *TO_CLICKSEND, "--include-stale", "--restart") == {"to_redrive": 2}


def test_a_later_record_of_the_partition_is_newer_whatever_its_time(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, JOE, partition=1)
    graveyard.record(JANE, partition=1, timestamp_ms=RECORD_MS - 60_000, name="Janet")  # its clock is behind
    graveyard.record(JOE, partition=2, timestamp_ms=RECORD_MS, name="Joseph")
    assert outcomes(graveyard, *TO_CLICKSEND) == {"stale": 2}


def test_another_groups_letters_are_left_alone_unless_asked_for(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    graveyard.bury(JOE, group="others")
    listed = graveyard.command("dead-letters", "list", "--format", "json")
    assert listed.stdout.count("\n") == 1
    assert "1 of other groups are not listed" in listed.stderr
    assert len(graveyard.lines("dead-letters", "list", "--any-group")) == 2
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1, "of_another_group": 1}
    assert [each.key() for each in redriven(graveyard)] == [JANE.encode()]
    assert outcomes(graveyard, *TO_SOURCE, "--any-group", "--source", graveyard.stage.topic) == {"to_redrive": 2}


def test_a_letter_of_a_partition_that_is_gone_is_placed_by_its_key_and_blocks_nobody(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    for email, partition in ((JANE, 7), (JOE, 2)):
        _, fields = graveyard.record(email)
        graveyard.dead_letter(Partition(stage.topic, partition), dead_letter_at=0, **{**fields, "offset": 40})
    assert outcomes(graveyard, *TO_SOURCE, "--execute", "--include-stale") == {"redriven": 2}
    placed = {each.key(): each.partition() for each in redriven(graveyard)}
    assert placed[JOE.encode()] == 2
    assert placed[JANE.encode()] in range(4)


def test_a_redriven_record_is_never_too_old(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    graveyard.bury(JANE)
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1}
    with stage.worker(ENROLMENT_MAX_EVENT_AGE="60") as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait(lambda: stage.lag() == 0)
        assert worker.stop() == 0
    assert [each["email"] for each in stage.payloads()] == [JANE]


def test_keys_are_read_from_stdin_and_files_and_not_from_the_process_list(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, JOE, ANN)
    (graveyard.stage.folder / "keys").write_bytes(f"{JANE}\r\n\n{ANN}".encode())
    assert outcomes(graveyard, *TO_SOURCE, "--keys-from", "keys") == {"to_redrive": 2}
    list_from_stdin = ("dead-letters", "list", "--format", "json", "--keys-from", "-")
    stage = graveyard.stage
    listed = run(*list_from_stdin, variables=stage.variables(), folder=stage.folder, stdin=JOE.encode())
    assert listed.stdout.count("\n") == 1
    nobody = graveyard.command("dead-letters", "list", "--keys-from", "not-there")
    assert (nobody.returncode, "not-there can't be read" in nobody.stderr) == (2, True)
    empty = graveyard.command("dead-letters", "list", "--keys-from", "-")
    assert (empty.returncode, "stdin has no line" in empty.stderr) == (2, True)


def test_a_pointer_brings_the_whole_record_back(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, partition=1, left_out=frozenset({Part.DETAILS, Part.HEADERS, Part.VALUE, Part.KEY}))
    assert outcomes(graveyard, *TO_SOURCE, "--execute") == {"redriven": 1}
    first, second = graveyard.stage.read(graveyard.stage.topic)
    assert (second.key(), second.value()) == (first.key(), first.value())
    assert [*(second.headers() or [])][:2] == [("trace", b"7"), ("clicksend.redrive.count", b"1")]


def test_a_pointer_into_nothing_is_partly_done(graveyard: Graveyard) -> None:
    graveyard.bury(JANE, left_out=frozenset({Part.HEADERS, Part.VALUE}), value=b"of another topic of this name")
    graveyard.bury(JOE)
    done = graveyard.command(*TO_SOURCE, "--execute")
    assert done.returncode == 4
    assert [row.split() for row in done.stdout.splitlines()[1:]] == [["redriven", "1"], ["value_gone", "1"]]


def test_delivered_by_this_command_or_dead_lettered_again_with_a_higher_count(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    graveyard.bury(JANE, JOE, ANN, partition=3)
    stage.faults(Rule(contact=(JOE,), status=400))
    assert outcomes(graveyard, *TO_CLICKSEND, "--execute") == {"delivered": 2, "dead_lettered_again": 1}
    assert [each["email"] for each in stage.payloads()] == [JANE, ANN]
    again = stage.dead_letters()[-1]
    headers = stage.headers(again)
    assert (headers["clicksend.redrive.count"], again.key(), again.partition()) == ("1", JOE.encode(), 3)
    assert headers["__connect.errors.topic"] == stage.topic
    assert headers["__connect.errors.offset"] == "1"


def test_what_is_no_letter_of_a_topic_that_we_consume_is_left_alone(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    topics = {"KAFKA_TOPIC": "others", "KAFKA_DEAD_LETTER_TOPIC": graveyard.stage.dead_letter_topic}
    assert outcomes(graveyard, *TO_SOURCE, **topics) == {"foreign": 1}


@pytest.mark.slow
@pytest.mark.parametrize("target", [TO_SOURCE, TO_CLICKSEND], ids=["source", "deliver"])
def test_killed_at_any_moment_it_loses_nothing_and_repeats_the_record_in_hand(
    graveyard: Graveyard, target: tuple[str, ...]
) -> None:
    emails = [f"u{number}@example.com" for number in range(30)]
    graveyard.bury(*emails)

    def arrived() -> list[str]:
        if target is TO_CLICKSEND:
            return [each["email"] for each in graveyard.stage.payloads()]
        return [(each.key() or b"").decode() for each in redriven(graveyard)]

    kills = 0
    for kill_after in (3, 14, 22):
        with graveyard.started(*target, "--execute", "--rate", "50") as running:
            wait_until(lambda least=kill_after: len(arrived()) >= least or running.poll() is not None)
            running.kill()
        kills += 1
    assert graveyard.command(*target, "--execute").returncode == 0
    repeated = Counter(arrived())
    assert set(repeated) == set(emails)
    assert sum(repeated.values()) <= len(emails) + kills


@pytest.mark.slow
@pytest.mark.parametrize("target", [TO_SOURCE, TO_CLICKSEND], ids=["source", "deliver"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_it_ends_in_order_and_says_how_to_go_on(
    graveyard: Graveyard, target: tuple[str, ...], number: signal.Signals
) -> None:
    stage = graveyard.stage
    emails = [f"u{number}@example.com" for number in range(10)]
    graveyard.bury(*emails)
    with graveyard.started(*target, "--execute", "--rate", "1") as running:
        wait_until(lambda: redriven(graveyard) or stage.payloads())
        running.send_signal(number)
        out, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4, err
    assert "Run the same command to resume" in err
    assert '"dead_letters": ' in out
    rest = graveyard.command(*target, "--execute")
    assert rest.returncode == 0, rest.stderr
    arrived = [each["email"] for each in stage.payloads()] or [
        (each.key() or b"").decode() for each in redriven(graveyard)
    ]
    assert arrived == emails


def test_interrupted_while_clicksend_is_down_nothing_is_lost(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    graveyard.bury(JANE)
    stage.faults(Rule(status=503))
    with graveyard.started(*TO_CLICKSEND, "--execute") as running:
        wait_until(stage.sandbox.requests)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=HANG_SECONDS)
    assert running.returncode == 4, err
    stage.faults()
    assert outcomes(graveyard, *TO_CLICKSEND, "--execute") == {"delivered": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "elsewhere"), "Not one of source, deliver."),
        (("--to", "source", "--name", "no name"), "is no name"),
        (("--to", "source", "--rate", "-1"), "--rate"),
        (("--to", "source", "--to-datetime", "2026-01-01"), "zone"),
        ((), "--to"),
    ],
    ids=str,
)
def test_wrong_usage_is_status_2(graveyard: Graveyard, arguments: tuple[str, ...], words: str) -> None:
    done = graveyard.command("dead-letters", "redrive", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_source_topic_that_is_gone_is_refused_before_anything_is_sent(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    done = graveyard.command(*TO_SOURCE, "--execute", KAFKA_TOPIC=f"{graveyard.stage.topic},not-there",
                             KAFKA_DEAD_LETTER_TOPIC=graveyard.stage.dead_letter_topic)  # fmt: skip
    assert done.returncode == 1
    assert "not-there does not exist" in done.stderr
    assert redriven(graveyard) == []
