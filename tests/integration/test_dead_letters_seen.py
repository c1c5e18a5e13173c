"""`dead-letters list` and `show` against a real Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient

from consumer.dead_letters.format import Part
from consumer.enrolment.disposition import DeadLetterReason
from tests.integration.redrive_stage import RedriveStage
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.access import Access

pytestmark = pytest.mark.kafka
POINTER = frozenset({Part.HEADERS, Part.VALUE})


def test_each_dead_letter_is_a_line_and_the_sum_is_reported_on_stderr(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", partition=1)
    redrive.write("joe.doe@example.com", partition=2, reason=DeadLetterReason.UNMAPPABLE, status=None)
    done = redrive.command("dead-letters", "list")
    assert done.returncode == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == [
        *("DEAD-LETTER", "SOURCE", "TIMESTAMP", "REASON", "STATUS"),
        *("CODE", "ATTEMPTS", "REDRIVES", "BYTES", "DETAIL"),
    ]
    assert sorted(row.split()[1] for row in rows) == [
        f"{redrive.stage.topic}-1@0",
        f"{redrive.stage.topic}-2@0",
    ]
    assert "2 dead letters" in done.stderr
    assert "1 rejected" in done.stderr
    assert "1 unmappable" in done.stderr
    assert "example.com" not in done.stdout + done.stderr


def test_filters_leave_the_rest_out(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", partition=1)
    redrive.write("joe.doe@example.com", partition=2, reason=DeadLetterReason.UNMAPPABLE, status=None)

    def listed(*filters: str) -> list[str]:
        return [row["reason"] for row in redrive.lines("dead-letters", "list", *filters)]

    assert listed("--reason", "unmappable") == ["unmappable"]
    assert listed("--status", "400") == ["rejected"]
    assert listed("--source", f"{redrive.stage.topic}:2") == ["unmappable"]
    assert listed("--key", "jane.doe@example.com") == ["rejected"]
    assert sorted(listed("--from-datetime", "2026-01-01T00:00:00Z")) == ["rejected", "unmappable"]
    assert listed("--to-datetime", "2026-01-01T00:00:00Z") == []


def test_an_empty_topic_has_no_dead_letters(redrive: RedriveStage) -> None:
    done = redrive.command("dead-letters", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("0 dead letters")


def test_one_is_shown_with_its_headers_and_without_its_value(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", partition=1)
    (shown,) = redrive.lines("dead-letters", "show", "1@0")
    assert shown["dead_letter"] == f"{redrive.stage.dead_letter_topic}-1@0"
    assert shown["__connect.errors.topic"] == redrive.stage.topic
    assert shown["clicksend.reason"] == "rejected"
    assert shown["header trace"] == "7"
    assert "example.com" not in str(shown)


def test_a_header_that_is_there_several_times_is_shown_as_often(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", partition=1, headers=[("trace", b"7"), ("trace", b"8"), ("trace", None)])
    (shown,) = redrive.lines("dead-letters", "show", "1@0")
    assert shown["header trace"] == ["7", "8", None]
    assert redrive.command("dead-letters", "show", "1@0", "--format", "table").stdout.count("header trace") == 3


@pytest.mark.parametrize("left_out", [frozenset[Part](), POINTER], ids=["whole", "pointer"])
def test_its_key_and_value_are_revealed_when_asked_for(redrive: RedriveStage, left_out: frozenset[Part]) -> None:
    redrive.write("jane.doe@example.com", partition=1, left_out=left_out)
    (shown,) = redrive.lines("dead-letters", "show", f"{redrive.stage.topic}-1@0", "--reveal")
    assert shown["key"] == "jane.doe@example.com"
    assert '"email":"jane.doe@example.com"' in shown["value"]


def test_a_pointer_to_a_record_that_is_gone_is_reported_as_one(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", partition=1, left_out=POINTER, offset=7)
    done = redrive.command("dead-letters", "show", "1@0", "--reveal")
    assert done.returncode == 1
    assert "clicksend.pointer" in done.stdout
    assert "The value is lost" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("show", "1@0"), 1, "no dead letter at"),
        (("show", "9@0"), 1, "has no partition 9"),
        (("show", "elsewhere-1@0"), 1, "has the source elsewhere-1@0"),
        (("show", "17"), 2, "TOPIC-PARTITION@OFFSET"),
        (("list", "--from-datetime", "2026-01-01T00:00:00"), 2, "no time zone"),
        (("list", "--reason", "odd"), 2, "is not a reason"),
    ],
    ids=str,
)
def test_what_is_not_there_is_one_clear_line(
    redrive: RedriveStage, arguments: tuple[str, ...], status: int, words: str
) -> None:
    done = redrive.command("dead-letters", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr


def test_a_missing_topic_and_a_missing_kafka_are_distinguished(redrive: RedriveStage) -> None:
    absent = redrive.command("dead-letters", "list", KAFKA_DEAD_LETTER_TOPIC="not-there")
    assert (absent.returncode, "not-there does not exist" in absent.stderr) == (1, True)
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    silent = redrive.command("dead-letters", "list", KAFKA_BOOTSTRAP_SERVERS=nobody)
    assert (silent.returncode, "No Kafka broker answers" in silent.stderr) == (70, True)
    topics = AdminClient({"bootstrap.servers": redrive.stage.broker.bootstrap}).list_topics(timeout=60).topics
    assert "not-there" not in topics


def test_a_user_who_may_not_read_gets_an_error(redrive: RedriveStage, kafka_from_jars: ApacheKafka) -> None:
    done = redrive.command("dead-letters", "list", **Access(kafka_from_jars, redrive.stage).variables())
    assert done.returncode == 1
    assert "Grant READ and DESCRIBE on the topic" in done.stderr


def test_a_pipe_that_closes_ends_it_quietly(redrive: RedriveStage) -> None:
    redrive.write(*(f"u{number}@example.com" for number in range(3)))
    with redrive.started("dead-letters", "list") as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert "Traceback" not in listing.stderr.read()
    assert listing.returncode == 1
