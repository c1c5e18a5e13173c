"""The `traceparent` header of a record: the producer's span, by W3C Trace Context (https://www.w3.org/TR/trace-context/).

`tracestate` and `baggage` are never read: they are free text, and may hold an identity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:  # `run` loads this module before the client connects
    from consumer.scheduling.task import Headers, Task

NAME = "traceparent"
LENGTH = 55  # bytes of version 00; a later version may add fields
LONGEST = 512

# Version ff and ids of zeros only are invalid. The last digit of the flags says whether the trace is sampled.
_FORM = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?", re.DOTALL
)
_SAMPLED = frozenset((b"1", b"3", b"5", b"7", b"9", b"b", b"d", b"f"))


class Parent(msgspec.Struct, frozen=True, gc=False):
    """The producer's span. Ids are in hexadecimal, as most records' are never used."""

    trace_id: bytes
    span_id: bytes
    sampled: bool


def parent_of(headers: Headers) -> Parent | None:
    """Return the producer's span; None without a valid header. Of several headers the last counts, as in Kafka."""
    for name, value in reversed(headers):
        if name == NAME:
            return _parse(value or b"")
    return None


def trace_id_of(task: Task) -> str | None:
    """Return the trace of a record in hexadecimal, sampled or not; None if it belongs to none."""
    if task.trace is not None:
        return f"{task.trace.trace_id:032x}"
    parent = parent_of(task.record.headers)
    return parent.trace_id.decode() if parent is not None else None


def _parse(value: bytes) -> Parent | None:
    if len(value) != LENGTH and (value.startswith(b"00") or len(value) > LONGEST):
        return None
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    trace_id, span_id, last = found.groups()
    return Parent(trace_id, span_id, last in _SAMPLED)
