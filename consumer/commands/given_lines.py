"""Values from a file or stdin. Arguments would be visible to every user in the process list."""

from __future__ import annotations

import sys
from pathlib import Path


def given_lines(file: str | None) -> tuple[bytes, ...]:
    """Return the lines of a file as bytes, without blank ones. file -- `-` reads stdin, None returns no lines.

    Raises ValueError for a file that can't be read or has no line: an empty list selects nothing.
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
