"""The user's own events: a file with one record a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from consumer.demo.events import Emission
from consumer.errors import ConfigurationError, Problem

LONGEST = 1_000_000  # bytes: what Kafka takes by default, with its own fields
STDIN = Path("-")


def open_lines(path: Path) -> BinaryIO:
    """Return the file, or stdin for `-`. Raises ConfigurationError where it can't be read."""
    try:
        # Not `sys.stdin`: Python closes that at the end of the process, which would wait for a thread that reads it.
        return open(0, "rb", closefd=False) if path == STDIN else path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


class Lines:
    """The records of a file, in its order. A line that isn't JSON is a record all the same; an empty one is none.

    Closes the stream when it is read to its end: a thread that waits for a pipe's next line can't be made to.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.name = "stdin" if path == STDIN else path.name
        self._path = path
        self._stream = stream
        self.too_long = 0  # lines that are larger than a record can be, and are passed over

    def __iter__(self) -> Iterator[Emission]:
        """Raise ConfigurationError when reading fails halfway."""
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
    hint = "Give --events a file with one event a line, or - for stdin"
    return ConfigurationError(Problem(str(path), f"cannot be read ({error.strerror})", hint))
