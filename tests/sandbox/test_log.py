from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from consumer.sandbox.log import Entry, RequestEnding, RequestLog

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry(
    number=1,
    received_at=10.0,
    answered_at=10.5,
    method="POST",
    path="/v3/lists/428/contacts",
    status=200,
    ending=RequestEnding.ANSWERED,
    stored=None,
    fault=None,
    contact={"email": "jane.doe@example.com"},
    contact_key="jane.doe@example.com",
    attempt=1,
)


def test_it_keeps_the_last_requests_in_memory() -> None:
    log = RequestLog(limit=2, path=None)
    for number in (1, 2, 3):
        log.add(replace(ENTRY, number=number))
    assert [entry.number for entry in log.all()] == [2, 3]
    assert [entry.number for entry in log.recent(1)] == [3]


def test_it_counts_statuses_of_whole_answers_only() -> None:
    log = RequestLog(limit=1, path=None)
    for status, ending in (
        (200, RequestEnding.ANSWERED),
        (200, RequestEnding.CUT),
        (None, RequestEnding.RESET),
        (503, RequestEnding.ANSWERED),
    ):
        log.add(replace(ENTRY, status=status, ending=ending))
    assert log.statuses == {"200": 1, "503": 1, "none": 2}


def test_it_counts_the_attempts_of_each_contact() -> None:
    log = RequestLog(limit=1, path=None)
    assert [log.next_attempt(key) for key in ("a", "a", "b", None, "a")] == [1, 2, 1, 0, 3]


def test_a_cleared_log_is_empty_and_the_numbers_continue() -> None:
    log = RequestLog(limit=5, path=None)
    log.add(replace(ENTRY, number=log.next_number()))
    log.next_attempt("a")
    log.clear()
    assert (log.all(), log.statuses.total(), log.next_attempt("a")) == ([], 0, 1)
    assert (log.next_number(), log.ended) == (2, 1)


def test_a_line_is_in_the_file_as_soon_as_the_request_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    log = RequestLog(limit=1, path=path)
    for number in (1, 2):
        log.add(replace(ENTRY, number=number))
        lines = path.read_text().splitlines()
        assert len(lines) == number
    assert json.loads(lines[0]) == {
        "number": 1,
        "received_at": 10.0,
        "answered_at": 10.5,
        "method": "POST",
        "path": "/v3/lists/428/contacts",
        "status": 200,
        "ending": "answered",
        "stored": None,
        "fault": None,
        "contact": {"email": "jane.doe@example.com"},
        "contact_key": "jane.doe@example.com",
        "attempt": 1,
    }
    log.close()


@pytest.mark.parametrize("runs", [1, 3])
def test_a_file_that_is_there_is_continued(tmp_path: Path, runs: int) -> None:
    path = tmp_path / "requests.jsonl"
    for _ in range(runs):
        log = RequestLog(limit=1, path=path)
        log.add(ENTRY)
        log.close()
    assert len(path.read_text().splitlines()) == runs
