"""Read the user's events from a file, one record per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from consumer.demo.events import Emission
from consumer.errors import ConfigurationError, Problem

LONGEST = 1_000_000  # bytes: Kafka's default limit, less its own fields
STDIN = Path("-")


def open_lines(path: Path) -> BinaryIO:
    """Return the file, or stdin for `-`. Raises ConfigurationError where it can't be read."""
    try:
        # Not `sys.stdin`: Python closes it at exit, and would wait for a thread that reads it.
        return open(0, "rb", closefd=False) if path == STDIN else path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


class Lines:
    """The records of a file, in order. Each line is a record, also invalid JSON; empty lines are skipped.

    Only the reader closes the stream, at its end: no other thread can interrupt a read from a pipe.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.name = "stdin" if path == STDIN else path.name
        self._path = path
        self._stream = stream
        self.too_long = 0  # skipped lines, larger than a record may be

    def __iter__(self) -> Iterator[Emission]:
        """Yield the records. Raises ConfigurationError where reading fails."""
        with self._stream:
            while line := self._read():
                if value := self._value(line):
                    yield Emission(None, value)

    def _value(self, line: bytes) -> bytes:
        if len(line) <= LONGEST:
            return line.strip()
        self.too_long += 1
        while line and not line.endswith(b"\n"):
            line = self._read()
        return b""

    def _read(self) -> bytes:
        try:
            return self._stream.readline(LONGEST + 1)
        except OSError as error:
            raise _unreadable(self._path, error) from None


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    hint = "Pass --events a file with one event per line, or - for stdin"
    return ConfigurationError(Problem(str(path), f"can't be read ({error.strerror})", hint))
