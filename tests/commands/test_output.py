"""What a command prints: rows, and its progress on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from consumer.commands.output import Format, Row, progress, rendered
from tests.support.terminal import Terminal

ROWS: list[Row] = [{"topic": "raw-events", "lag": 12, "owner": None}, {"topic": "é", "lag": 0, "owner": "worker-1"}]


def test_a_table_is_aligned_under_its_keys() -> None:
    assert rendered(ROWS, Format.TABLE) == "TOPIC       LAG  OWNER\nraw-events  12   -\né           0    worker-1\n"


def test_json_is_one_object_a_line() -> None:
    assert rendered(ROWS, Format.JSON).splitlines() == [
        '{"topic": "raw-events", "lag": 12, "owner": null}',
        '{"topic": "é", "lag": 0, "owner": "worker-1"}',
    ]


def test_no_rows_are_no_output() -> None:
    assert rendered([], Format.TABLE) == rendered([], Format.JSON) == ""


def test_a_column_is_headed_as_kafkas_own_tools_head_it() -> None:
    assert rendered([{"log_end_offset": 7}], Format.TABLE) == "LOG-END-OFFSET\n7\n"


def test_there_is_a_bar_for_whoever_waits_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with progress("explaining", 10) as advance:
        advance(4)
    assert "explaining" in terminal.getvalue()


@pytest.mark.parametrize(
    ("out", "err"),
    [
        pytest.param(io.StringIO(), io.StringIO(), id="nobody-looks"),
        pytest.param(Terminal(), Terminal(), id="the-rows-go-to-the-terminal"),
    ],
)
def test_there_is_none_elsewhere(monkeypatch: pytest.MonkeyPatch, out: io.StringIO, err: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with progress("explaining", 10) as advance:
        advance(4)
    assert err.getvalue() == out.getvalue() == ""
