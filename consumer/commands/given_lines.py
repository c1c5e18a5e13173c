"""Values from a file or stdin: arguments show in the process list, for everybody on the machine."""

from __future__ import annotations

import sys
from pathlib import Path


def given_lines(file: str | None) -> tuple[bytes, ...]:
    """Return the lines of a file, `-`: of stdin, as bytes, blank ones left out. None: none.

    Raises ValueError where it can't be read or has no line: an empty list would not choose anything.
    """
    if file is None:
        return ()
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{file} can't be read: {error.strerror}") from None
    lines = tuple(line for each in content.split(b"\n") if (line := each.removesuffix(b"\r")).strip())
    if not lines:
        raise ValueError(f"{'stdin' if file == '-' else file} has no line")
    return lines
