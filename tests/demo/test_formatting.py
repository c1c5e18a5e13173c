from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from consumer.demo.formatting import LONGEST, STDIN, Lines, open_lines
from consumer.errors import ConfigurationError

NOBODY = 65534


def lines_of(content: bytes) -> Lines:
    return Lines(Path("mine.jsonl"), io.BytesIO(content))


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"", []),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b"\n  \r\n{}\r\n", [b"{}"]),
        (b"oops\n\xff\xfe\n", [b"oops", b"\xff\xfe"]),
    ],
    ids=["empty", "no newline at the end", "blank lines and Windows", "not JSON, not UTF-8"],
)
def test_a_line_is_a_record(content: bytes, values: list[bytes]) -> None:
    assert [emission.value for emission in lines_of(content)] == values


def test_a_line_that_no_record_can_hold_is_skipped_and_counted() -> None:
    longest = b"x" * (LONGEST - 1)
    lines = lines_of(longest + b"\n" + b"y" * (3 * LONGEST) + b"\n{}\n" + b"z" * (2 * LONGEST))
    assert [emission.value for emission in lines] == [longest, b"{}"]
    assert lines.too_long == 2


def test_all_lines_stay_in_order() -> None:
    assert {emission.visitor for emission in lines_of(b"1\n2\n3\n")} == {None}


def test_stdin_has_a_name() -> None:
    assert Lines(STDIN, io.BytesIO()).name == "stdin"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        open_lines(tmp_path / "none")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is a directory"):
        open_lines(tmp_path)


@pytest.mark.own_process  # a change of the user interrupts all threads, and so ends librdkafka's in-process broker
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.touch(mode=0o000)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)  # root may read everything
    try:
        with pytest.raises(ConfigurationError, match="Permission denied"):
            open_lines(path)
    finally:
        os.seteuid(user)


class Failing(io.BytesIO):
    """A disk that breaks after the first line."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().readline(size)


def test_a_file_that_breaks_halfway() -> None:
    lines = iter(Lines(Path("mine.jsonl"), Failing(b"1\n2\n")))
    assert next(lines).value == b"1"
    with pytest.raises(ConfigurationError, match="Input/output error"):
        next(lines)
