"""What `check` prints of each check, and of a topic's last records."""

from __future__ import annotations

import json

import pytest

from consumer.commands.check.result import CheckStatus, failed, ok, skipped
from consumer.commands.check.topics import input_results
from consumer.commands.output import Format
from consumer.enrolment.rules import Input
from consumer.scheduling.task import Partition
from tests.formats.samples import BY_NUMBER, packed, read


def test_a_line_has_check_status_detail_and_hint() -> None:
    line = failed("list", "there is no list 7", "Check CLICKSEND_LIST_ID").line(Format.TABLE)
    assert line == "failed   list               there is no list 7 -> Check CLICKSEND_LIST_ID\n"


def test_without_a_hint_none_is_printed() -> None:
    assert "->" not in ok("list", "428").line(Format.TABLE)
    assert "not checked: kafka failed" in skipped("topic", "kafka").line(Format.TABLE)


def test_json_is_one_object_a_line() -> None:
    line = failed("list", "é", "hint").line(Format.JSON)
    assert json.loads(line) == {"check": "list", "status": "failed", "detail": "é", "hint": "hint"}
    assert line.count("\n") == 1


# What `check` says of a topic's last records.


RUBBISH, PAGE, TOMBSTONE = b"\x1f\x8b", b'{"type": "page"}', b""
EVENTS = Partition("events", 3)


@pytest.mark.parametrize(
    ("values", "status", "detail"),
    [
        pytest.param([RUBBISH] * 3, CheckStatus.FAILED, "events-3: the last 3 records are not events", id="all"),
        pytest.param(
            [PAGE, RUBBISH, TOMBSTONE, RUBBISH, RUBBISH], CheckStatus.FAILED, "the last 3 records", id="a run"
        ),
        pytest.param([PAGE, RUBBISH], CheckStatus.WARNING, "the last 1 records", id="below the limit"),
        pytest.param([RUBBISH, RUBBISH, RUBBISH, PAGE], CheckStatus.OK, "the last 4 are events", id="an event follows"),
        pytest.param([], CheckStatus.OK, "none yet", id="an empty topic"),
    ],
)
def test_it_says_before_the_start_what_the_worker_would_do(
    values: list[bytes], status: CheckStatus, detail: str
) -> None:
    (result,) = input_results({EVENTS: [read(value) for value in values]}, limit=3)
    assert result.status is status
    assert detail in result.detail


def test_with_a_limit_of_zero_it_only_warns() -> None:
    (result,) = input_results({EVENTS: [read(RUBBISH)] * 30}, limit=0)
    assert result.status is CheckStatus.WARNING


@pytest.mark.parametrize(
    ("value", "status", "detail"),
    [
        (b'{"email":"jane@example.com"}', CheckStatus.OK, "the last 3 are contacts"),
        (packed(b'{"email":"jane@example.com"}'), CheckStatus.OK, "the last 3 are contacts (3 gzip json)"),
        (PAGE, CheckStatus.FAILED, "the last 3 records are not contacts (an event; set ENROLMENT_INPUT=event)"),
    ],
)
def test_where_contacts_are_read_it_says_so(value: bytes, status: CheckStatus, detail: str) -> None:
    readings = [read(value, input=Input.CONTACT)] * 3
    (result,) = input_results({EVENTS: readings}, limit=3, wanted=Input.CONTACT)
    assert result.status is status
    assert detail in result.detail


def test_contacts_where_events_are_read_get_the_setting_as_their_fix() -> None:
    (result,) = input_results({EVENTS: [read(b'{"email":"jane@example.com"}')] * 3}, limit=3)
    assert "set ENROLMENT_INPUT=contact" in result.detail


def test_it_names_the_formats_where_they_are_not_plain_json() -> None:
    values = [packed(), packed(), BY_NUMBER + PAGE, TOMBSTONE]
    (result,) = input_results({EVENTS: [read(value) for value in values]}, limit=3)
    assert result.detail == "the last 4 are events (2 gzip json, 1 framing json)"
