"""Text for a terminal: control characters, and characters that the encoding lacks, become backslash escapes."""

from __future__ import annotations

import codecs
import json
import locale
import os
import sys
from contextlib import suppress
from typing import TextIO

STREAMS = ("stdin", "stdout", "stderr")  # by file descriptor
CHOSEN = ("PYTHONUTF8", "PYTHONIOENCODING")  # set by an operator who chooses the streams' encoding


def open_streams() -> None:
    """Open missing standard streams as the null device.

    Call it before anything else is opened: sockets would get these numbers, and libuv ends the process when it has to
    close one of these.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if name == "stdin" else "w", closefd=False))  # noqa: SIM115 -- a number, open until the end


def flush_streams() -> None:
    """Flush stdout and stderr, and drop unwritable output: Python would change the exit status to 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            discard(stream)


def discard(stream: TextIO) -> None:
    """Redirect the stream's buffered and later output to the null device."""
    with suppress(OSError, ValueError):  # a test's stream may have no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def adapt_streams() -> None:
    """Let stdout and stderr accept every character. Call once, before the first output."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a test's stream may have none
        if reconfigure is not None:
            reconfigure(encoding=_encoding(), errors="backslashreplace")


def _encoding() -> str | None:
    """Return ASCII if the locale is C, for which Python would use UTF-8; None: keep the encoding."""
    if not sys.flags.utf8_mode or any(map(os.environ.get, CHOSEN)):
        return None
    named = codecs.lookup(locale.getencoding()).name
    return named if named == "ascii" else None


def escaped(text: str) -> str:
    """Return the text on one line, with terminal control characters as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def escaped_lines(text: str) -> str:
    """Escape each line; keep the line ends."""
    return "\n".join(map(escaped, text.split("\n")))


def escaped_json(text: str, encoding: str) -> str:
    r"""Return equivalent JSON, with control characters and those that the encoding lacks as `\u` escapes."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(each if each.isascii() else _json_escape(each) for each in text)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _json_escape(each) for each in text)


def say(*texts: str) -> None:
    """Print each text on stderr, on a line of its own."""
    with suppress(OSError):  # without a terminal the command still ends as it would
        sys.stderr.write("".join(f"{escaped_lines(text)}\n" for text in texts))


def show(text: str) -> None:
    """Print text made of lines on stdout."""
    sys.stdout.write(escaped_lines(text))


def show_json(text: str) -> None:
    """Print lines of JSON on stdout."""
    sys.stdout.write(escaped_json(text, sys.stdout.encoding or "utf-8"))


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
