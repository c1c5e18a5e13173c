"""Read events from a file or stdin: JSON lines, one JSON object, or a JSON array of objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import orjson

DOCUMENT_LIMIT = 64 * 1024 * 1024  # bytes read of a file that is one JSON document
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """An event in a file: its position, its bytes, and its share of the file in bytes."""

    source: str
    value: bytes
    size: int


def events(stream: BinaryIO) -> Iterator[Event]:
    """Yield the events in a stream, each as the value of a record. Skips blank lines.

    Each line is an event: an unreadable one is explained as the dead letter that it would be. Where the first line
    begins a longer JSON document, the stream is parsed as one.
    """
    first, skipped = b"", 0
    for line in stream:
        first = line.removeprefix(_BOM) if skipped == 0 else line
        skipped += 1
        if first.strip():
            break
    if _begins_document(first):
        beginning = first + stream.read(DOCUMENT_LIMIT)
        document = _parsed(beginning)
        if document is not None:
            yield from _of_document(document, len(beginning))
            return
        lines = beginning.splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines[-1] += stream.readline()
        yield from _of_lines(iter(lines), skipped)
        yield from _of_lines(stream, skipped + len(lines))
        return
    yield from _of_lines(iter([first]), skipped)
    yield from _of_lines(stream, skipped + 1)


def _begins_document(line: bytes) -> bool:
    text = line.strip()
    return text.startswith(b"[") or (text.startswith(b"{") and _parsed(text) is None)


def _parsed(text: bytes) -> list[object] | dict[str, object] | None:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, (list, dict)) else None


def _of_document(document: list[object] | dict[str, object], size: int) -> Iterator[Event]:
    found = document if isinstance(document, list) else [document]
    share = size // max(1, len(found))
    for number, each in enumerate(found, 1):
        yield Event(f"event {number}", orjson.dumps(each), share)


def _of_lines(lines: Iterator[bytes], number: int) -> Iterator[Event]:
    """Split lines into events. number -- of the first line."""
    for place, line in enumerate(lines, number):
        value = line.strip()
        if value:
            yield Event(f"line {place}", value, len(line))
