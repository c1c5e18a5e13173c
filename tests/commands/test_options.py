"""Values that must not be visible in the process list come from a file or stdin."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from consumer.commands.options import given_lines


def given(source: str, content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> tuple[bytes, ...]:
    """The lines of this content, from a file or from stdin."""
    if source == "stdin":
        patch.setattr("sys.stdin", TextIOWrapper(BytesIO(content), encoding="ascii"))
        return given_lines("-")
    file = folder / "lines"
    file.write_bytes(content)
    return given_lines(str(file))


@pytest.mark.parametrize("source", ["file", "stdin"])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"a\nb\n", (b"a", b"b"), id="lines"),
        pytest.param(b"a", (b"a",), id="the last without an end"),
        pytest.param(b"a\r\n\r\n \t\nb\r\n", (b"a", b"b"), id="Windows' ends, and blank lines"),
        pytest.param(b" a \n", (b" a ",), id="blanks that a key may have"),
        pytest.param(b"\xff\x00\rb\n", (b"\xff\x00\rb",), id="bytes that are no text"),
        pytest.param(
            "größe@example.com\n".encode(), ("größe@example.com".encode(),), id="beyond the encoding of stdin"
        ),
    ],
)
def test_one_value_a_line(
    source: str, content: bytes, lines: tuple[bytes, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert given(source, content, tmp_path, monkeypatch) == lines


@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n"], ids=["empty", "blank lines"])
@pytest.mark.parametrize("source", ["file", "stdin"])
def test_no_line_is_an_error_as_it_would_choose_nothing_or_all(
    source: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="has no line"):
        given(source, content, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("file", "why"),
    [("not-there", "No such file or directory"), (".", "Is a directory")],
    ids=["missing", "a folder"],
)
def test_a_file_that_cannot_be_read_is_an_error_that_says_why(file: str, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^{file} can't be read: {why}$"):
        given_lines(file)


def test_without_the_option_there_is_nothing() -> None:
    assert given_lines(None) == ()
