from __future__ import annotations

import io
import json

import pytest

from consumer.commands.explain import reading
from consumer.commands.explain.reading import events

ONE, TWO = {"type": "page"}, {"type": "identify", "traits": {"email": "j@example.com"}}
LINES = b'{"type":"page"}\n{"type":"track"}\n'


def read(content: bytes) -> list[tuple[str, bytes]]:
    return [(event.source, event.value) for event in events(io.BytesIO(content))]


def test_json_lines_are_an_event_each() -> None:
    assert read(LINES) == [("line 1", b'{"type":"page"}'), ("line 2", b'{"type":"track"}')]


def test_blank_lines_count_as_lines_and_are_no_events() -> None:
    assert read(b'\n\n{"a":1}\r\n \n{"b":2}') == [("line 3", b'{"a":1}'), ("line 5", b'{"b":2}')]


def test_a_byte_order_mark_is_skipped() -> None:
    assert read(b"\xef\xbb\xbf" + LINES)[0] == ("line 1", b'{"type":"page"}')


@pytest.mark.parametrize("indent", [2, 4])
def test_a_printed_object_is_one_event(indent: int) -> None:
    ((source, value),) = read(json.dumps(TWO, indent=indent).encode())
    assert (source, json.loads(value)) == ("event 1", TWO)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_its_elements(indent: int | None) -> None:
    found = read(json.dumps([ONE, TWO], indent=indent).encode())
    assert [(source, json.loads(value)) for source, value in found] == [("event 1", ONE), ("event 2", TWO)]


def test_a_broken_line_is_an_event_and_hides_none_of_the_others() -> None:
    assert [source for source, _ in read(b"{broken\n" + LINES)] == ["line 1", "line 2", "line 3"]
    assert read(LINES + b"{broken")[2] == ("line 3", b"{broken")


def test_a_broken_first_line_of_a_file_too_large_for_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "DOCUMENT_LIMIT", len(LINES) + 5)
    found = read(b"{broken\n" + LINES * 3)
    assert [source for source, _ in found] == [f"line {number}" for number in range(1, 8)]
    assert [value for _, value in found[1:]] == LINES.split() * 3


@pytest.mark.parametrize("content", [b"", b"\n", b"[]"])
def test_nothing_is_no_event(content: bytes) -> None:
    assert read(content) == []


@pytest.mark.parametrize("content", [LINES * 10, b"{broken\n" + LINES])
def test_the_sizes_add_up_for_the_progress_bar(content: bytes) -> None:
    assert sum(event.size for event in events(io.BytesIO(content))) == len(content)
